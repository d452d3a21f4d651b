"""The client of every polled feed: asks for the past, then again and again for what is new or has changed.

Each answer counts by itself: what a request gave is sent at once, and one that is refused is said with its places.
"""

import logging
import random
from collections import deque
from collections.abc import AsyncIterator, Iterable, Iterator, Set
from dataclasses import dataclass, field
from itertools import chain

import msgspec
import numpy as np

from pipeline.bins import DAY, NEVER
from pipeline.errors import DecodeError, UserError, few, printable
from pipeline.feeds.base import Item
from pipeline.feeds.live.base import HEARTBEAT, Access, Clock, FeedError, Outlet, Scope
from pipeline.feeds.live.http import Http
from pipeline.feeds.polled import Place, Points, Polled, Request
from pipeline.feeds.timestamps import BATCH
from pipeline.files import written
from pipeline.kinds import impossible
from pipeline.records import DEAD, UP, Entity, Rows, Run

log = logging.getLogger(__name__)


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

    tries: int = 3
    """A request that fails so often is given up until the next round, and so many failures in a row are the host's."""

    waits: tuple[float, ...] = (2, 4, 8, 16, 32)
    """Pauses where the publisher is asked too often [s]: a minute in all, as quotas are told by the minute."""

    jitter: float = 0.1
    """Polls come later by up to this share of the period [-], so that not all clients ask at the same second."""


class Sent(msgspec.Struct):
    """What was sent of an entity: values by the start of their bin, and the scale of its last answer."""

    value: dict[int, float]
    scale: float = 1.0


Requests = deque[tuple[Request, int]]
"""What is still to be asked, and how often each has failed."""


