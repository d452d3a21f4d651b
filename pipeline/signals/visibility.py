"""BGP visibility: address space that at least half of the full-feed peer ASNs see, per country and origin AS.

A feed has two signals: ``bgp.<source>``, /24-equivalents of IPv4, and ``bgp.<source>6``, IPv6 prefixes.  The value of
a bin is the state of the RIB at its end.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from pipeline.bins import NEVER, WIDTH
from pipeline.geo.places import Places
from pipeline.records import RIB, STATE, UP, WITHDRAW, Bins, Elements, Peer, Run
from pipeline.settings import Counting
from pipeline.signals.peers import FullFeedPeers, Sessions
from pipeline.signals.rib import ABSENT, LONGEST, NO_ORIGIN, Rib, prefix_keys
from pipeline.signals.slash24 import Prefixes6, Slash24s, Space
from pipeline.signals.tally import Tally
from pipeline.state import pack, unpack


class Measure(NamedTuple):
    """The end of a bin: value ``(n,)`` of each entity, NaN = not observed; health [0-1]."""

    value: np.ndarray
    health: float


class Family:
    """RIB, full-feed peers and counts of IPv4 or IPv6 in one partition."""

    def __init__(
        self, family: int, partition: int, partitions: int, places: Places, rules: Counting, whole: bool
    ) -> None:
        self.rules = rules
        self.rib = Rib(max(1024, rules.max_prefixes // partitions))
        self.full_feed = FullFeedPeers(rules.floors[family] / partitions if whole else None, rules)
        space: Space = Slash24s(partition, partitions, places) if family == 4 else Prefixes6(places)
        self.tally = Tally(space)
        self.last = Measure(np.empty(0), 0.0)

    def widen(self, sessions: int) -> None:
        self.rib.widen(sessions)
        self.full_feed.widen(sessions)

    def lose(self, session: int, time: int) -> None:
        """A session went down at ``time`` [s]."""
        self.full_feed.lose(session, int(self.rib.size[session]))
        self.rib.forget(session, time)

    def measure(self, end: int, sessions: Sessions, loading: bool) -> bool:
        """Measure at the end of a bin [s]; whether the next bin may differ without any new element."""
        changed = self.full_feed.judge(end, self.rib.size[: len(sessions)], sessions, loading)
        columns, begins = self.full_feed.columns(sessions)
        if len(begins) >= max(self.rules.min_peers, 1):
            need = max(1, int(np.ceil(self.rules.threshold * len(begins))))
            self.tally.recount(self.rib, columns, begins, need)
            value = self.tally.row()
        else:
            value = np.full(len(self.tally.entities), np.nan)
        self.last = Measure(value, self.full_feed.health(end, sessions))
        return changed

    def tidy(self, waiting: np.ndarray) -> np.ndarray | None:
        """Drop rows of prefixes that are not announced; gives the rows kept, None where nothing was done.

        waiting: rows of elements of bins to come.
        """
        if not self.rib.overgrown():
            return None
        needed = np.zeros(len(self.rib), bool)
        needed[waiting] = True
        keep = self.rib.useful(needed)
        if len(keep) == len(needed):
            return None
        self.rib.compact(keep)
        self.tally.keep(keep)
        return keep

    def state(self) -> dict[str, np.ndarray]:
        parts = {
            "rib": self.rib.state(), "witnesses": self.full_feed.state(), "tally": self.tally.state(len(self.rib)),
            "last": {"value": self.last.value, "health": np.array([self.last.health])},
        }  # fmt: skip
        return {f"{part}.{name}": array for part, its in parts.items() for name, array in its.items()}

    def restore(self, state: dict[str, np.ndarray]) -> None:
        self.rib.restore(under("rib.", state))
        self.full_feed.restore(under("witnesses.", state))
        self.tally.restore(self.rib, under("tally.", state))
        last = under("last.", state)
        self.last = Measure(last["value"], float(last["health"][0]))


def under(prefix: str, arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The arrays whose name has the prefix, without it."""
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}


