"""RIS Live: BGP messages of RIPE's collectors as JSON, one a line.

In captures ``peer_asn`` is a string; ``type`` may be missing; hosts are ``rrc20`` or ``rrc25.ripe.net``; IPv6
withdrawals are not compressed; a link-local next hop repeats the prefixes of the global one (they count once); AS sets
nest in the path; messages of the server (``pong``) come in between.
"""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from ipaddress import ip_address
from struct import Struct
from typing import BinaryIO

import msgspec
import numpy as np

from pipeline.errors import DecodeError
from pipeline.feeds import bgp
from pipeline.feeds.base import Feed, Item, parsed
from pipeline.feeds.timestamps import BATCH, BEHIND, RUN, STRIDE
from pipeline.records import ANNOUNCE, ESTABLISHED, LATEST, OTHER, STATE, WITHDRAW, Elements, Peer, Run

NAME = "rislive"

STATES = {"connected": ESTABLISHED, "established": ESTABLISHED, "up": ESTABLISHED, "openconfirm": 5, "opensent": 4,
          "active": 3, "connect": 2, "idle": 1, "down": 1}  # fmt: skip
"""Session states of RIS as BGP states."""

LARGEST = 4 * 2**20
"""A longer message is a dead letter [bytes]: a full BGP message is some hundred kilobytes as JSON."""

CHATTER = {"pong", "ris_rrc_list", "ris_subscribe_ok"}  # messages of the server itself: no routes, no time


class Message(msgspec.Struct, gc=False):
    """One message: its routes as packed prefixes (`bgp.pack_prefix`).

    ``time`` [s] is None for a message of the server; ``state`` is 0 unless the message is a change of state.
    """

    time: int | None
    peer: Peer
    withdrawn: bytes = b""
    announced: bytes = b""
    origin: int = 0
    state: int = 0


class Announcement(msgspec.Struct, gc=False):
    """Prefixes that share a next hop."""

    prefixes: list[str]


class Data(msgspec.Struct, gc=False):
    """The fields that are used; ``timestamp`` [s], ``raw`` is the BGP message in hexadecimal."""

    timestamp: float | None = None
    peer: str = ""
    peer_asn: str | int = ""
    host: str = ""
    type: str = "UPDATE"
    path: list[int | list[int]] | None = None
    announcements: list[Announcement] | None = None
    withdrawals: list[str] | None = None
    raw: str | None = None
    state: str = ""


class Envelope(msgspec.Struct, gc=False):
    """A line."""

    type: str
    data: Data | None = None


class Head(msgspec.Struct, gc=False):
    """A line of another shape: its type alone."""

    type: str
    data: msgspec.Raw = msgspec.Raw(b"{}")


_envelope = msgspec.json.Decoder(Envelope)
_head = msgspec.json.Decoder(Head)


def parse(message: bytes) -> Message:
    """One message of the stream; DecodeError without a place, which the reader adds.

    Examples
    --------
    >>> message = parse(b'{"type": "ris_message", "data": {"timestamp": 1553627987.89, "peer": "192.0.2.1", '
    ...                 b'"peer_asn": "64496", "host": "rrc00.ripe.net", "path": [64496, [64497]], '
    ...                 b'"announcements": [{"prefixes": ["198.51.100.0/24"]}]}}')
    >>> message.time, message.peer, message.origin, message.announced == bgp.pack_prefix("198.51.100.0/24")
    (1553627987, Peer(asn=64496, address='192.0.2.1', collector='rrc00'), 64497, True)
    """
    if len(message) > LARGEST:
        raise _wrong("too-large", f"{len(message):,} bytes")
    try:
        envelope = _envelope.decode(message)
    except msgspec.ValidationError as error:
        return _unusual(message, str(error))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _wrong("bad-json", f"{error}: {message[:100].decode(errors='replace')}") from error
    if envelope.type != "ris_message" or envelope.data is None:
        return _unusual(message, "no data")
    data = envelope.data
    if data.timestamp is None:
        raise _wrong("no-time", "a message without timestamp")
    time = int(data.timestamp)
    if not 0 < time < LATEST:
        raise _wrong("bad-time", str(data.timestamp))
    peer = _peer(data.peer_asn, data.peer, data.host)
    if data.type == "UPDATE":
        return _update(data, time, peer)
    if data.type == "RIS_PEER_STATE":
        return Message(time, peer, state=_state(data.state))
    return Message(time, peer)


def _unusual(message: bytes, why: str) -> Message:
    """A line that is no BGP message: `CHATTER`, or a dead letter."""
    try:
        head = _head.decode(message)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _wrong("bad-message", str(error)) from error
    if head.type in CHATTER:
        return Message(None, Peer(0, ""))
    if head.type == "ris_error":
        raise _wrong("server-error", bytes(head.data).decode(errors="replace"))
    if head.type != "ris_message":
        raise _wrong("unknown-message", head.type)
    raise _wrong("bad-path" if "$.data.path" in why else "bad-message", why)


