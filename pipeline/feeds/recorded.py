"""Recorded frames: an archive of what live feeds gave, heartbeats included, in order of arrival.

A file begins with `MAGIC`.  Then come blocks, each of one feed: `MARK`, the sizes of head and payload, the CRC-32 of
the payload, and that of these three and the head (`FIXED`); the head (JSON, see `Head`); the payload (Zstandard).  A
payload holds frames: the size of each (4 bytes), then what travels on the feed's topic (`pipeline.codec`), or a
`DeadLetter` as JSON.  All numbers are little-endian.  A file that was closed ends with a block without a feed, whose
payload lists the offsets, lengths and heads of all others as JSON, and with the offset of that block and `TAIL`.

A file whose writer was killed has no such list: its blocks are found one after the other, up to the last whole one.
"""

import io
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from struct import Struct
from typing import BinaryIO, NamedTuple

import msgspec
import pyarrow as pa

from pipeline.bins import NEVER
from pipeline.codec import DAMAGE, decode, encode
from pipeline.errors import CUT_RECORD, DecodeError, UserError
from pipeline.feeds.base import Recorded
from pipeline.kinds import SIGNAL
from pipeline.records import Batch, DeadLetter, Elements, Heartbeat, Rows, bounded, wrong
from pipeline.topics import MAX_MESSAGE
from pipeline.topics import feed as topic_of

NAME = "recorded"
MAGIC = b"netvigil frames 1\n"
MARK = b"\x89block\r\n"
TAIL = b"\x89ended\r\n"
FIXED, SIZES = Struct("<8sIIII"), Struct("<III")
LENGTH, PLACE = Struct("<I"), Struct("<Q8s")

FULL = 4 * 2**20
"""Frames of a feed that make a block [bytes]."""

MAX_BLOCK = FULL + 2 * MAX_MESSAGE  # largest payload that is read, before and after decompression [bytes]
MAX_HEAD = 2**20  # largest head that is read [bytes]
PIECE = 2**20  # bytes that are searched at once for the next block

DAMAGED = "damaged-block"

ZSTD = pa.Codec("zstd")


class Head(msgspec.Struct, frozen=True):
    """What is in a block; ``first``, ``last``: event times of its frames [s]; ``size`` of its frames [bytes].

    ``signals``: those of its heartbeats and rows; ``only``: the countries of their run, empty for all.
    """

    feed: str
    signals: tuple[str, ...]
    first: int
    last: int
    frames: int
    size: int
    only: tuple[str, ...] = ()


class Block(NamedTuple):
    """A block in a file: offset of its `MARK`, and the bytes that it has there."""

    at: int
    length: int
    head: Head


@dataclass
class Archive:
    """The blocks of a file, of one ``feed`` or ('') of all, and what of the file is none."""

    blocks: list[Block]
    damage: list[DecodeError] = field(default_factory=list)
    feed: str = ""

    @property
    def signals(self) -> tuple[str, ...]:
        return tuple(sorted({signal for block in self.blocks for signal in block.head.signals}))

    @property
    def only(self) -> tuple[str, ...]:
        return tuple(sorted({country for block in self.blocks for country in block.head.only}))

    @property
    def first(self) -> int:
        return min((block.head.first for block in self.blocks if block.head.first > NEVER), default=NEVER)

    @property
    def last(self) -> int:
        return max((block.head.last for block in self.blocks), default=NEVER)

    def by_feed(self) -> "list[Archive]":
        """An archive for each feed, in order of name; damage between blocks is with the first."""
        names = sorted({block.head.feed for block in self.blocks})
        own = [Archive([block for block in self.blocks if block.head.feed == name], feed=name) for name in names]
        if own:
            own[0].damage = self.damage
        return own

    def items(self, stream: BinaryIO, since: int = NEVER) -> Iterator[Recorded]:
        """The frames of its blocks in order, damage of the file first; see `read`."""
        yield from self.damage
        for block in self.blocks:
            if block.head.last >= since:
                yield from _frames(stream, block)


def recognise(head: bytes) -> bool:
    """Whether a file that begins so is an archive."""
    return head.startswith(MAGIC)


def read(stream: BinaryIO, since: int = NEVER) -> Iterator[Recorded]:
    """The frames of an archive in order of arrival, and damage: one `DecodeError` with the bytes that are lost.

    ``since``: leave out blocks whose frames are all of a time before it [s].

    Examples
    --------
    >>> import tempfile
    >>> from pipeline.records import Run
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     recorder = Recorder(Path(folder) / "a")
    ...     recorder.write(Heartbeat(Run(), "rislive", 0, 1_700_000_000))
    ...     recorder.close()
    ...     with open(Path(folder) / "a", "rb") as file:
    ...         [item.time for item in read(file)]
    [1700000000]
    """
    yield from contents(stream).items(stream, since)


def contents(stream: BinaryIO) -> Archive:
    """The blocks of an archive: by its list, else found one after the other."""
    size = stream.seek(0, io.SEEK_END)
    listed = _listed(stream, size)
    return Archive(listed) if listed is not None else _found(stream, size)


