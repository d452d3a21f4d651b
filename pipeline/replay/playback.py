"""The frames of recordings, side by side in order of event time, at any pace."""

import heapq
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from pipeline.bins import DAY, NEVER
from pipeline.feeds import Dispatch, Line, Recording
from pipeline.records import DeadLetter, Elements, Frame, Heartbeat, Places, Rows, Run, known
from pipeline.replay.coverage import Observed, Past
from pipeline.settings import Fusing


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
    pulse
        How often the feeds' last heartbeats are sent again while it waits [s of the clock].
    """

    speed: float
    since: int = NEVER
    lag: int = DAY
    pulse: float = 60.0


class Playback:
    """The frames of recordings, side by side in order of event time; counts what it reads.

    ``pace``: None for as fast as it goes.  ``places`` and ``observed`` fill as it plays: what is known of the entities,
    and when they were observed.  ``stale``: how long fusion keeps a verdict; shorter holes are not reported [bins].
    ``reached``: the event time that is fused, as far as is known [s].  ``sleep`` waits for so long [s].
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
    """How much event time a table gives at once at a speed [s]: a second of the clock, a day at most."""
    return max(1, min(DAY, int(speed)))


def paced(
    stream: Iterable[Frame | DeadLetter],
    pace: Pace,
    reached: Callable[[], int] = lambda: NEVER,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], object] = time.sleep,
) -> Iterator[Frame | DeadLetter]:
    """The same frames at a pace; ``reached`` gives the event time that the workers have reached [s].

    The last heartbeats are repeated while it waits: a feed that is slow is not dead.
    """
    begun, first = clock(), NEVER
    beats: dict[tuple[str, int], Heartbeat] = {}
    for frame in stream:
        if isinstance(frame, Heartbeat):
            if frame.time >= pace.since and frame.time > NEVER:
                if first == NEVER:
                    _wait(pace, reached, clock, sleep)
                    begun, first = clock(), frame.time
                while (left := (frame.time - first) / pace.speed - (clock() - begun)) > pace.pulse:
                    if sleep(pace.pulse):
                        break
                    yield from beats.values()
                sleep(max(0.0, left))
            beats[frame.feed, frame.partition] = frame
        yield frame


def _wait(pace: Pace, reached: Callable[[], int], clock: Callable[[], float], sleep: Callable[[float], object]) -> None:
    """Wait until the workers are where the pace begins, for a minute at most; ``sleep`` returns true to stop."""
    give_up = clock() + 60
    while pace.since > NEVER and reached() < pace.since - pace.lag and clock() < give_up:
        if sleep(0.05):
            return
