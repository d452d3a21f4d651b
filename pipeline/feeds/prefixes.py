"""Prefixes from text to the columns of `Elements`, fast: feeds repeat the same few hundred thousand."""

import socket
import struct
from functools import lru_cache

import numpy as np

PREFIX = np.dtype([("hi", ">u8"), ("lo", ">u8"), ("family", "u1"), ("length", "u1")])
"""A packed prefix: 128 bits left-aligned, host bits zero; family 4 or 6 (0: none); length of the mask [bits]."""

NO_PREFIX = bytes(PREFIX.itemsize)
"""What stands where an element has no prefix."""


@lru_cache(maxsize=2**17)
def pack_prefix(text: str) -> bytes:
    """A prefix as one `PREFIX`; ValueError where it is none.

    Examples
    --------
    >>> row = np.frombuffer(pack_prefix("2605:de00:bb:0:0:0:0:0/48"), PREFIX)[0]
    >>> hex(row["hi"]), int(row["lo"]), int(row["family"]), int(row["length"])
    ('0x2605de0000bb0000', 0, 6, 48)
    >>> pack_prefix("10.1.2.3/8") == pack_prefix("10.0.0.0/8")
    True
    """
    address, slash, mask = text.partition("/")
    family, bits = (6, 128) if ":" in address else (4, 32)
    if not (slash and mask.isascii() and mask.isdigit() and len(mask) <= 3 and int(mask) <= bits):
        raise ValueError(f"not a prefix: {text[:60]!r}")
    try:
        packed = socket.inet_pton(socket.AF_INET6 if family == 6 else socket.AF_INET, address)
    except (OSError, ValueError) as error:
        raise ValueError(f"not a prefix: {text[:60]!r}") from error
    kept = int.from_bytes(packed.ljust(16, b"\0")) >> (128 - int(mask)) << (128 - int(mask))
    return struct.pack(">16sBB", kept.to_bytes(16), family, int(mask))