class Updates(NamedTuple):
    """Elements resolved to rows and columns of the RIB, ``(n,)`` each, in order of arrival.

    time: event time [s]; said: the time that decides which is newer, earlier for a table dump [s]; kind and state as in
    `Elements`; family 4 or 6; row of the family's RIB, -1 for a STATE.
    """

    time: np.ndarray
    said: np.ndarray
    kind: np.ndarray
    family: np.ndarray
    row: np.ndarray
    session: np.ndarray
    origin: np.ndarray
    state: np.ndarray

    def at(self, rows: np.ndarray) -> "Updates":
        return Updates(*(column[rows] for column in self))

    @classmethod
    def joined(cls, parts: Sequence["Updates"]) -> "Updates":
        return cls(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


class Stretch(NamedTuple):
    """Bins in a row, from ``start`` on [s], of the same measure."""

    start: int
    bins: int
    value: np.ndarray
    health: float


class Visibility:
    """Counts visible address space of one partition, incrementally.

    Input: `Elements` of this partition.  Output: `Bins` of each signal, entities in order of appearance.

    ``signals``: names of the IPv4 and the IPv6 signal, or of the first alone.

    An element of a closed bin is late: it is returned, and still taken into the RIB where it is its session's newest
    about the prefix, since BGP's state is cumulative.  Elements of a table dump load state and are never late.
    Elements of a bin to come wait for it.  Elements without room (`Counting.max_sessions`, `Counting.max_prefixes`) are
    returned and not taken.

    A run of some countries (``run.only``) has only prefixes that share an address with them; other space belongs to no
    country.
    """

    def __init__(
        self, run: Run, feed: str, partition: int, partitions: int, signals: Sequence[str], places: Places,
        rules: Counting,
    ) -> None:  # fmt: skip
        self.run, self.feed, self.partition, self.rules = run, feed, partition, rules
        self.signals = dict(zip((4, 6), signals, strict=False))
        places = places.of_countries(run.only) if run.only else places
        self.families = {f: Family(f, partition, partitions, places, rules, not run.only) for f in self.signals}
        self.sessions = Sessions(rules.max_sessions)
        self.next = NEVER
        self.closed = NEVER
        self.dump = NEVER
        self.waiting: list[Updates] = []
        self.still = False
        self.crowded = 0

    def add(self, batch: Elements) -> Elements | None:
        self.crowded = 0
        if not len(batch):
            return None
        if self.next == NEVER:
            self.next = max(int(batch.time[0]) // WIDTH * WIDTH, self.closed)
        words, refused = self._resolve(batch)
        self._take_in(words)
        returned = (batch.time < self.next) & (batch.kind < RIB)
        returned[refused] = True
        self.crowded = int((batch.kind[refused] != STATE).sum()) if self.partition else len(refused)
        return batch.take(np.flatnonzero(returned)) if returned.any() else None

    def _resolve(self, batch: Elements) -> tuple[Updates, np.ndarray]:
        """The batch's elements, and the rows without room."""
        session = self.sessions.columns(batch.peers, batch.peer)
        for part in self.families.values():
            part.widen(len(self.sessions))
        row, useful = np.full(len(batch), -1, np.int32), (batch.kind == STATE) & (session >= 0)
        refused = [np.flatnonzero(session < 0)]
        route = (batch.kind != STATE) & (batch.kind <= RIB) & (session >= 0) & (batch.length >= self.rules.shortest)
        for number, part in self.families.items():
            its = np.flatnonzero(route & (batch.family == number) & (batch.length <= LONGEST[number]))
            row[its] = part.rib.rows(prefix_keys(batch.hi[its], batch.length[its]))
            useful[its] = row[its] >= 0
            refused.append(its[row[its] < 0])
        origin = np.where(batch.origin == ABSENT, np.uint32(NO_ORIGIN), batch.origin)
        origin[batch.kind == WITHDRAW] = ABSENT
        time = np.clip(batch.time, 0, 2**32 - 1)
        words = Updates(time, self._said(time, batch.kind), batch.kind, batch.family, row, session, origin, batch.state)
        return (words if useful.all() else words.at(np.flatnonzero(useful))), np.concatenate(refused)

    def _said(self, time: np.ndarray, kind: np.ndarray) -> np.ndarray:
        """The time that decides: of a table dump its beginning, less the lag by which an older update still wins."""
        said, rest = time.copy(), np.flatnonzero(kind == RIB)
        while len(rest):
            of_this = np.abs(time[rest] - self.dump) < self.rules.dump_span
            first = len(rest) if of_this.all() else int(np.argmin(of_this))
            said[rest[:first]] = max(0, self.dump - self.rules.rib_lag)
            rest = rest[first:]
            if len(rest):
                self.dump = int(time[rest[0]])
        return said

    def _take_in(self, words: Updates) -> None:
        early = words.time >= self.next + WIDTH
        if early.any():
            self.waiting.append(words.at(np.flatnonzero(early)))
            words = words.at(np.flatnonzero(~early))
        self._apply(words)
        if sum(len(part.time) for part in self.waiting) > self.rules.max_waiting:
            held, self.waiting = Updates.joined(self.waiting), []
            self._apply(held)

    def _apply(self, words: Updates) -> None:
        if not len(words.time):
            return
        self.still = False
        self.sessions.say(words.session, words.time)
        told = np.flatnonzero(words.kind == STATE)
        void = words.said < self.sessions.since[words.session]
        for s, time, place in self.sessions.tell(words.session[told], words.time[told], words.state[told]):
            place = told[place]
            void |= (words.session == s) & (
                (words.said < time) | ((words.said == time) & (np.arange(len(void)) < place))
            )
            for part in self.families.values():
                part.lose(s, time)
            self.sessions.since[s] = time
        for number, part in self.families.items():
            part.full_feed.named[words.session[told[words.family[told] == number]]] = True
        routes = words.at(np.flatnonzero(~void & (words.kind != STATE)))
        heard = routes.kind != WITHDRAW
        self.sessions.hear(routes.session[heard], routes.said[heard])
        for number, part in self.families.items():
            its = routes.at(np.flatnonzero(routes.family == number))
            part.rib.write(its.row, its.session, its.said, its.origin)
            part.full_feed.loaded[its.session[its.kind == RIB]] = True

    def close(self, until: int, observed: bool = True, ended: bool = False) -> list[Bins]:
        """Close every bin that ends at or before ``until`` [s], from the first element's on; one `Bins` a signal."""
        self.closed = max(self.closed, until // WIDTH * WIDTH)
        stretches: dict[int, list[Stretch]] = {number: [] for number in self.families}
        while self.next != NEVER and self.next + WIDTH <= until:
            bins = self._measure(until)
            for number, part in self.families.items():
                value, health = part.last if observed else (np.full(len(part.last.value), np.nan), 0.0)
                if bins * WIDTH <= self.rules.longest_silence:
                    _append(stretches[number], Stretch(self.next, bins, value, health))
            self.next += bins * WIDTH
        return [self._bins(number, parts, until) for number, parts in stretches.items() if parts]

    def _measure(self, until: int) -> int:
        """Measure the next bin; gives how many bins in a row have this measure, since nothing changes before."""
        if self.still:
            # no bin that ends before this differs from the last one without new elements
            waiting = [int(part.time.min()) for part in self.waiting]
            change = min(waiting + [part.full_feed.forgets(self.next) - 1 for part in self.families.values()])
            bins = (min(until, change) - self.next) // WIDTH
            if bins > 0:
                return bins
        end = self.next + WIDTH
        if self.waiting and min(int(part.time.min()) for part in self.waiting) < end:
            held = Updates.joined(self.waiting)
            due = held.time < end
            self.waiting = [] if due.all() else [held.at(np.flatnonzero(~due))]
            self._apply(held.at(np.flatnonzero(due)))
        loading = any(np.any(part.kind == RIB) for part in self.waiting)
        changes = [part.measure(end, self.sessions, loading) for part in self.families.values()]
        self.still = not any(changes)
        self._tidy()
        return 1

    def _tidy(self) -> None:
        for number, part in self.families.items():
            its = [(words.family == number) & (words.row >= 0) for words in self.waiting]
            waiting = [words.row[mine] for words, mine in zip(self.waiting, its, strict=True)]
            keep = part.tidy(np.concatenate(waiting) if waiting else np.empty(0, np.int32))
            if keep is not None:
                for words, mine in zip(self.waiting, its, strict=True):
                    words.row[mine] = np.searchsorted(keep, words.row[mine])

    def _bins(self, number: int, parts: list[Stretch], until: int) -> Bins:
        entities = tuple(self.families[number].tally.entities)
        start = np.concatenate([part.start + WIDTH * np.arange(part.bins, dtype=np.int64) for part in parts])
        if len(parts) == 1:  # a silence: one row for all its bins costs nothing
            value = np.broadcast_to(parts[0].value, (len(start), len(entities)))
            health = np.broadcast_to(np.float32(parts[0].health), value.shape)
        else:
            value = np.full((len(start), len(entities)), np.nan)
            health = np.full(value.shape, np.nan, np.float32)
            at = 0
            for _, bins, row, share in parts:
                value[at : at + bins, : len(row)], health[at : at + bins, : len(row)] = row, share
                at += bins
        signal = self.signals[number]
        return Bins(self.run, self.feed, self.partition, signal, WIDTH, until, UP, entities, start, value, health)

    def save(self) -> bytes:
        head = (self.next, self.closed, self.dump, self.still, self.sessions.peers, len(self.waiting))
        arrays = {f"sessions.{name}": array for name, array in self.sessions.state().items()}
        for i, words in enumerate(self.waiting):
            arrays |= {f"waiting.{i}.{name}": column for name, column in words._asdict().items()}
        for number, part in self.families.items():
            arrays |= {f"{number}.{name}": array for name, array in part.state().items()}
        return pack(head, arrays)

    def load(self, state: bytes) -> None:
        (self.next, self.closed, self.dump, self.still, peers, waiting), arrays = unpack(state)
        self.sessions.restore([Peer(*peer) for peer in peers], under("sessions.", arrays))
        self.waiting = [Updates(**under(f"waiting.{i}.", arrays)) for i in range(waiting)]
        for number, part in self.families.items():
            part.restore(under(f"{number}.", arrays))


def _append(parts: list[Stretch], more: Stretch) -> None:
    """Add bins, to the last stretch where they have the same measure."""
    last = parts[-1] if parts else None
    if (
        last is not None
        and last.start + last.bins * WIDTH == more.start
        and last.health == more.health
        and np.array_equal(last.value, more.value, equal_nan=True)
    ):
        parts[-1] = last._replace(bins=last.bins + more.bins)
    else:
        parts.append(more)