@dataclass
class Round:
    """What the answers so far have shown.

    ``begun``: when; ``asked``: when what is ``todo`` was made [s of the clock]; ``answered``: how many; ``same``:
    whether one was unchanged; ``shown``: end of their newest bin [s]; ``refused``: places of requests that were given
    up, and why; ``missing``: those without a value, too; ``error``: the first one.
    """

    todo: Requests
    begun: float
    asked: float
    answered: int = 0
    same: bool = False
    shown: int = NEVER
    refused: dict[str, str] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    error: FeedError | None = None

    def letters(self, feed: str) -> list[DecodeError]:
        """What was refused, where anything was answered: else it is the feed that gives nothing."""
        return [DecodeError(feed, "refused", *one) for one in self.refused.items() if self.answered]


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
        self._found: dict[str, tuple[Place, ...]] = {}
        self._round: Round | None = None
        self._told, self._looked = set[str](), set[str]()
        self._refused: set[Place] = set()
        self.missing: dict[str, str] = {}
        self._file = access.cache / f"{self.feed}.json" if access.cache else None
        self._sent = self._read()

    async def history(self, start: int, end: int) -> AsyncIterator[Item]:
        async with self.http:
            for begin, stop in self._windows(start, end):
                given, damage = list[Points](), list[DecodeError]()
                turn = Round(await self._requests([(begin, stop)], damage), start, start)
                async for points, wrong in self._answers(turn):
                    given += [_between(one, begin, stop) for one in points]
                    damage += wrong
                for damaged in (*damage, *turn.letters(self.feed)):
                    yield damaged
                for rows in self._rows(given):
                    yield rows
                if turn.error and not turn.answered:
                    raise turn.error
                self._remember(given)
                self._advance()
                self.shown = self.newest

    async def listen(self, outlet: Outlet) -> None:
        async with self.http:
            while True:
                try:
                    begun = await self._poll(outlet)
                except BaseException:
                    self.http.forget()
                    raise
                due = begun + self.polled.period * (1 + self.rules.jitter * self.jitter())
                await self._beat(outlet)
                while (rest := due - self.clock.now()) > 0:
                    await self.clock.sleep(min(rest, HEARTBEAT / 2))
                    await self._beat(outlet)

    async def _poll(self, outlet: Outlet) -> float:
        """Ask for what may be new, from some time before the newest bin on, and put it; says what is wrong.

        A round that was broken off is gone on with, so that a quota slows all places and starves none.  Gives when it
        began [s].
        """
        now, left = self.clock.now(), set[Place]()
        if self._round is not None:
            left = {place for request, _ in self._round.todo for place in request.places}
        if self._round is None or now - self._round.asked > self.polled.period:
            damage = list[DecodeError]()
            start = int(now - self.rules.first if self.newest == NEVER else self.newest) - self.polled.reread
            windows = self._windows(max(start, int(now) - self.polled.keep), int(now))
            todo = await self._requests(windows, damage, left)
            if self._round is None or not self._round.answered:
                self.http.turn()
                self._round = Round(todo, now, now)
            self._round.todo, self._round.asked = todo, now
            await outlet.put(self._untold(damage))
            self._looked = {str(one) for one in damage}
        turn, told = self._round, self._looked
        async for points, damage in self._answers(turn):
            fresh = [self._new(one) for one in points]
            told |= {str(one) for one in damage}
            await outlet.put((*self._untold(damage), *self._rows(fresh)))
            self._remember(fresh)
        letters = turn.letters(self.feed)
        await outlet.put(self._untold(letters))
        told |= {str(one) for one in letters}
        self._round, self._told, self.missing = None, told, turn.missing
        self._advance()  # not before all of it has come: what is behind it would be late
        if turn.error and not turn.same and (turn.shown == NEVER or not turn.answered):
            raise turn.error
        self.shown = max(turn.shown, self.shown) if turn.same else turn.shown
        return turn.begun

    def _untold(self, damage: list[DecodeError]) -> list[DecodeError]:
        """What the round before did not say."""
        return [one for one in damage if str(one) not in self._told]

    async def _beat(self, outlet: Outlet) -> None:
        age, reason = int(self.clock.now()) - self.shown, ""
        if self.newest == NEVER:
            reason = f"{self.http.host} has no values of what is watched"
        elif self.shown == NEVER:
            reason = f"{self.http.host} gives no values of the last {_old(self.polled.reread)}"
        elif age > self.polled.patience:
            reason = f"its newest value is {_old(age)} old"
        status = DEAD if reason else UP
        if self.missing and not reason:
            reason = f"without {few(list(self.missing))}: {next(iter(self.missing.values()))}"
        reached = max(NEVER, self.newest - self.polled.grace)
        await outlet.beat(reached, status, reason)

    def _windows(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """What is asked at a time, of ``[start, end)`` [s]; answers of a relative feed must overlap, too."""
        step = self.polled.longest - self._overlap
        return ((begin, min(begin + step, end)) for begin in range(start, end, step))

    @property
    def _overlap(self) -> int:
        return self.polled.reread if self.polled.relative else 0

    async def _requests(
        self, windows: Iterable[tuple[int, int]], damage: list[DecodeError], only: Set[Place] = frozenset()
    ) -> Requests:
        """What is asked of bins that are over, of all places where none is named.

        A place that was refused before is asked for by itself.
        """
        polled, width = self.polled, self.polled.width
        places = [place for place in await self._places(damage) if not only or place in only]
        groups = [tuple(place for place in places if place not in self._refused)]
        groups += [(place,) for place in places if place in self._refused]
        now = int(self.clock.now()) // width * width
        times = [
            ((begin - self._overlap) // width * width, min(-(-end // width) * width, now)) for begin, end in windows
        ]
        return deque((one, 0) for group in groups for begin, end in times for one in polled.asks(begin, end, group))

    async def _answers(self, turn: Round) -> AsyncIterator[tuple[list[Points], list[DecodeError]]]:
        """What each request of a round gave, and damage; one that fails is asked again after the others.

        Raises `FeedError` where it is the host that fails; the round can be gone on with.
        """
        in_a_row = 0
        while turn.todo:
            request, failed = turn.todo[0]
            points, damage = list[Points](), list[DecodeError]()
            try:
                body = await self._get(request)
                if body is not None:
                    points, damage = self._parsed(body, request)
                turn.answered, turn.same, in_a_row = turn.answered + 1, turn.same or body is None, 0
                turn.shown = max(
                    [turn.shown, *(int(one.time.max()) + self.polled.width for one in points if len(one.time))]
                )
                self._refused.difference_update(request.places)
            except DecodeError as error:
                self.http.forget()
                damage = [DecodeError(self.feed, error.reason, _names(request), error.detail)]
            except FeedError as error:
                self.http.forget()
                turn.todo.popleft()
                if error.alone and len(request.places) > 1:
                    turn.todo.extendleft((half, 0) for half in self._halves(request))
                    continue
                in_a_row += not error.alone
                if not error.alone and failed + 1 < self.rules.tries:
                    turn.todo.append((request, failed + (error.after is None)))
                    if error.after is not None or in_a_row == self.rules.tries:
                        raise
                    continue
                turn.todo.appendleft((request, failed))
                self._refused.update(request.places)
                turn.refused[_names(request)] = turn.missing[_names(request)] = str(error)
                turn.error = turn.error or error
            if damage and not any(len(one.time) for one in points):
                turn.error = turn.error or self._unusable(damage[0])
                turn.missing[_names(request)] = damage[0].detail
            yield points, damage
            turn.todo.popleft()

    async def _get(self, request: Request) -> bytes | None:
        """The body of an answer, asked for again after a while where the publisher is asked too often."""
        for wait in (*self.rules.waits, None):
            try:
                return await self.http.get(request.path, request.query)
            except FeedError as error:
                if error.after is None or wait is None or error.after > self.rules.waits[-1]:
                    raise
                await self.clock.sleep(max(wait, error.after))
        raise AssertionError

    def _parsed(self, body: bytes, request: Request) -> tuple[list[Points], list[DecodeError]]:
        """The values of an answer, and damage; `DecodeError` for one without any use."""
        points, damage = list[Points](), list[DecodeError]()
        for item in self.polled.parse(body, request):
            if isinstance(item, DecodeError):
                damage.append(item)
            else:
                scaled = self._scaled(self._usable(item, request.start, damage))
                points.append(_between(scaled, request.start + self._overlap, request.end + self.polled.width))
        return points, damage

    def _halves(self, request: Request) -> Iterator[Request]:
        places, middle = request.places, len(request.places) // 2
        for half in (places[middle:], places[:middle]):
            yield from self.polled.asks(request.start, request.end, half)

    async def _places(self, damage: list[DecodeError]) -> tuple[Place, ...]:
        """What is watched; what is looked up is asked for until it is found."""
        for request in self.polled.lookups(self.scope):
            if (key := _names(request)) in self._found:
                continue
            try:
                items = list(self.polled.found(await self._get(request) or b"", request))
            except DecodeError as error:
                self.http.forget()
                damage.append(DecodeError(self.feed, error.reason, f"the parts of {key}", error.detail))
                continue
            except FeedError as error:
                if not error.alone:
                    raise
                damage.append(DecodeError(self.feed, "refused", f"the parts of {key}", str(error)))
                continue
            damage += (item for item in items if isinstance(item, DecodeError))
            self._found[key] = tuple(item for item in items if isinstance(item, Place))
        return tuple(dict.fromkeys((*self.polled.places(self.scope), *chain(*self._found.values()))))

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
            try:
                self._file.parent.mkdir(parents=True, exist_ok=True)
                with written(self._file) as file:
                    file.write(msgspec.json.encode(self._sent))
            except (UserError, OSError) as error:  # of a full disk: what is sent goes on
                log.warning("%s: %s", self.feed, error)

    def _read(self) -> dict[str, Sent]:
        try:
            return msgspec.json.decode(self._file.read_bytes(), type=dict[str, Sent]) if self._file else {}
        except (OSError, msgspec.DecodeError):
            return {}

    def _unusable(self, error: DecodeError) -> FeedError:
        return FeedError(f"the answer of {self.http.host} is of no use: {printable(error.detail)[:200]}")


def _names(request: Request) -> str:
    """The places of a request, for a person."""
    return few([place.entity.name for place in request.places])


def _key(entity: Entity) -> str:
    return f"{entity.type}/{entity.name}"


def _between(points: Points, start: int, end: int) -> Points:
    """Those of bins that begin in ``[start, end)`` [s]."""
    here = (points.time >= start) & (points.time < end)
    return Points(points.entity, points.time[here], points.value[here])


def _old(age: int) -> str:
    """An age [s] in words."""
    return f"{age // 60} minutes" if age < 7200 else f"{age // 3600} hours"
