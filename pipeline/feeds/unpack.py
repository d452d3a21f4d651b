"""Recorded files, decompressed by their first bytes (not by their name), in bounded pieces."""

import bz2
import contextlib
import io
import lzma
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

PIECE = 256 * 1024
"""Compressed bytes that are read, and decompressed ones that are made, at once."""

STEP = 4 * 1024
"""The same on the way back to a damage, where small pieces are cheaper."""

MAGIC: dict[bytes, tuple[str, Callable[[], Any]]] = {
    b"\x1f\x8b": ("gzip", lambda: zlib.decompressobj(31)),
    b"BZh": ("bzip2", bz2.BZ2Decompressor),
    b"\xfd7zXZ\x00": ("xz", lambda: lzma.LZMADecompressor(memlimit=256 * 2**20)),
}
"""Compressions by their first bytes; several compressed streams may follow each other in one file."""

BROKEN = (OSError, EOFError, zlib.error, lzma.LZMAError)
"""What a decompressor raises on damaged input."""


class Unpacked(io.RawIOBase):
    """A file's content.

    Damage of the compression is the end of the content, never an exception: all that was good before it is read
    first, and ``damage`` then says what it was and at which byte of the file it was noticed.  Bzip2 has blocks of up to
    900 kB, each good or bad as a whole, and a bad one may come scrambled.
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
        self.begun, self.used, self.made = 0, 0, 0  # of the stream at hand: where it begins, bytes used and made
        self.ended = False

    def readable(self) -> bool:
        """It is."""
        return True

    def close(self) -> None:
        """Close the file, too."""
        self.file.close()
        super().close()

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer with content; 0 at its end."""
        if self.make is None:
            return self.file.readinto(buffer)
        piece, size = b"", min(len(buffer), PIECE)
        while not piece and not self.ended:
            try:
                piece = self._piece(size)
            except BROKEN as error:
                piece = self._rescued(size)
                self._end(f"damaged-{self.kind}", str(error))
        buffer[: len(piece)] = piece
        return len(piece)

    def _piece(self, size: int) -> bytes:
        """Up to ``size`` bytes of content; none does not mean the end."""
        if self._is_hungry() and not self._read(PIECE):
            if self.stream is not None:
                self._end(f"truncated-{self.kind}", "the end of the compressed stream is missing")
            self.ended = True
            return b""
        if self.stream is None and not self._begin():
            return b""
        made = self._unpack(size)
        self.made += len(made)
        if self.stream.eof:
            self.given, self.stream = self.stream.unused_data, None
        return made

    def _is_hungry(self) -> bool:
        return not self.given and (self.stream is None or getattr(self.stream, "needs_input", True))

    def _read(self, size: int) -> bool:
        self.used = self.file.tell()
        self.given = self.file.read(size)
        return bool(self.given)

    def _unpack(self, size: int) -> bytes:
        made: bytes = self.stream.decompress(self.given, size)
        # zlib hands back what it has not used; bz2 and lzma keep it
        self.given = getattr(self.stream, "unconsumed_tail", b"")
        return made

    def _rescued(self, size: int) -> bytes:
        """Up to ``size`` bytes of content before the damage just met: the call that raised kept what it had made.

        The stream is gone through once more, the compressed bytes that were not yet used one by one: bz2 and lzma can
        keep no copy of an earlier state.
        """
        if self.stream is None or self.make is None:
            return b""
        self.stream, self.given = self.make(), b""
        used, known, made = self.used, self.made, bytearray()
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
        """Begin a compressed stream; what follows the last one is padding, or damage."""
        if self.file.tell() > len(self.given):
            self.given = self.given.lstrip(b"\0")
            if not self.given:
                return False
            if not any(self.given.startswith(key[: len(self.given)]) for key in MAGIC):
                self._end(f"garbage-after-{self.kind}", f"it begins with {self.given[:16].hex(' ')}")
                return False
        assert self.make is not None
        self.stream = self.make()
        self.begun, self.made = self.file.tell() - len(self.given), 0
        return True

    def _end(self, reason: str, detail: str) -> None:
        place = f"byte {self.file.tell() - len(self.given)} of the compressed file"
        self.damage, self.ended = (reason, place, detail), True


def unpacked(path: Path) -> tuple[Unpacked, io.BufferedReader]:
    """A file and its buffered content."""
    raw = Unpacked(path)
    return raw, io.BufferedReader(raw, PIECE)
