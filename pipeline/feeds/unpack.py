"""Recorded files, decompressed by their first bytes (not by their name), in bounded pieces."""

import bz2
import io
import lzma
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

PIECE = 256 * 1024
"""Compressed bytes that are read, and decompressed ones that are made, at once."""

MAGIC: dict[bytes, tuple[str, Callable[[], Any]]] = {
    b"\x1f\x8b": ("gzip", lambda: zlib.decompressobj(31)),
    b"BZh": ("bzip2", bz2.BZ2Decompressor),
    b"\xfd7zXZ\x00": ("xz", lambda: lzma.LZMADecompressor(memlimit=256 * 2**20)),
}
"""Compressions by their first bytes; several compressed streams may follow each other in one file."""


class Unpacked(io.RawIOBase):
    """A file's content.

    Damage of the compression is the end of the content, never an exception: all that was good before it is read
    first, and ``damage`` then says what it was and at which byte of the file.
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
        piece = b""
        while not piece and not self.ended:
            try:
                piece = self._piece(min(len(buffer), PIECE))
            except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
                self._end(f"damaged-{self.kind}", str(error))
        buffer[: len(piece)] = piece
        return len(piece)

    def _piece(self, size: int) -> bytes:
        """Up to ``size`` bytes of content; none does not mean the end."""
        if not self.given and (self.stream is None or getattr(self.stream, "needs_input", True)):
            self.given = self.file.read(PIECE)
            if not self.given:
                if self.stream is not None:
                    self._end(f"truncated-{self.kind}", "the end of the compressed stream is missing")
                self.ended = True
                return b""
        if self.stream is None and not self._begin():
            return b""
        made = self.stream.decompress(self.given, size)
        # zlib hands back what it has not used; bz2 and lzma keep it
        self.given = getattr(self.stream, "unconsumed_tail", b"")
        if self.stream.eof:
            self.given, self.stream = self.stream.unused_data, None
        return made

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
        return True

    def _end(self, reason: str, detail: str) -> None:
        place = f"byte {self.file.tell() - len(self.given)} of the compressed file"
        self.damage, self.ended = (reason, place, detail), True


def unpacked(path: Path) -> tuple[Unpacked, io.BufferedReader]:
    """A file and its buffered content."""
    raw = Unpacked(path)
    return raw, io.BufferedReader(raw, PIECE)
