"""The bin stage, second half: sums the partitions' shares of a bin once every partition's watermark has passed it."""

import dataclasses
from dataclasses import dataclass, field
from typing import cast

import numpy as np

from detectors.base import ALWAYS
from pipeline.bins import NEVER
from pipeline.codec import decode, encode, iso
from pipeline.records import DEAD, END, PAST, UP, Bins, DeadLetter, Entity, Run
from pipeline.signals.binning import no_bins, pieces
from pipeline.state import pack, remember, touch, unpack

OTHERS = "signal-of-another-feed"
"""Reason of a dead letter: the signal of these bins belongs to another feed in this run."""


@dataclass
class Shares:
    """The shares of one signal of one feed and run.

    ``begun``: bins have come, so that the signal belongs to that feed; ``home``: the settled entities, the same for all
    signals of the feed.
    """

    run: Run
    feed: str
    signal: str
    watermarks: dict[int, int] = field(default_factory=dict)
    status: dict[int, str] = field(default_factory=dict)
    waiting: list[Bins] = field(default_factory=list)
    told: int = NEVER
    said: str = ""
    begun: bool = False
    home: dict[tuple[str, str], Entity] = field(default_factory=dict)


class MergeStage:
    """Merges partial bins; ``partitions``: the number of partitions of each feed.

    Input: partial `Bins`.  Output: merged `Bins` (partition -1), entities in order of name, each bin once; without bins
    where only the watermark or the status is new.  In a run a signal belongs to the feed whose bins came first: bins of
    another feed become a `DeadLetter`.

    A value is the sum over the partitions that list the entity, NaN where one of them did not observe it; health is the
    lowest of theirs.  Repeated bins are known by their start and partition, and ignored.
    """

    def __init__(self, partitions: dict[str, int]) -> None:
        self.partitions = partitions
        self.shares: dict[tuple[str, str], Shares] = {}
        self.ended: dict[tuple[str, str, str], None] = {}

    def step(self, part: Bins) -> list[Bins | DeadLetter]:
        owner, has_ended = self._owner(part)
        if part.feed != owner:
            return [_refused(part, owner)] if len(part.start) else []
        if has_ended:
            return []
        key = (part.run.id, part.signal)
        shares = self._shares(part)
        held = dict(self.shares)
        for gone in touch(self.shares, key):
            remember(self.ended, (*gone, held[gone].feed))
        known = shares.watermarks.get(part.partition, NEVER)
        fresh = part.start + part.width > known
        if fresh.any():
            shares.begun = True
            shares.waiting.append(part if fresh.all() else _bins_at(part, fresh))
        shares.watermarks[part.partition] = max(known, part.watermark)
        shares.status[part.partition] = part.status
        if len(shares.watermarks) < self.partitions[part.feed]:
            return []
        return [*self._release(shares)]

    def _owner(self, part: Bins) -> tuple[str, bool]:
        """The feed that the signal belongs to in this run, and whether that has ended."""
        key = (part.run.id, part.signal)
        if key in self.shares:
            shares = self.shares[key]
            return (shares.feed if shares.begun or not len(part.start) else part.feed), False
        return next(((feed, True) for run, signal, feed in self.ended if (run, signal) == key), (part.feed, False))

    def _shares(self, part: Bins) -> Shares:
        """The shares of the part's feed; they go on where those of a feed without bins were."""
        key = (part.run.id, part.signal)
        before = self.shares.get(key)
        if before is None or before.feed != part.feed:
            own = self.shares[key] = Shares(part.run, part.feed, part.signal)
            own.told, own.said = (before.told, before.said) if before else (NEVER, "")
            own.home = self._first(own).home
        return self.shares[key]

    def _first(self, shares: Shares) -> Shares:
        """The first signal of the same feed; its entities are those of all."""
        return next(s for s in self.shares.values() if (s.run.id, s.feed) == (shares.run.id, shares.feed))

    def _release(self, shares: Shares) -> list[Bins]:
        status = _status(shares)
        last = max if status == END else min
        watermark = last(shares.watermarks.values())
        if watermark <= shares.told and status == shares.said:
            return []
        shares.told, shares.said = watermark, status
        ready, rest = [], []
        for part in shares.waiting:
            done = part.start + part.width <= watermark
            if done.any():
                ready.append(part if done.all() else _bins_at(part, done))
            if not done.all():
                rest.append(_bins_at(part, ~done))
        shares.waiting = rest
        if status == END:
            del self.shares[shares.run.id, shares.signal]
            remember(self.ended, (shares.run.id, shares.signal, shares.feed))
        merged = merge(ready, shares.home) if ready else no_bins(shares.run, shares.feed, -1)
        return cut(dataclasses.replace(merged, signal=shares.signal, watermark=watermark, status=status))

    def save(self) -> bytes:
        head, waiting = [], {}
        for i, s in enumerate(self.shares.values()):
            home = list(s.home.values()) if self._first(s) is s else []
            heads = (list(s.watermarks.items()), list(s.status.items()), home)
            head.append((s.run, s.feed, s.signal, s.told, s.said, s.begun, len(s.waiting), heads))
            for j, part in enumerate(s.waiting):
                waiting[f"{i}.{j}"] = np.frombuffer(encode(part), np.uint8)
        return pack((head, list(self.ended)), waiting)

    def load(self, state: bytes) -> None:
        (head, ended), waiting = unpack(state)
        self.shares, self.ended = {}, dict.fromkeys((run, signal, feed) for run, signal, feed in ended)
        for i, (run, feed, signal, told, said, begun, size, (watermarks, status, home)) in enumerate(head):
            run = Run.of(run)
            parts = [cast(Bins, decode(waiting[f"{i}.{j}"].tobytes())) for j in range(size)]
            settled = {(e[0], e[1]): Entity(*e) for e in home}
            own = Shares(run, feed, signal, dict(watermarks), dict(status), parts, told, said, begun, settled)
            self.shares[run.id, signal] = own
            own.home = self._first(own).home


