"""Records of an MRT stream (RFC 6396): bounded reading, and finding the next record after a damaged one."""

import io
import re
from struct import Struct
from typing import BinaryIO

from pipeline.bins import DAY
from pipeline.errors import CUT_RECORD
from pipeline.feeds.bgp import MalformedError

HEADER = Struct(">IHHI")  # time [s], type, subtype, length of what follows [bytes]
LONGEST = 16 * 1024 * 1024  # a longer record is damage [bytes]; the largest real one, of 1,000 peers, has about 1 MB
CHUNK = 1024 * 1024  # read at a time [bytes]
NEAR = DAY  # how far in time the first record after damage may be [s]

BGP, TABLE_DUMP, TABLE_DUMP_V2, BGP4MP, BGP4MP_ET = 5, 12, 13, 16, 17
SUBTYPES = {BGP: 7, TABLE_DUMP: 2, TABLE_DUMP_V2: 12, BGP4MP: 11, BGP4MP_ET: 11, 11: 1, 32: 0, 33: 0, 48: 1, 49: 1}
"""Known types and their highest subtype; 11, 32, 33, 48, 49: OSPF and IS-IS, which are not used."""

_TYPE = re.compile(rb"(?s)(?=\x00[\x05\x0b-\x0d\x10\x11\x20\x21\x30\x31]\x00[\x00-\x0c])")
"""Type and subtype of a record, at any offset."""

EARLY = 4  # the first table dumps state a length without view and sequence number [bytes]
Record = tuple[int, int, int, bytes]  # one record: time [s], type, subtype, what follows the header


def known(kind: int, subtype: int, length: int) -> bool:
    """Whether a header can be one."""
    return subtype <= SUBTYPES.get(kind, -1) and length <= LONGEST


class Source:
    """A stream as records: `record` reads the current one, `accept` or `skip` goes on to the next.

    Every byte is accepted, skipped or among those `remaining`.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._read = getattr(stream, "read1", stream.read)
        self.buffer, self.at, self.base = b"", 0, 0
        self.length = 0
        self.ended = False

    @property
    def place(self) -> int:
        """Offset of the current record in the stream [bytes]."""
        return self.base + self.at

    @property
    def remaining(self) -> int:
        return len(self.buffer) - self.at

    @property
    def exhausted(self) -> bool:
        return self.ended and not self.remaining

    def has(self, size: int) -> bool:
        """Whether so many bytes are left, from the current record on."""
        return len(self.buffer) - self.at >= size or (not self.ended and self._fill(size))

    def _fill(self, size: int) -> bool:
        parts = [self.buffer[self.at :]]
        got = len(parts[0])
        while got < size + CHUNK and not self.ended:
            part = self._read(CHUNK)
            self.ended = not part
            parts.append(part)
            got += len(part)
        self.base += self.at
        self.buffer, self.at = b"".join(parts), 0
        return got >= size

    def record(self) -> Record:
        """The current record, whose header is there; MalformedError where it is too long, or longer than the rest."""
        self.length = 0
        time, kind, subtype, length = HEADER.unpack_from(self.buffer, self.at)
        if length > LONGEST:
            raise MalformedError("record-too-long", f"length {length}")
        size = HEADER.size + length
        if not self.has(size):
            raise MalformedError(CUT_RECORD, f"wanted {size} bytes, {self.remaining} left")
        self.length = size
        return time, kind, subtype, self.buffer[self.at + HEADER.size : self.at + size]

    def longer(self, record: Record) -> Record | None:
        """The record with its true length, if it is an early table dump that states too small a one."""
        if record[1] != TABLE_DUMP or not self._begins(self.length + EARLY):
            return None
        self.length += EARLY
        return *record[:3], self.buffer[self.at + HEADER.size : self.at + self.length]

    def next_time(self) -> int | None:
        """Time of the record after the current one [s]; None where none follows."""
        if self.has(self.length + HEADER.size) and self._begins(self.length):
            return int.from_bytes(self.buffer[self.at + self.length : self.at + self.length + 4])
        return None

    def accept(self) -> int:
        """Go on after the current record; returns its size [bytes]."""
        self.at += self.length
        return self.length

    def skip(self, last: int | None) -> tuple[int, bool]:
        """Go past damage: by the length of the record if another one follows, else to the next that is found.

        ``last`` is the time of the record before [s].  Returns the bytes lost, and whether the length held.
        """
        if self.length and self._begins(self.length):
            return self.accept(), True
        place = self.place
        self._search(last)
        return self.place - place, False

    def _begins(self, offset: int) -> bool:
        """Whether a record, or the end of the stream, is so many bytes after the current place."""
        if not self.has(offset + HEADER.size):
            return self.remaining == offset
        return known(*HEADER.unpack_from(self.buffer, self.at + offset)[1:])

    def _search(self, last: int | None) -> None:
        """Go on to the next record that is followed by another one, or by the end; else to the end.

        Pieces that were searched are dropped, so that endless garbage does not fill the memory.
        """
        self.at += min(1, self.remaining)
        while self.has(HEADER.size):
            start, piece = self.at, self.buffer
            for found in _TYPE.finditer(piece, start + 4):
                offset = found.start() - 4 - start
                if self._leads_on(offset, last):
                    self.at += offset
                    return
            self.at += len(piece) - start - (HEADER.size - 5)
        self.at += self.remaining

    def _leads_on(self, offset: int, last: int | None) -> bool:
        """Whether a record that leads to another one, or to the end, is so many bytes after the current place."""
        if not self.has(offset + HEADER.size):
            return False
        time, kind, subtype, length = HEADER.unpack_from(self.buffer, self.at + offset)
        after = offset + HEADER.size + length
        near = last is None or abs(time - last) <= NEAR
        if not (near and known(kind, subtype, length)):
            return False
        return self._begins(after) or (kind == TABLE_DUMP and self._begins(after + EARLY))


def begins_like_mrt(head: bytes) -> bool:
    """Whether the first KiB of a file are records; the first ones may be damaged."""
    source = Source(io.BytesIO(head))
    if not source.has(HEADER.size):
        return False
    _, kind, subtype, length = HEADER.unpack_from(head)
    if known(kind, subtype, length) and 2 * HEADER.size + length > len(head):
        return True
    if not source._leads_on(0, None):
        source._search(None)
    return source.has(HEADER.size)
