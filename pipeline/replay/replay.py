"""Replay: recorded feeds through the engine, in memory or through Kafka, with the same answer."""

import heapq
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import cast

from pipeline.bins import DAY, NEVER
from pipeline.codec import outage_json
from pipeline.engine import Engine, Output, chain
from pipeline.feeds import Dispatch, Line, Recording
from pipeline.records import DeadLetter, Elements, Frame, Heartbeat, Left, Outage, Places, Progress, Rows, Run, known
from pipeline.replay.coverage import Observed
from pipeline.replay.past import Past
from pipeline.settings import Fusing
from pipeline.signals.binning import Late, Total, answered

See = Callable[[Output | DeadLetter], None]
"""Is shown everything that comes out, as it comes."""


@dataclass
class Result:
    """What a replay led to.

    totals: by feed and partition, how many records were taken into bins and found late, counted where that happens;
    late: records that came after their bin was closed; dead: what could not be used; judged: by fusion partition, how
    many bins of entities were observed well enough for a verdict; missed: how many were fused without; left: what was
    seen last of what is still out.
    """

    run: Run
    outages: dict[str, Outage] = field(default_factory=dict)
    totals: dict[tuple[str, int], Total] = field(default_factory=dict)
    late: int = 0
    dead: list[DeadLetter] = field(default_factory=list)
    watermark: int = NEVER
    judged: dict[int, int] = field(default_factory=dict)
    missed: dict[int, int] = field(default_factory=dict)
    left: dict[int, tuple[Left, ...]] = field(default_factory=dict)

    @property
    def used(self) -> int:
        """Records that were taken into bins, of the feeds that have ended."""
        return sum(total.used for total in self.totals.values())

    @property
    def crowded(self) -> int:
        """Records among the late ones that found no room."""
        return sum(total.crowded for total in self.totals.values())

    def sorted(self) -> list[Outage]:
        """Each outage once, its last revision, by (start, id)."""
        return sorted(self.outages.values(), key=lambda outage: (outage.start, outage.id))

    def lines(self) -> bytes:
        """The outages as ``--outages`` writes them: one JSON object a line."""
        return b"".join(outage_json(outage) + b"\n" for outage in self.sorted())

    def take(self, output: Output | DeadLetter) -> None:
        """Take in what came out; an older revision that comes again changes nothing."""
        match output:
            case Outage():
                known = self.outages.get(output.id)
                if known is None or output.revision > known.revision:
                    self.outages[output.id] = output
            case Total():
                self.totals[output.feed, output.partition] = output
            case Late():
                self.late += answered(output.records, output.records.partition)
            case Progress():
                self.watermark = max(self.watermark, output.watermark)
                self.judged[output.partition] = output.judged
                self.missed[output.partition] = output.missed
                if output.ended:
                    self.left[output.partition] = output.left
            case DeadLetter():
                self.dead.append(output)


@dataclass(frozen=True)
class Pace:
    """How fast a playback goes.

    Parameters
    ----------
    speed
        Event time to a second of the clock [s/s].
    since
        Event time from which on it is paced; before, it goes as fast as it can [s].
    lag
        How far behind ``since`` the workers may still be when the pace begins [s].
    """

    speed: float
    since: int = NEVER
    lag: int = DAY