def _update(data: Data, time: int, peer: Peer) -> Message:
    if data.announcements is None and data.withdrawals is None and data.path is None:
        return Message(time, peer) if data.raw is None else _from_raw(data.raw, time, peer)
    withdrawn, announced = b"", b""
    if data.withdrawals:
        withdrawn = _packed(data.withdrawals)
    if data.announcements:
        first, *more = data.announcements
        announced = _packed(
            first.prefixes + [prefix for a in more for prefix in a.prefixes] if more else first.prefixes
        )
    if not announced:
        return Message(time, peer, withdrawn)
    if data.path is None:
        raise _wrong("bad-path", "announcements without a path")
    return Message(time, peer, withdrawn, announced, _origin(data.path))


def _from_raw(raw: str, time: int, peer: Peer) -> Message:
    """An update that has only the raw BGP message."""
    try:
        body = bytes.fromhex(raw)
        found, lost = bgp.routes(body, 0, wide=True, numbered=False)
    except ValueError as error:
        raise _wrong("bad-raw", str(error)) from error
    except bgp.MalformedError as error:
        raise _wrong(error.reason, error.detail) from error
    if lost:
        raise _wrong("bad-prefix", f"{lost} bytes of no prefix")
    packed: dict[int, dict[bytes, None]] = {WITHDRAW: {}, ANNOUNCE: {}}
    origin = 0
    for kind, family, source, places in found:
        if family:  # 0: of another family than IPv4 and IPv6 unicast
            packed[kind] |= dict.fromkeys(bgp.pack_wire(body, at, family) for at in places)
            origin = source or origin
    return Message(time, peer, b"".join(packed[WITHDRAW]), b"".join(packed[ANNOUNCE]), origin)


def _packed(prefixes: list[str]) -> bytes:
    """Distinct prefixes of a message in order: a link-local next hop repeats them."""
    try:
        if len(prefixes) == 1:
            return bgp.pack_prefix(prefixes[0])
        return b"".join(dict.fromkeys(map(bgp.pack_prefix, prefixes)))
    except ValueError as error:
        raise _wrong("bad-prefix", str(error)) from error


def _origin(path: list[int | list[int]]) -> int:
    """Origin AS of a path; 0 where it ends in a set of several."""
    last = path[-1] if path else 0
    if isinstance(last, list):
        last = last[0] if len(set(last)) == 1 else 0
    if not 0 <= last < 2**32:
        raise _wrong("bad-path", f"AS{last}")
    return last


@lru_cache(maxsize=4096)
def _peer(asn: str | int, address: str, host: str) -> Peer:
    text = str(asn)
    if (
        not re.fullmatch(r"[0-9]{1,10}", text)
        or int(text) >= 2**32
        or len(host) > 100
        or not (address == "" or _is_ip(address))
    ):
        raise _wrong("bad-peer", f"peer_asn {text[:40]!r}, peer {address[:40]!r}, host {host[:40]!r}")
    return Peer(int(text), address, host.partition(".")[0].lower())


def _is_ip(address: str) -> bool:
    try:
        return bool(ip_address(address))
    except ValueError:
        return False


def _state(word: str) -> int:
    state = STATES.get(word.lower())
    if state is None:
        raise _wrong("bad-state", word)
    return state


def _wrong(reason: str, detail: str) -> DecodeError:
    return DecodeError(NAME, reason, "", detail[:200])


def plausible(
    feed: str, found: Iterable[tuple[str, Message | DecodeError]], last: int | None = None
) -> Iterator[Message | DecodeError]:
    """The same without times far ahead of those around them, and without times more than `BEHIND` the others.

    A gap in a recording passes: no earlier time comes after it.  So do times somewhat behind, because a collector may
    have been held up, and its message is still the newest of its peer.  ``last``: newest time before them [s].

    Examples
    --------
    >>> times = {"line 1": 1000, "line 2": 9000, "line 3": 1001, "line 4": 400}
    >>> given = [(place, Message(time, Peer(64496, "192.0.2.1"))) for place, time in times.items()]
    >>> [str(item) if isinstance(item, DecodeError) else item.time for item in plausible("rislive", given)]
    [1000, 'rislive: bad-time at line 2: 9000 between 1000 and 1001', 1001, 400]
    """
    held: list[tuple[str, Message, int]] = []
    for place, item in found:
        if isinstance(item, DecodeError) or (time := item.time) is None:
            yield item
        elif last is not None and not last - BEHIND <= time <= last + STRIDE:
            held.append((place, item, time))
            if len(held) > RUN:
                yield from (message for _, message, _ in held)
                last, held = time, []
        else:
            if held and last is not None and time > last - STRIDE:
                astray = all(abs(time - at) > STRIDE for *_, at in held)
                why = f"between {last} and {time}"
                for where, message, at in held:
                    yield DecodeError(feed, "bad-time", where, f"{at} {why}") if astray else message
                last, held = last if astray else max(at for *_, at in held), []
            if last is None or time > last:
                last = time
            yield item
    yield from (message for _, message, _ in held)


