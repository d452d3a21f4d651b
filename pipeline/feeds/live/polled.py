"""The client of every polled feed: asks for the past, then again and again for what is new or has changed."""

import random
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass

import msgspec
import numpy as np

from pipeline.bins import DAY, NEVER
from pipeline.errors import DecodeError, printable
from pipeline.feeds.base import Item
from pipeline.feeds.live.base import HEARTBEAT, Access, Clock, FeedError, Outlet, Scope
from pipeline.feeds.live.http import Http
from pipeline.feeds.polled import Place, Points, Polled
from pipeline.feeds.timestamps import BATCH
from pipeline.files import written
from pipeline.kinds import impossible
from pipeline.records import DEAD, UP, Entity, Rows, Run


@dataclass(frozen=True)
class Polling:
    """What is the same for all polled feeds."""

    first: int = 2 * DAY
    """How far back the first poll looks where no past was asked for [s]: far enough to say how old the values are."""

    straggler: int = 2
    """A place whose values end by more than this before those of others is not waited for [bins]."""

    overlap: int = 4
    """Fewest values above 0 that two answers of a relative feed must share to find the ratio of their scales [-]."""

    same: float = 0.01
    """Values of a relative feed that differ by a smaller share are the same [-]: its scale is found by noisy ratios."""

    rounded: float = 1e-5
    """The same for values near 0, on the scale of their answer [-]: Radar gives six digits."""

    jitter: float = 0.1
    """Polls come later by up to this share of the period [-], so that not all clients ask at the same second."""


class Sent(msgspec.Struct):
    """What was sent of an entity: values by the start of their bin, and the scale of its last answer."""

    value: dict[int, float]
    scale: float = 1.0