class Playback:
    """The frames of recordings, side by side in order of event time; counts what it reads.

    ``pace``: None for as fast as it goes.  ``places`` and ``observed`` fill as it plays: what is known of its entities,
    and when they were observed.
    ``stale``: for so many bins fusion lets a verdict stand; shorter holes are not worth a word [bins].
    ``reached``: the event time that is known to be fused [s].  ``sleep`` is what a pace waits with [s].
    """

    def __init__(
        self, recordings: Iterable[Recording], run: Run, pace: Pace | None = None, stale: int = Fusing.stale
    ) -> None:  # fmt: skip
        self.run, self.pace, self.reached = run, pace, NEVER
        self.places: Places = {}
        self.sleep: Callable[[float], object] = time.sleep
        self.observed = Observed(stale=stale)
        self.streams = [(Dispatch(run, r.feed, r.signals, networks=r.networks), r) for r in recordings]

    @property
    def unmatched(self) -> list[Line]:
        """Lines of ``entities.csv`` to which no row belongs."""
        return [line for _, recording in self.streams for line in recording.unmatched]

    @property
    def past(self) -> Past:
        """How far back its series reach, so far."""
        return Past.of(self.observed)

    @property
    def feeds(self) -> list[str]:
        """Names of the feeds that are replayed."""
        return sorted({dispatch.feed for dispatch, _ in self.streams})

    @property
    def read(self) -> int:
        """Records and dead letters that the feeds have given so far."""
        return sum(dispatch.sent + dispatch.dead for dispatch, _ in self.streams)

    def __iter__(self) -> Iterator[Frame | DeadLetter]:
        timed = [_timed(dispatch.frames(recording.items)) for dispatch, recording in self.streams]
        stream = (frame for _, frame in heapq.merge(*timed, key=lambda pair: pair[0]))
        signals = {dispatch.feed: dispatch.signals for dispatch, _ in self.streams}
        for frame in stream if self.pace is None else paced(stream, self.pace, lambda: self.reached, sleep=self.sleep):
            if isinstance(frame, Rows):
                self.places |= known(frame.entities)
            if isinstance(frame, Elements | Rows) and len(frame):
                self.observed.take(frame, signals[frame.feed])
            yield frame


def _timed(stream: Iterator[Frame | DeadLetter]) -> Iterator[tuple[int, Frame | DeadLetter]]:
    now = NEVER
    for frame in stream:
        match frame:
            case Heartbeat():
                now = max(now, frame.time)
            case Elements() | Rows():
                now = max(now, int(frame.time[0]))
        yield now, frame


def piece(speed: float) -> int:
    """What a table may give at once where it is replayed at a speed [s]: a second of the clock, a day at most.

    Examples
    --------
    >>> piece(1800.0), piece(0.5), piece(1e9)
    (1800, 1, 86400)
    """
    return max(1, min(DAY, int(speed)))


PULSE = 60.0
"""How often a feed says while a pace waits that it is there [s]."""


def paced(
    stream: Iterable[Frame | DeadLetter],
    pace: Pace,
    reached: Callable[[], int] = lambda: NEVER,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], object] = time.sleep,
) -> Iterator[Frame | DeadLetter]:
    """The same frames at a pace; ``reached`` gives the event time that the workers have come to [s].

    The feeds' last heartbeats are said again while it waits: a feed that is slow is not dead.
    """
    begun, first = clock(), NEVER
    beats: dict[tuple[str, int], Heartbeat] = {}
    for frame in stream:
        if isinstance(frame, Heartbeat):
            if frame.time >= pace.since and frame.time > NEVER:
                if first == NEVER:
                    _wait(pace, reached, clock, sleep)
                    begun, first = clock(), frame.time
                while (left := (frame.time - first) / pace.speed - (clock() - begun)) > PULSE:
                    if sleep(PULSE):
                        break
                    yield from beats.values()
                sleep(max(0.0, left))
            beats[frame.feed, frame.partition] = frame
        yield frame


def _wait(pace: Pace, reached: Callable[[], int], clock: Callable[[], float], sleep: Callable[[float], object]) -> None:
    """Until the workers are where the pace begins, a minute at most, or ``sleep`` says that it was told to stop."""
    give_up = clock() + 60
    while pace.since > NEVER and reached() < pace.since - pace.lag and clock() < give_up:
        if sleep(0.05):
            return


def through_memory(stream: Iterable[Frame | DeadLetter], engine: Engine, run: Run, see: See) -> Result:
    """Replay through the engine in this process."""
    result = Result(run)

    def frames() -> Iterator[Elements | Rows | Heartbeat]:
        for frame in stream:
            if isinstance(frame, DeadLetter):
                result.take(frame)
                see(frame)
            else:
                yield cast(Elements | Rows | Heartbeat, frame)

    for output in chain(frames(), engine):
        result.take(output)
        see(output)
    return result
