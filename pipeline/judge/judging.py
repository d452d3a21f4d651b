"""The judge stage: detectors say of every bin of a signal what they expected and what they think of it."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from detectors.base import AnyDetector, Context, Verdict, joined
from detectors.state import pack as pack_state
from detectors.state import unpack as unpack_state
from pipeline.bins import NEVER
from pipeline.geo.calendar import Calendar
from pipeline.judge.at_once import AtOnce
from pipeline.judge.common import shifted, without
from pipeline.judge.jointly import Ask, Asking, jointly, rounds
from pipeline.judge.judged import NO_COLUMNS, Series
from pipeline.judge.level import Level
from pipeline.judge.moving import calm_after, first_move
from pipeline.judge.stragglers import Stragglers
from pipeline.judge.stuck import Repeats
from pipeline.judge.votes import before_first, votable, votes_at
from pipeline.kinds import KINDS
from pipeline.records import END, UP, Bins, Entity, Run, Verdicts
from pipeline.settings import Judging
from pipeline.state import pack, remember, touch, unpack
from pipeline.topics import partition_for

Detectors = Callable[[str], tuple[AnyDetector, ...]]
"""Those of a signal."""


def alone(signal: str) -> tuple[AnyDetector, ...]:
    """No detector stands beside the first."""
    return ()


class JudgeStage:
    """Judges merged bins.

    Input: merged `Bins`, in order of start per signal.  Output: `Verdicts`, one frame for every fusion partition (by
    country) each time, so that all of them hear of the watermark.  A bin that comes again is ignored.

    What a feed's series have in common (`judge.common`) is divided out before they are judged: the detector sees a
    feed that is whole.  The value that goes on is the one that came, what was expected of it is as the feed shows it.
    What a feed repeats that is stuck (`judge.stuck`), or a single series that is frozen, or what it says while all
    countries have fallen alike, is not observed: values go on as NaN, health as 0.

    Those ``beside`` the first detector hear the same, in frames of their own.  These come before the first one's and
    move no watermark: fusion has them all when the bin's turn comes.  They have a ``slow_calendar`` of their own.
    """

    def __init__(
        self, detector: Callable[[str], AnyDetector], calendar: Calendar, partitions: int,
        settings: Judging | None = None, beside: Detectors = alone, slow_calendar: Calendar | None = None,
    ) -> None:  # fmt: skip
        self.detector, self.beside, self.calendar, self.partitions = detector, beside, calendar, partitions
        self.slow_calendar = slow_calendar or calendar
        self.settings = settings or Judging()
        self.series: dict[tuple[str, str], Series] = {}
        self.ended: dict[tuple[str, str], None] = {}

    def step(self, bins: Bins) -> list[Verdicts]:
        """Judge the bins of one frame; one that comes again after the end of its signal is nothing new."""
        return self.steps([bins])

    def steps(self, frames: Sequence[Bins]) -> list[Verdicts]:
        """Judge frames, those of several signals of a run side by side: what is told is what each would be told alone.

        An error in one of them is one of all: nothing is told.
        """
        told: list[Verdicts] = []
        for some in rounds(frames):
            for bins, own in zip(some, jointly([self._told(bins) for bins in some]), strict=True):
                told += own
                if bins.status == END and (bins.run.id, bins.signal) in self.series:
                    del self.series[bins.run.id, bins.signal]
                    remember(self.ended, (bins.run.id, bins.signal))
        return told

    def _told(self, bins: Bins) -> Asking[list[Verdicts]]:
        if (bins.run.id, bins.signal) in self.ended:
            return []
        series = self._series(bins)
        fresh = np.flatnonzero(bins.start > series.judged)
        columns = series.columns(bins.entities)
        verdicts, common, blind = yield from self._judge(series, bins, fresh, columns)
        blind = blind[:, columns]
        shared = {"value": np.where(blind, np.nan, bins.value[fresh]), "start": bins.start[fresh]}
        shared["health"] = np.where(blind & ~np.isnan(bins.health[fresh]), np.float32(0), bins.health[fresh])
        shared["common"] = common
        homes = self._homes(series, bins.entities)
        teller = next((partition for partition, own in enumerate(homes) if len(own)), 0)
        told = []
        for place in reversed(range(len(series.detectors) if len(fresh) else 1)):
            judged = verdicts[place]
            fields = shared | {
                name: getattr(judged, name)[:, columns]
                for name in ("expected", "lower", "upper", "score", "state", "settled")
            }
            frames = [self._frame(series, bins, fields, at, own, teller) for at, own in enumerate(homes)]
            told += [_beside(frame, series.detectors[place].name) for frame in frames] if place else frames
        return told

    def _series(self, bins: Bins) -> Series:
        key = (bins.run.id, bins.signal)
        if key not in self.series:
            detectors = (self.detector(bins.signal), *self.beside(bins.signal))
            self.series[key] = Series(bins.run, bins.signal, detectors, [detector.init(0) for detector in detectors])
        for gone in touch(self.series, key):
            remember(self.ended, gone)
        return self.series[key]

    def _judge(
        self, series: Series, bins: Bins, fresh: np.ndarray, columns: np.ndarray
    ) -> Asking[tuple[list[Verdict], np.ndarray, np.ndarray]]:
        """Of the bins ``fresh (t,)``: every detector's verdict, the share at which all series stand for their feed's
        reasons ``(t,)``, and of whom nothing can be said ``(t, n)``."""
        shape = (len(fresh), len(series.entities))
        x, health = np.full(shape, np.nan), np.zeros(shape)
        x[:, columns], health[:, columns] = bins.value[fresh], np.nan_to_num(bins.health[fresh])
        begun = np.zeros(shape[1], np.intp)
        begun[columns] = before_first(bins.health[fresh])
        begun[series.met] = 0
        series.met = series.met | (begun < len(fresh))
        slot, kind = self.calendar(series.countries, bins.start[fresh])
        slow = self.slow_calendar(series.countries, bins.start[fresh])[1] if len(series.detectors) > 1 else kind
        told, common, blind = [], np.full(len(fresh), np.nan), np.zeros(shape, bool)
        at, reach, until, who = 0, len(fresh), len(fresh), series.who
        while at < len(fresh):
            if who is None or at >= until:
                who, until = votes_at(series.signal, series.entities, self.settings, begun, at)
                series.who = who
            reach = min(reach, until - at)
            unseen = series.repeats.take(x[at : at + reach], self.settings.stuck_odds, bins.width)
            taken = len(unseen)
            now = slice(at, at + taken)
            x[now][unseen], health[now][unseen] = np.nan, 0.0
            context = Context(bins.width, health[now], slot[now], kind[now], series.switched)
            asking = self._judge_some(series, bins.start[fresh][now], x[now], context, slow[now])
            verdicts, share, unsaid = yield from asking
            series.repeats.judged(verdicts[0].state)
            common[now] = share if votable(who, self.settings) else np.nan
            blind[now] = unsaid | unseen
            told.append(verdicts)
            at, reach = at + taken, 2 * taken
        if not series.met.all():  # who is listed and not there yet votes from its first bin on
            series.who = None
        n = shape[1]
        each = [joined([verdicts[place] for verdicts in told], n) for place in range(len(series.detectors))]
        return each, common, blind

    def _judge_some(
        self, series: Series, start: np.ndarray, x: np.ndarray, context: Context, slow: np.ndarray
    ) -> Asking[tuple[list[Verdict], np.ndarray, np.ndarray]]:
        """Every detector's verdict on bins ``x (t, n)``, at which share their series stand ``(t,)``, and where nothing
        can be said of them for their feed's reasons ``(t, n)``; ``slow (t, n)``: kinds of day for the further ones.

        They are judged at once up to one in which they have moved: that one is judged again, without the move.
        """
        countries, who = series.countries, series.who
        assert who is not None
        first, *further = series.detectors
        told, shares, unsaid, at, reach, turned = [], np.ones(len(x)), np.zeros(x.shape, bool), 0, len(x), -1
        while at < len(x):
            now = slice(at, at + reach)
            own, here = without(x[now], series.level.now), context.rows(now)
            state, verdict = yield Ask(first, own, start[now], here, series.states[0], countries)
            taken, shift, share = first_move(own, verdict, series.calm, series.level, who, self.settings, context.width)
            is_broken = share != 1 and not shift
            if is_broken and at > turned and series.level.is_back(share, self.settings):
                series.level.turn()
                turned = at  # once a bin: between two levels rounding could turn it to and fro for ever
                continue
            if shift:  # who fell is asked of a feed without its move
                now = slice(at, at + taken)
                own, here = without(x[now], series.level.now + shift), context.rows(now)
                state, verdict = yield Ask(first, own, start[now], here, series.states[0], countries)
            stands, late, fallen = share if is_broken else 1.0, series.stragglers, series.at_once
            taken = 1 if late.who.any() or fallen.held.any() else taken
            gone = late.gone(own[0], verdict.expected[0], series.calm, stands, context.width)
            said = Verdict(*(a[0] for a in verdict))
            if (hold := fallen.hold(said, series.calm & ~gone, who, context.width, stands)).any():
                gone, taken = gone | hold, 1
            if gone.any() or is_broken or taken < len(own):
                now = slice(at, at + taken)
                x[at, gone], context.health[at, gone], unsaid[at] = np.nan, 0.0, gone
                own, here = without(x[now], series.level.now + shift), context.rows(now)
                state, verdict = yield Ask(first, own, start[now], here, series.states[0], countries)
            there = replace(here, day_kind=slow[now])
            more = []
            for detector, was in zip(further, series.states[1:], strict=True):
                more.append((yield Ask(detector, own, start[now], there, was, countries)))
            series.states = [state, *(state for state, _ in more)]
            series.calm = calm_after(series.calm, verdict.state)
            told.append([shifted(v, series.level.now + shift) for v in (verdict, *(v for _, v in more))])
            shares[now] = share
            series.level.follow(share, is_broken, int(start[now][-1]) + context.width, self.settings)
            at, reach = at + taken, 2 * taken
        series.judged = int(start[-1])
        return [joined(list(each), x.shape[1]) for each in zip(*told, strict=True)], shares, unsaid

    def _frame(
        self, series: Series, bins: Bins, fields: dict[str, np.ndarray], partition: int, own: np.ndarray, teller: int
    ) -> Verdicts:
        common = fields["common"] if partition == teller else np.full(len(fields["start"]), np.nan)
        columns = {name: a[:, own] for name, a in fields.items() if name not in ("start", "common")}
        return Verdicts(
            run=bins.run, feed=bins.feed, partition=partition, signal=bins.signal, detector=series.detectors[0].name,
            width=bins.width, watermark=bins.watermark, status=bins.status,
            entities=tuple(bins.entities[i] for i in own.tolist()),
            start=fields["start"], common=common, **columns,
        )  # fmt: skip

    def _homes(self, series: Series, entities: tuple[Entity, ...]) -> list[np.ndarray]:
        """Where the entities of each fusion partition stand in a frame; see `Series.columns`."""
        if not entities:
            return [NO_COLUMNS] * self.partitions
        if (found := series.homes.get(entities)) is None:
            home = np.array([partition_for(e.country or e.name, self.partitions) for e in entities], np.intp)
            found = [np.flatnonzero(home == partition) for partition in range(self.partitions)]
            series.homes = {entities: found}
        return found

    def form(self) -> str:
        """The detectors and the fields of their states, which what is saved consists of."""
        first = dict.fromkeys(_form(self.detector(kind)) for kind in ("", *KINDS))
        beside = [f"beside {kind}: {_form(detector)}" for kind in KINDS for detector in self.beside(kind)]
        return "; ".join([*first, *beside])

    def save(self) -> bytes:
        """Every series' detector state."""
        head: list[Any] = []
        arrays: dict[str, np.ndarray] = {}
        for i, s in enumerate(self.series.values()):
            counts, own = s.repeats.save()
            head.append((s.run, s.signal, s.entities, s.judged, s.level.save(), counts))
            arrays |= {f"{i}.repeats.{name}": array for name, array in own.items()} | {
                f"{i}.calm": s.calm,
                f"{i}.stragglers": s.stragglers.who,
                f"{i}.waited": s.stragglers.waited,
                f"{i}.share": s.stragglers.share,
                f"{i}.held": s.at_once.held,
                f"{i}.met": s.met,
            }
            for j, state in enumerate(s.states):
                arrays |= {f"{i}.{j}.{name}": array for name, array in pack_state(state).items()}
        return pack((head, list(self.ended)), arrays)

    def load(self, state: bytes) -> None:
        """Take over saved series."""
        (head, ended), arrays = unpack(state)
        self.series, self.ended = {}, dict.fromkeys((run, signal) for run, signal in ended)
        for i, (run, signal, entities, judged, level, counts) in enumerate(head):
            detectors, states = (self.detector(signal), *self.beside(signal)), []
            for j, detector in enumerate(detectors):
                prefix = f"{i}.{j}."
                own = {name[len(prefix) :]: array for name, array in arrays.items() if name.startswith(prefix)}
                states.append(unpack_state(detector, own))
            own = {name: arrays[f"{i}.repeats.{name}"] for name in ("last", "calm", "counts", "usual")}
            repeats = Repeats.load(counts, own)
            self.series[run[0], signal] = Series(
                Run.of(run), signal, detectors, states,
                [Entity(*e) for e in entities], tuple(e[2] for e in entities), judged,
                arrays[f"{i}.met"].copy(), Level(*level), arrays[f"{i}.calm"].copy(), repeats,
                Stragglers(*(arrays[f"{i}.{name}"].copy() for name in ("stragglers", "waited", "share"))),
                AtOnce(arrays[f"{i}.held"].copy()),
            )  # fmt: skip


def _beside(frame: Verdicts, name: str) -> Verdicts:
    """A frame of a further detector: it says nothing of how far the signal is, nor of its feed."""
    return replace(frame, detector=name, watermark=NEVER, status=UP, common=np.full(len(frame.start), np.nan))


def _form(detector: AnyDetector) -> str:
    arrays = pack_state(detector.init(0))
    return f"{detector.name}: " + ", ".join(f"{name} {a.dtype}{list(a.shape[1:])}" for name, a in arrays.items())
