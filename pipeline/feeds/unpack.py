"""Recorded files, decompressed by their first bytes (not by their name), in bounded pieces."""

import bz2
import contextlib
import io
import lzma
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

PIECE = 256 * 1024  # compressed bytes that are read at once, and decompressed ones that are made at once
STEP = 4 * 1024  # the same for bzip2, to see where a block ends, and for the second reading after damage

HELD = 4 * 2**20
"""Content of a block of bzip2 that is held back until its checksum has come; more is given unchecked [bytes]."""

MAGIC: dict[bytes, tuple[str, Callable[[], Any]]] = {
    b"\x1f\x8b": ("gzip", lambda: zlib.decompressobj(31)),
    b"BZh": ("bzip2", bz2.BZ2Decompressor),
    b"\xfd7zXZ\x00": ("xz", lambda: lzma.LZMADecompressor(memlimit=256 * 2**20)),
}
"""Compressions by their first bytes; several compressed streams may follow each other in one file."""

BROKEN = (OSError, EOFError, zlib.error, lzma.LZMAError)  # what a decompressor raises on damaged input


class Unpacked(io.RawIOBase):
    """A file's content, decompressed.

    Damage of the compression ends the content and never raises: all that was good before it is read first, and
    ``damage`` then has its reason, its byte in the file and details.  A block of bzip2 has its own checksum, and a bad
    block is dropped whole.  Gzip and xz have one at the end, so content before their damage may be wrong.
    """

    def __init__(self, path: Path) -> None:
        self.file = open(path, "rb")  # noqa: SIM115 (closed with this)
        magic = self.file.read(6)
        self.file.seek(0)
        found: tuple[str, Callable[[], Any] | None] = ("", None)
        self.kind, self.make = next((how for key, how in MAGIC.items() if magic.startswith(key)), found)
        self.damage: tuple[str, str, str] | None = None
        self.stream: Any = None
        self.given = b""
        self.held = bytearray()  # made and not yet given
        self.begun, self.used, self.made, self.checked = 0, 0, 0, 0  # of this stream: where it begins, and bytes
        self.drained, self.ended = True, False

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        self.file.close()
        super().close()

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer with content; 0 at its end."""
        if self.make is None:
            return self.file.readinto(buffer)
        size = min(len(buffer), PIECE)
        while not self._ready() and not self.ended:
            try:
                self.held += self._piece(size)
            except BROKEN as error:
                self.held += self._rescued(size)
                unsure = self.kind != "bzip2" or self.made - self.checked > len(self.held)
                wrong = "; what was read before it is unchecked and may be wrong" * unsure
                self._end(f"damaged-{self.kind}", f"{error}{wrong}")
        ready = min(size, self._ready())
        buffer[:ready] = self.held[:ready]
        del self.held[:ready]
        return ready

    def _ready(self) -> int:
        return max(0, len(self.held) - min(self.made - self.checked, HELD))

    def _piece(self, size: int) -> bytes:
        """Up to ``size`` bytes of content; none is not yet the end."""
        if self._is_hungry() and not self._read(STEP if self.kind == "bzip2" else PIECE):
            if self.stream is not None:
                self._end(f"truncated-{self.kind}", "the end of the compressed stream is missing")
            self.ended = True
            return b""
        if self.stream is None and not self._begin():
            return b""
        made = self._unpack(size)
        if self.stream.eof:
            self.given, self.stream = self.stream.unused_data, None
        return made

    def _is_hungry(self) -> bool:
        return not self.given and (self.stream is None or (self.drained and getattr(self.stream, "needs_input", True)))

    def _read(self, size: int) -> bool:
        self.used = self.file.tell()
        self.given = self.file.read(size)
        return bool(self.given)

    def _unpack(self, size: int) -> bytes:
        made: bytes = self.stream.decompress(self.given, size)
        # zlib returns what it has not used; bz2 and lzma keep it
        self.given = getattr(self.stream, "unconsumed_tail", b"")
        self.made += len(made)
        self.drained = not made
        # bzip2 that needs input and makes nothing more has checked all that it made
        if self.kind != "bzip2" or self.stream.eof or (self.drained and self._is_hungry()):
            self.checked = self.made
        return made

    def _rescued(self, size: int) -> bytes:
        """Up to ``size`` bytes of content before the damage: the call that raised did not return what it had made.

        The stream is read a second time, its last bytes one by one: bz2 and lzma cannot copy an earlier state.
        """
        if self.stream is None or self.make is None:
            return b""
        used, known, made = self.used, self.made, bytearray()
        self._restart()
        self.given = b""
        with contextlib.suppress(*BROKEN):
            self.file.seek(self.begun)
            while len(made) < size:
                if self._is_hungry() and not self._read(max(1, min(STEP, used - self.file.tell()))):
                    break
                part = self._unpack(min(known, STEP) or 1)
                made += b"" if known else part
                known -= min(known, len(part))
        return bytes(made)

    def _begin(self) -> bool:
        """Begin a compressed stream, if one follows; padding ends the file, and anything else is damage."""
        if self.file.tell() > len(self.given):
            self.given = self.given.lstrip(b"\0")
            if not self.given:
                return False
            if not any(self.given.startswith(key[: len(self.given)]) for key in MAGIC):
                self._end(f"garbage-after-{self.kind}", f"it begins with {self.given[:16].hex(' ')}")
                return False
        self._restart()
        self.begun = self.file.tell() - len(self.given)
        return True

    def _restart(self) -> None:
        assert self.make is not None
        self.stream, self.made, self.checked, self.drained = self.make(), 0, 0, True

    def _end(self, reason: str, detail: str) -> None:
        del self.held[max(0, len(self.held) - (self.made - self.checked)) :]
        self.checked = self.made
        place = f"byte {self.file.tell() - len(self.given)} of the compressed file"
        self.damage, self.ended = (reason, place, detail), True


def unpacked(path: Path) -> tuple[Unpacked, io.BufferedReader]:
    """A file and its buffered content."""
    raw = Unpacked(path)
    return raw, io.BufferedReader(raw, PIECE)