def _listed(stream: BinaryIO, size: int) -> list[Block] | None:
    if size < len(MAGIC) + FIXED.size + PLACE.size:
        return None
    stream.seek(size - PLACE.size)
    at, tail = PLACE.unpack(stream.read(PLACE.size))
    if tail != TAIL or not len(MAGIC) <= at < size:
        return None
    own = _block(stream, at, size)
    if not isinstance(own, Block) or own.head.feed:
        return None
    try:
        return msgspec.json.decode(_payload(stream, own), type=list[Block])
    except DAMAGE:
        return None


def _found(stream: BinaryIO, size: int) -> Archive:
    stream.seek(max(0, size - len(TAIL)))
    size -= PLACE.size if stream.read() == TAIL else 0
    archive, at, lost, why = Archive([]), len(MAGIC), 0, ""
    while at < size:
        found = _block(stream, at, size)
        if isinstance(found, Block):
            archive.damage += _lost(archive, lost, at, why)
            archive.blocks += [found] if found.head.feed else []
            at, lost = at + found.length, 0
        else:
            lost, why = (lost, why) if lost else (at, found)
            at = _next_mark(stream, at + 1, size)
    archive.damage += _lost(archive, lost, at, why, CUT_RECORD)
    return archive


def _lost(archive: Archive, begin: int, end: int, why: str, reason: str = DAMAGED) -> list[DecodeError]:
    """What to say of bytes between blocks, or after the last one, where there are any."""
    feed = archive.blocks[-1].head.feed if archive.blocks else NAME
    return [DecodeError(feed, reason, f"byte {begin:,}", f"{why}; {end - begin:,} bytes are lost")] if begin else []


def _block(stream: BinaryIO, at: int, size: int) -> Block | str:
    """The block at an offset; else what is wrong with it, in words."""
    stream.seek(at)
    fixed = stream.read(FIXED.size)
    if not (fixed + bytes(FIXED.size)).startswith(MARK):
        return "no block begins there"
    broken = "the file breaks off in a block"
    if len(fixed) < FIXED.size:
        return broken
    _, head_size, payload_size, _, check = FIXED.unpack(fixed)
    length = FIXED.size + head_size + payload_size
    head = stream.read(head_size) if head_size <= MAX_HEAD else b""
    if len(head) < head_size <= MAX_HEAD:
        return broken
    if zlib.crc32(fixed[len(MARK) : -4] + head) != check or payload_size > MAX_BLOCK:
        return "the head of a block is damaged"
    try:
        block = Block(at, length, msgspec.json.decode(head, type=Head))
    except msgspec.DecodeError as error:
        return f"the head of a block is none: {error}"
    return block if at + length <= size else broken


def _next_mark(stream: BinaryIO, at: int, size: int) -> int:
    """The offset of the next `MARK`, ``size`` without one."""
    while at < size:
        stream.seek(at)
        piece = stream.read(PIECE)
        if (place := piece.find(MARK)) >= 0:
            return at + place
        at += max(1, len(piece) - len(MARK) + 1)
    return size


def _payload(stream: BinaryIO, block: Block) -> bytes:
    """The frames of a block; ValueError where they are damaged."""
    stream.seek(block.at)
    fixed = stream.read(FIXED.size)
    if len(fixed) < FIXED.size or not fixed.startswith(MARK):
        raise ValueError("it does not begin there")
    _, head_size, payload_size, check, _ = FIXED.unpack(fixed)
    if FIXED.size + head_size + payload_size != block.length or not 0 <= block.head.size <= MAX_BLOCK:
        raise ValueError("its sizes are wrong")
    stream.seek(head_size, io.SEEK_CUR)
    packed = stream.read(payload_size)
    if zlib.crc32(packed) != check:
        raise ValueError("its checksum is wrong")
    return bytes(ZSTD.decompress(packed, block.head.size, asbytes=True))


def _frames(stream: BinaryIO, block: Block) -> Iterator[Recorded]:
    place = f"byte {block.at:,}"
    try:
        payload = _payload(stream, block)
    except (OSError, ValueError) as error:
        lost = f"{block.length:,} bytes with {block.head.frames:,} frames are lost"
        yield DecodeError(block.head.feed, DAMAGED, place, f"{error}; {lost}")
        return
    at, number = 0, 0
    while at < len(payload):
        number += 1
        begin = at + LENGTH.size
        (size,) = LENGTH.unpack(payload[at:begin]) if begin <= len(payload) else (MAX_BLOCK,)
        at = begin + size
        if size > MAX_MESSAGE or at > len(payload):
            lost = f"{len(payload) - begin + LENGTH.size:,} bytes of frames are lost"
            yield DecodeError(block.head.feed, "bad-frame", f"frame {number:,} of {place}", f"wrong size; {lost}")
            return
        try:
            yield _item(payload[begin:at], block.head.feed)
        except (ValueError, UserError, msgspec.DecodeError) as error:
            lost = f"{size:,} bytes are lost"
            yield DecodeError(block.head.feed, "bad-frame", f"frame {number:,} of {place}", f"{error}; {lost}")