class Poller:
    """A `Client` of a polled feed.

    ``newest``: end of the newest bin with a value, of the place that is last but no straggler [s], `NEVER` before any;
    ``shown``: end of the newest bin in the last answers.
    """

    patience = 900.0

    def __init__(self, polled: Polled, scope: Scope, access: Access, clock: Clock, rules: Polling = Polling()) -> None:
        self.polled, self.scope, self.clock, self.rules = polled, scope, clock, rules
        self.feed = polled.name
        self.http = Http(access, clock, polled.pace)
        self.newest = NEVER
        self.shown = NEVER
        self.jitter = random.random
        self._known: tuple[Place, ...] = ()
        self._file = access.cache / f"{self.feed}.json" if access.cache else None
        self._sent = self._read()

    async def history(self, start: int, end: int) -> AsyncIterator[Item]:
        async with self.http:
            for begin, stop in self._windows(start, end):
                try:
                    points, damage, _ = await self._asked(begin, stop)
                except DecodeError as error:
                    yield error
                    raise self._unusable(error) from None
                given = [_between(one, begin, stop) for one in points]
                for damaged in damage:
                    yield damaged
                for rows in self._rows(given):
                    yield rows
                self._remember(given)
                self._advance()
                self.shown = self.newest

    async def listen(self, outlet: Outlet) -> None:
        async with self.http:
            while True:
                due = self.clock.now() + self.polled.period * (1 + self.rules.jitter * self.jitter())
                try:
                    await self._poll(outlet)
                except BaseException:
                    self.http.forget()
                    raise
                while (rest := due - self.clock.now()) > 0:
                    await self._beat(outlet)
                    await self.clock.sleep(min(rest, HEARTBEAT / 2))

    async def _poll(self, outlet: Outlet) -> None:
        """Ask for what may be new, from some time before the newest bin on, and put it; says what is wrong."""
        self.http.turn()
        now, shown, same = int(self.clock.now()), NEVER, False
        start = (now - self.rules.first if self.newest == NEVER else self.newest) - self.polled.reread
        letters = list[DecodeError]()
        for begin, stop in self._windows(max(start, now - self.polled.keep), now):
            try:
                points, damage, unchanged = await self._asked(begin, stop)
            except DecodeError as error:
                await outlet.put([error])
                raise self._unusable(error) from None
            fresh = [self._new(_between(one, begin, stop)) for one in points]
            await outlet.put((*damage, *self._rows(fresh)))
            self._remember(fresh)
            shown = max([shown, *(int(one.time.max()) + self.polled.width for one in points if len(one.time))])
            same, letters = same or unchanged, [*letters, *damage]
        self._advance()  # not before all of it has come: what is behind it would be late
        if shown == NEVER and letters:
            raise self._unusable(letters[0])
        self.shown = max(shown, self.shown) if same else shown

    async def _beat(self, outlet: Outlet) -> None:
        age, reason = int(self.clock.now()) - self.shown, ""
        if self.newest == NEVER:
            reason = f"{self.http.host} has no values of what is watched"
        elif self.shown == NEVER:
            reason = f"{self.http.host} gives no values of the last {_old(self.polled.reread)}"
        elif age > self.polled.patience:
            reason = f"its newest value is {_old(age)} old"
        reached = max(NEVER, self.newest - self.polled.grace)
        await outlet.beat(reached, DEAD if reason else UP, reason)

    def _windows(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """What is asked at a time, of ``[start, end)`` [s]; answers of a relative feed must overlap, too."""
        step = self.polled.longest - self._overlap
        return ((begin, min(begin + step, end)) for begin in range(start, end, step))

    @property
    def _overlap(self) -> int:
        return self.polled.reread if self.polled.relative else 0

    async def _asked(self, start: int, end: int) -> tuple[list[Points], list[DecodeError], bool]:
        """What the publisher has of ``[start, end)`` [s], damage, and whether any answer was unchanged.

        A bin that is not over has no value yet.  Raises `FeedError`, and `DecodeError` for an answer without any use.
        """
        polled, points, damage, same = self.polled, list[Points](), list[DecodeError](), False
        begin = (start - self._overlap) // polled.width * polled.width
        until = -(-end // polled.width) * polled.width
        for request in polled.asks(begin, until, await self._places(damage)):
            body = await self.http.get(request.path, request.query)
            same |= body is None
            for item in polled.parse(body, request) if body is not None else ():
                if isinstance(item, DecodeError):
                    damage.append(item)
                else:
                    points.append(self._scaled(self._usable(item, begin, damage)))
        return points, damage, same

    async def _places(self, damage: list[DecodeError]) -> tuple[Place, ...]:
        """What is watched; asked for once."""
        if not self._known:
            found = [*self.polled.places(self.scope)]
            for request in self.polled.lookups(self.scope):
                body = await self.http.get(request.path, request.query)
                for item in self.polled.found(body or b"", request):
                    if isinstance(item, DecodeError):
                        damage.append(item)
                    else:
                        found.append(item)
            self._known = tuple(dict.fromkeys(found))
        return self._known

    def _usable(self, points: Points, begin: int, damage: list[DecodeError]) -> Points:
        """The values of bins that are over; those of bins that are still to come are damage."""
        now, time = self.clock.now(), points.time
        if ahead := int((time > now).sum()):
            place = f"{points.entity.type} {points.entity.name}"
            damage.append(DecodeError(self.feed, "time-ahead", place, f"{ahead:,} bins begin after now"))
        value = np.where(impossible(self.polled.signal, points.value), np.nan, points.value)
        here = np.isfinite(value) & (time + self.polled.width <= now) & (time >= begin)
        return Points(points.entity, time[here], value[here])

    def _scaled(self, points: Points) -> Points:
        """The values on the scale of those that were sent: by the median ratio where both are."""
        if not self.polled.relative:
            return points
        sent = self._sent.setdefault(_key(points.entity), Sent({}))
        before = np.array([sent.value.get(time, 0.0) for time in points.time.tolist()])
        both = (before > 0) & (points.value > 0)
        if both.sum() >= self.rules.overlap:
            sent.scale = float(np.median(before[both] / points.value[both]))
        return points._replace(value=points.value * sent.scale)

    def _new(self, points: Points) -> Points:
        """Those values that were not sent yet, or are others now."""
        known = self._sent.get(_key(points.entity), Sent({}))
        before = np.array([known.value.get(time, np.nan) for time in points.time.tolist()])
        near = self.rules.same * before + self.rules.rounded * known.scale if self.polled.relative else 0.0
        here = ~(np.abs(points.value - before) <= near)
        return Points(points.entity, points.time[here], points.value[here])

    def _rows(self, points: Iterable[Points]) -> Iterator[Rows]:
        """Rows in order of time, of a day at most."""
        some = [one for one in points if len(one.time)]
        if not some:
            return
        time, value = np.concatenate([one.time for one in some]), np.concatenate([one.value for one in some])
        entity = np.repeat(np.arange(len(some), dtype=np.int32), [len(one.time) for one in some])
        order = np.argsort(time, kind="stable")
        head = (Run(), self.feed, 0, self.polled.signal, self.polled.width, (), 0, tuple(one.entity for one in some))
        day, number = time[order] // DAY, np.arange(len(order))
        cuts = np.flatnonzero((np.diff(day) != 0) | (number[1:] % BATCH == 0)) + 1
        for rows in np.split(order, cuts):
            yield Rows(*head, time[rows].astype(np.int64), entity[rows], value[rows])

    def _remember(self, points: Iterable[Points]) -> None:
        """The values are sent."""
        for one in points:
            sent = self._sent.setdefault(_key(one.entity), Sent({}))
            sent.value.update(zip(one.time.tolist(), one.value.tolist(), strict=True))

    def _advance(self) -> None:
        """Reach the time of what was sent, and forget what is not asked for again but the scale of a relative feed."""
        ends = [max(sent.value) + self.polled.width for sent in self._sent.values() if sent.value]
        if ends:
            self.newest = max(
                self.newest, min(end for end in ends if end >= max(ends) - self.rules.straggler * self.polled.width)
            )
        since = self.newest - 2 * self.polled.reread - self.polled.width
        for sent in self._sent.values():
            sent.value = {time: value for time, value in sent.value.items() if time >= since}
        if self._file is not None:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with written(self._file) as file:
                file.write(msgspec.json.encode(self._sent))

    def _read(self) -> dict[str, Sent]:
        try:
            return msgspec.json.decode(self._file.read_bytes(), type=dict[str, Sent]) if self._file else {}
        except (OSError, msgspec.DecodeError):
            return {}

    def _unusable(self, error: DecodeError) -> FeedError:
        return FeedError(f"the answer of {self.http.host} is of no use: {printable(error.detail)[:200]}")


def _key(entity: Entity) -> str:
    return f"{entity.type}/{entity.name}"


def _between(points: Points, start: int, end: int) -> Points:
    """Those of bins that begin in ``[start, end)`` [s]."""
    here = (points.time >= start) & (points.time < end)
    return Points(points.entity, points.time[here], points.value[here])


def _old(age: int) -> str:
    """An age [s] in words."""
    return f"{age // 60} minutes" if age < 7200 else f"{age // 3600} hours"
