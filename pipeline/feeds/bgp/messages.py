"""BGP messages one by one, and their batches of elements."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from pipeline.errors import DecodeError
from pipeline.feeds.bgp.prefixes import NO_PREFIX, PREFIX
from pipeline.records import ANNOUNCE, OTHER, STATE, WITHDRAW, Elements, Peer, Run

BATCH = 50_000
"""Elements of a batch; one message more may go over."""

STRIDE = 300
"""Event time that one batch may span [s], so that whoever reads sees time move on."""


BEHIND = 24 * 3600
"""How far behind the others a time may be and still be one [s]: streams have been held up for hours."""

RUN = 50
"""Messages ahead of all others after which time has moved on, if none of before comes between them [-]: what a
collector whose clock is ahead says stands in shorter runs among the words of the others."""


class Message(NamedTuple):
    """One message: its routes as packed prefixes (`pipeline.feeds.bgp.prefixes`).

    ``time`` [s] is None for what the server says of itself; ``state`` 0 where the message is no change of state;
    without a route and a state it is one OTHER element.
    """

    time: int | None
    peer: Peer
    withdrawn: tuple[bytes, ...] = ()
    announced: tuple[bytes, ...] = ()
    origin: int = 0
    state: int = 0


class Batch:
    """Collects messages into `Elements`: withdrawals of a message before its announcements.

    What has no time of its own (time None) takes that of the message before it, the first ones that of the first.
    """

    def __init__(self, feed: str) -> None:
        self.feed = feed
        self.last: int | None = None
        self._clear()

    def __len__(self) -> int:
        return self.size

    def _clear(self) -> None:
        self.first: int | None = None
        self.size, self.untimed = 0, 0
        self.peers: dict[Peer, int] = {}
        self.heads: list[tuple[int, int, int, int, int, int]] = []
        self.prefixes: list[bytes] = []

    def full(self, time: int | None) -> bool:
        """Whether a message of this time belongs to the next batch."""
        far = time is not None and self.first is not None and abs(time - self.first) > STRIDE
        return bool(self.heads) and (self.size >= BATCH or far)

    def add(self, message: Message) -> None:
        """Take in one message: at least one element."""
        time = self.last if message.time is None else message.time
        if time is None:
            self.untimed += 1
        else:
            self.last = time
        if self.first is None:
            self.first = time
        peer = self.peers.setdefault(message.peer, len(self.peers))
        if message.withdrawn:
            self._rows(message.withdrawn, WITHDRAW, time, peer, 0, 0)
        if message.announced:
            self._rows(message.announced, ANNOUNCE, time, peer, message.origin, 0)
        if not (message.withdrawn or message.announced):
            self._rows((NO_PREFIX,), STATE if message.state else OTHER, time, peer, 0, message.state)

    def _rows(
        self, prefixes: tuple[bytes, ...], kind: int, time: int | None, peer: int, origin: int, state: int
    ) -> None:
        self.heads.append((-1 if time is None else time, kind, peer, origin, state, len(prefixes)))
        self.prefixes.extend(prefixes)
        self.size += len(prefixes)

    def take(self) -> Elements:
        """What was collected, with the peers it uses; the batch is empty afterwards."""
        heads = np.array(self.heads, np.int64).reshape(-1, 6)
        heads[: self.untimed, 0] = self.first or 0
        time, kind, peer, origin, state = np.repeat(heads[:, :5], heads[:, 5], axis=0).T
        prefix = np.frombuffer(b"".join(self.prefixes), PREFIX)
        given = {"time": time, "kind": kind, "peer": peer, "origin": origin, "state": state}
        given |= {name: prefix[name] for name in PREFIX.names or ()}
        columns = {name: np.ascontiguousarray(given[name], dtype) for name, dtype in Elements.COLUMNS.items()}
        elements = Elements(Run(), self.feed, 0, tuple(self.peers), **columns)
        self._clear()
        return elements


def believed(feed: str, found: Iterable[tuple[str, Message | DecodeError]]) -> Iterator[Message | DecodeError]:
    """The same without times that are far ahead of those around them (all that follows would be late), or days behind.

    A gap in a recording is none of these: nothing of before it comes again behind it.  Times somewhat behind pass, and
    are late where their bin is closed: a collector may have been held up, and it is still its peers' newest word.

    Examples
    --------
    >>> times = {"line 1": 1000, "line 2": 9000, "line 3": 1001, "line 4": 400}
    >>> given = [(place, Message(time, Peer(64496, "192.0.2.1"))) for place, time in times.items()]
    >>> [str(item) if isinstance(item, DecodeError) else item.time for item in believed("rislive", given)]
    [1000, 'rislive: bad-time at line 2: 9000 between 1000 and 1001', 1001, 400]
    """
    last: int | None = None
    held: list[tuple[str, Message, int]] = []
    for place, item in found:
        time = None if isinstance(item, DecodeError) else item.time
        if time is None or isinstance(item, DecodeError):
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
            last = time if last is None else max(last, time)
            yield item
    yield from (message for _, message, _ in held)