def read(stream: BinaryIO) -> Iterator[Item]:
    """A recording, one message a line: `Elements` of about 50,000 rows or 300 s, and damage by line."""
    return _batches(plausible(NAME, parsed(NAME, stream, parse, closed=True)))


def arrived(messages: Iterable[bytes], number: int, last: int | None = None) -> Iterator[Item]:
    """Messages of a connection, from its ``number``-th on, as `read` gives lines; those of the server itself are none.

    ``last``: newest time before them [s].

    Examples
    --------
    >>> given = [b'{"type": "pong"}', b'{"type": "ris_error", "data": {"message": "You are too slow"}}']
    >>> [str(item) for item in arrived(given, 7)]
    ['rislive: server-error at message 8: {"message": "You are too slow"}']
    """
    return _batches(plausible(NAME, _parsed(messages, number), last))


def _parsed(messages: Iterable[bytes], number: int) -> Iterator[tuple[str, Message | DecodeError]]:
    for at, message in enumerate(messages, number):
        place = f"message {at:,}"
        try:
            item = parse(message)
        except DecodeError as error:
            yield place, DecodeError(NAME, error.reason, place, error.detail)
        else:
            if item.time is not None:
                yield place, item


def _batches(found: Iterable[Message | DecodeError]) -> Iterator[Item]:
    """A message without a time takes that of the message before it, the first ones that of the first."""
    batch, time, early = MessageBatch(), 0, list[Message]()
    for item in found:
        if isinstance(item, DecodeError):
            yield item
            continue
        time = item.time or time
        if not time:
            early.append(item)
            continue
        if batch.full(time):
            yield batch.take()
        for message in early:
            batch.add(time, message)
        early.clear()
        batch.add(time, item)
    for message in early:
        batch.add(time, message)
    if batch.rows:
        yield batch.take()


HEAD = Struct("6q")

NO_PREFIX = bytes(bgp.PACKED)  # of an element without a route


class MessageBatch:
    """Collects messages into `Elements`, withdrawals first; a message without routes is one element."""

    def __init__(self) -> None:
        self._clear()

    def _clear(self) -> None:
        self.first = self.rows = 0
        self.peers: dict[Peer, int] = {}
        self.heads = bytearray()
        self.prefixes: list[bytes] = []

    def full(self, time: int) -> bool:
        return self.rows > 0 and (self.rows >= BATCH or abs(time - self.first) > STRIDE)

    def add(self, time: int, message: Message) -> None:
        if not self.rows:
            self.first = time
        peer = self.peers.setdefault(message.peer, len(self.peers))
        if message.withdrawn:
            self._row(time, WITHDRAW, peer, 0, 0, message.withdrawn)
        if message.announced:
            self._row(time, ANNOUNCE, peer, message.origin, 0, message.announced)
        elif not message.withdrawn:
            self._row(time, STATE if message.state else OTHER, peer, 0, message.state, NO_PREFIX)

    def _row(self, time: int, kind: int, peer: int, origin: int, state: int, packed: bytes) -> None:
        count = len(packed) // bgp.PACKED
        self.heads += HEAD.pack(time, kind, peer, origin, state, count)
        self.prefixes.append(packed)
        self.rows += count

    def take(self) -> Elements:
        """What was collected, with the peers it uses in order of appearance; the batch is empty afterwards."""
        heads = np.frombuffer(self.heads, np.int64).reshape(-1, 6)
        time, kind, peer, origin, state = np.repeat(heads[:, :5], heads[:, 5], axis=0).T
        packed = np.frombuffer(b"".join(self.prefixes), np.uint8).reshape(-1, bgp.PACKED)
        hi, lo = np.ascontiguousarray(packed[:, 2:]).view(">u8").T
        given = {"time": time, "kind": kind, "peer": peer, "family": packed[:, 0], "origin": origin, "state": state}
        given |= {"length": packed[:, 1], "hi": hi, "lo": lo}
        columns = {name: np.ascontiguousarray(given[name], dtype) for name, dtype in Elements.COLUMNS.items()}
        elements = Elements(Run(), NAME, 0, tuple(self.peers), **columns)
        self._clear()
        return elements


def recognise(name: str, head: bytes) -> bool:
    """Whether a file begins with RIS Live messages."""
    return head.lstrip().startswith(b"{") and b'"ris_' in head


FEED = Feed(NAME, ("bgp.ris", "bgp.ris6"), recognise, read)
