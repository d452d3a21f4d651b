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
    return _pack(packed, family, int(mask))


def pack_wire(body: bytes, at: int, family: int) -> bytes:
    """The prefix whose length octet stands at ``at`` of a BGP message, as one `PREFIX`.

    Examples
    --------
    >>> pack_wire(bytes([9, 9, 23, 10, 1, 3]), 2, 4) == pack_prefix("10.1.2.0/23")
    True
    """
    length = body[at]
    return _pack(body[at + 1 : at + 1 + (length + 7) // 8], family, length)


def _pack(address: bytes, family: int, length: int) -> bytes:
    kept = int.from_bytes(address.ljust(16, b"\0")) >> (128 - length) << (128 - length)
    return struct.pack(">16sBB", kept.to_bytes(16), family, length)