def _item(message: bytes, feed: str) -> Recorded:
    """The frame of a message, checked; damage for a dead letter; ValueError for another message."""
    if message.startswith(b"{"):
        letter = msgspec.json.decode(message, type=DeadLetter)
        return DecodeError(feed, letter.reason, letter.place, letter.detail)
    frame = decode(message)
    if not isinstance(frame, Batch | Heartbeat):
        raise ValueError(f"{type(frame).__name__} come from no feed")
    if reason := wrong(frame):
        raise ValueError(reason)
    if frame.feed != feed or not 0 <= frame.partition < topic_of(feed).partitions:
        raise ValueError(f"a frame of {frame.feed}, partition {frame.partition}")
    if isinstance(frame, Rows):
        if not SIGNAL.fullmatch(frame.signal):
            raise ValueError(f"its signal is {frame.signal[:100]!r}")
        return bounded(frame)
    return frame


@dataclass
class Waiting:
    """Frames of one feed that are not written yet, ``since`` when [s of the clock]."""

    since: float
    messages: list[bytes] = field(default_factory=list)
    signals: set[str] = field(default_factory=set)
    only: tuple[str, ...] = ()
    times: list[int] = field(default_factory=list)
    size: int = 0


class Recorder:
    """Writes frames into an archive; a file that is there goes on after its last whole block.

    A block is written when it is `FULL`, or ``every`` so many seconds of the ``clock`` once a frame comes: a kill loses
    no more.  UserError where the file is no archive, or cannot be written.
    """

    def __init__(self, path: Path, every: float = 10.0, clock: Callable[[], float] = time.monotonic) -> None:
        self.path, self.every, self.clock = path, every, clock
        self.waiting: dict[str, Waiting] = {}
        try:
            self.file = path.open("r+b" if path.exists() else "x+b")
            size = self.file.seek(0, io.SEEK_END)
            self.file.seek(0)
            if size and not recognise(self.file.read(len(MAGIC))):
                self.file.close()
                raise UserError(f"{path}: no archive of recorded frames, which this could go on in")
            self.blocks = contents(self.file).blocks if size else []
            end = max((block.at + block.length for block in self.blocks), default=len(MAGIC))
            self.file.seek(0)
            self.file.write(MAGIC)
            self.file.seek(end)
            self.file.truncate()
            self.file.flush()
        except OSError as error:
            raise UserError(f"{path}: {error.strerror}") from error

    def write(self, frame: Elements | Rows | Heartbeat | DeadLetter) -> None:
        """Take in a frame as ingest sends it, of a feed and partition."""
        now = self.clock()
        message = msgspec.json.encode(frame) if isinstance(frame, DeadLetter) else encode(frame)
        if len(message) > MAX_MESSAGE:
            raise ValueError(f"a frame of {len(message):,} bytes is longer than a message may be")
        own = self.waiting.setdefault(frame.feed, Waiting(now))
        own.messages += [LENGTH.pack(len(message)), message]
        own.size += LENGTH.size + len(message)
        own.only = own.only if isinstance(frame, DeadLetter) else frame.run.only
        match frame:
            case Heartbeat():
                own.signals.update(frame.signals)
                own.times.append(frame.time)
            case Elements() | Rows() if len(frame):
                own.times += [int(frame.time.min()), int(frame.time.max())]
                own.signals.update([frame.signal] if isinstance(frame, Rows) else [])
        for feed, waiting in list(self.waiting.items()):
            if waiting.size >= FULL or now - waiting.since >= self.every:
                self._flush(feed)

    def flush(self) -> None:
        """Write what waits."""
        for feed in list(self.waiting):
            self._flush(feed)

    def _flush(self, feed: str) -> None:
        own = self.waiting.pop(feed)
        times = [time for time in own.times if time > NEVER]
        span = (min(times), max(times)) if times else (NEVER, NEVER)
        head = Head(feed, tuple(sorted(own.signals)), *span, len(own.messages) // 2, own.size, own.only)
        self._write(head, b"".join(own.messages))

    def _write(self, head: Head, frames: bytes) -> int:
        packed, told = ZSTD.compress(frames, asbytes=True), msgspec.json.encode(head)
        sizes = SIZES.pack(len(told), len(packed), zlib.crc32(packed))
        fixed = FIXED.pack(MARK, *SIZES.unpack(sizes), zlib.crc32(sizes + told))
        at = self.file.tell()
        self._put(block := b"".join([fixed, told, packed]))
        self.blocks.append(Block(at, len(block), head))
        return at

    def _put(self, content: bytes) -> None:
        try:
            self.file.write(content)
            self.file.flush()
        except OSError as error:
            raise UserError(f"{self.path}: {error.strerror}") from error

    def close(self) -> None:
        """Write what waits, and the list of all blocks."""
        try:
            self.flush()
            listed = msgspec.json.encode(self.blocks)
            at = self._write(Head("", (), NEVER, NEVER, 0, len(listed)), listed)
            self._put(PLACE.pack(at, TAIL))
        finally:
            self.file.close()
