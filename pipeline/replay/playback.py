"""The frames of recordings, side by side in order of event time, at any pace."""

import heapq
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from pipeline.bins import DAY, NEVER
from pipeline.feeds import Dispatch, Line, Recording
from pipeline.records import DeadLetter, Elements, Frame, Heartbeat, Places, Rows, Run, known
from pipeline.replay.coverage import Observed


@dataclass(frozen=True)
class Pace:
    """Event time a second of the clock; paced from ``since`` [s], once workers are at most ``lag`` behind [s].

    ``pulse``: how often heartbeats are sent again while it waits [s of the clock].
    """

    speed: float
    since: int = NEVER
    lag: int = DAY
    pulse: float = 60.0


class Playback:
    """The frames of recordings in order of event time; ``places`` and ``observed`` fill as it plays."""

    def __init__(self, recordings: Iterable[Recording], run: Run, pace: Pace | None = None) -> None:
        self.run, self.pace, self.reached = run, pace, NEVER
        self.places: Places = {}
        self.sleep: Callable[[float], object] = time.sleep
        self.observed = Observed()
        self.streams = [
            (Dispatch(run, r.feed, r.signals, networks=r.networks, recorded=r.recorded), r) for r in recordings
        ]

    @property
    def unmatched(self) -> list[Line]:
        return [line for _, recording in self.streams for line in recording.unmatched]

    @property
    def feeds(self) -> list[str]:
        return sorted({dispatch.feed for dispatch, _ in self.streams})

    @property
    def read(self) -> int:
        return sum(dispatch.sent + dispatch.dead for dispatch, _ in self.streams)

    def __iter__(self) -> Iterator[Frame | DeadLetter]:
        timed = [_timed(dispatch.frames(recording.items)) for dispatch, recording in self.streams]
        stream = (frame for _, frame in heapq.merge(*timed, key=lambda pair: pair[0]))
        for frame in stream if self.pace is None else paced(stream, self.pace, lambda: self.reached, sleep=self.sleep):
            if isinstance(frame, Rows):
                self.places |= known(frame.entities)
            if isinstance(frame, Elements | Rows) and len(frame):
                self.observed.take(frame)
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
    """How much event time a table gives at once at a speed [s]."""
    return max(1, min(DAY, int(speed)))


def paced(
    stream: Iterable[Frame | DeadLetter],
    pace: Pace,
    reached: Callable[[], int] = lambda: NEVER,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], object] = time.sleep,
) -> Iterator[Frame | DeadLetter]:
    """The frames at a pace, the last heartbeats again while it waits; ``reached``: of the workers [s]."""
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
    """For a minute at most; ``sleep`` returns true to stop."""
    give_up = clock() + 60
    while pace.since > NEVER and reached() < pace.since - pace.lag and clock() < give_up:
        if sleep(0.05):
            return