def _refused(part: Bins, owner: str) -> DeadLetter:
    place = f"{part.signal} at {iso(int(part.start[0]))}, {len(part.start)} bins, partition {part.partition}"
    return DeadLetter(part.run.id, part.feed, OTHERS, place, f"in this run it is of {owner}: a signal is of one feed")


def _status(shares: Shares) -> str:
    """Ended once all partitions have ended; dead where a partition with the lowest watermark is dead: one that is
    behind has not reached the time at which the other died; in the past as long as one of them is."""
    if set(shares.status.values()) == {END}:
        return END
    lowest = min(shares.watermarks.values())
    if any(shares.status[i] == DEAD for i, mark in shares.watermarks.items() if mark == lowest):
        return DEAD
    return PAST if PAST in shares.status.values() else UP


def _bins_at(bins: Bins, rows: np.ndarray) -> Bins:
    return dataclasses.replace(bins, start=bins.start[rows], value=bins.value[rows], health=bins.health[rows])


def cut(bins: Bins) -> list[Bins]:
    """The same in frames whose entities are all known from their first bin on."""
    first = np.isnan(bins.health).cumprod(axis=0).sum(axis=0)
    told = pieces(bins, np.unique(first[(first > 0) & (first < len(bins.start))]).tolist())
    if len(told) == 1:
        return told
    return [_of_those(piece, first <= np.searchsorted(bins.start, piece.start[0])) for piece in told]


def _of_those(bins: Bins, its: np.ndarray) -> Bins:
    entities = tuple(bins.entities[i] for i in np.flatnonzero(its).tolist())
    return dataclasses.replace(bins, entities=entities, value=bins.value[:, its], health=bins.health[:, its])


def merge(parts: list[Bins], home: dict[tuple[str, str], Entity] | None = None) -> Bins:
    """The sum of partial bins of one signal; ``home`` gets the first entity (with its country) of each name.

    Examples
    --------
    >>> def part(partition, *value):
    ...     value = np.array([value])
    ...     return Bins(Run(), "ris", partition, "bgp.ris", 300, 600, "up",
    ...                 (Entity("country", "IQ"), Entity("country", "PK"))[: value.shape[1]],
    ...                 np.array([300]), value, np.ones(value.shape, np.float32))
    >>> merge([part(0, 1.0, np.nan), part(1, 2.0, 5.0), part(2, 4.0)]).value.tolist()
    [[7.0, nan]]
    """
    starts = np.unique(np.concatenate([part.start for part in parts]))
    keys = sorted({entity[:2] for part in parts for entity in part.entities})
    column = {key: i for i, key in enumerate(keys)}
    value = np.zeros((len(starts), len(keys)))
    health = np.full(value.shape, np.inf, np.float32)
    for part in parts:
        columns = np.array([column[entity[:2]] for entity in part.entities], np.intp)
        at = np.ix_(np.searchsorted(starts, part.start), columns)
        listed = ~np.isnan(part.health)
        value[at] += np.where(listed, part.value, 0)
        health[at] = np.fmin(health[at], part.health)
    listed = np.isfinite(health)
    home = {} if home is None else home
    _settle(parts, keys, home)
    merged = dataclasses.replace(
        parts[0], partition=-1, entities=tuple(home.get(key, Entity(*key)) for key in keys), start=starts,
        value=np.where(listed, value, np.nan), health=np.where(listed, health, np.nan),
    )  # fmt: skip
    known = np.array([key in home for key in keys], bool)
    return merged if known.all() else _of_those(merged, known)  # the others begin in a later frame


def _settle(parts: list[Bins], keys: list[tuple[str, str]], home: dict[tuple[str, str], Entity]) -> None:
    """Settle the entity of every listed name: the one with the largest value in the first bin that lists it.

    An AS with addresses of several countries must not change its country during an outage.
    """
    unsettled = {key for key in keys if key not in home}
    claims: dict[tuple[str, str], tuple[int, float, str, bool]] = {}
    for part in parts if unsettled else []:
        for i, entity in enumerate(part.entities):
            if entity[:2] in unsettled and not (unlisted := np.isnan(part.health[:, i])).all():
                first = int(np.argmin(unlisted))
                largest = -float(np.nan_to_num(part.value[first, i]))
                claim = (int(part.start[first]), largest, entity.country, entity.mobile)
                if claim < claims.get(entity[:2], (ALWAYS, 0.0, "", True)):
                    claims[entity[:2]], home[entity[:2]] = claim, entity
