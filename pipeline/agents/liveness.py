"""Missing heartbeats become a word on the stream: this is where the path has a clock.

Everything below sees an event and no timer.  A recording has its heartbeats in itself, so replays are left alone, until
they must have been killed: then it is said that they have ended.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pipeline.bins import NEVER
from pipeline.records import DEAD, END, Heartbeat, Run
from pipeline.signals.binning import BinStage

LINGER = 15 * 60
"""How long a replay or drill is shown after its end [s]: its alerts get through, and do not fire for ever.  One that
was killed never says that it has ended: its end is taken to be when it had not moved for a feed's silence."""

Place = tuple[str, str, int]
"""``(run id, feed, partition)``."""


@dataclass
class Liveness:
    """When the feeds of a run, and any of its feeds, were last heard, by this worker's own clock.

    Parameters
    ----------
    silence
        How long no heartbeat may come [s].
    signals
        What each feed serves: a feed of which nothing was ever heard is dead too, and must be named.
    """

    silence: float = float("inf")
    signals: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    heard: dict[Place, float] = field(default_factory=dict)
    moved: dict[str, float] = field(default_factory=dict)

    def hear(self, beat: Heartbeat, now: float) -> None:
        """A heartbeat has come, at ``now`` [s]."""
        self.moved[beat.run.id] = now
        if beat.run.tense != "replay":
            self.heard[beat.run.id, beat.feed, beat.partition] = now

    def missing(self, stages: Iterable[tuple[str, int, BinStage]], now: float) -> list[Heartbeat]:
        """Who is dead at ``now`` [s], of the stages ``(feed, partition, stage)`` at this worker, each told once a
        silence; and the ends of replays and drills that must have been killed."""
        stages = list(stages)
        runs = {stream.run.id: stream.run for _, _, stage in stages for stream in stage.streams.values()}
        places = self._told(stages, [run for run in runs.values() if run.tense != "replay"], DEAD)
        self.heard = {place: self.heard.get(place, now) for place in places}
        dead = [place for place in places if now - self.heard[place] >= self.silence]
        self.heard |= dict.fromkeys(dead, now)
        return [places[place] for place in dead] + self._left(stages, runs, now)

    def _left(self, stages: list[tuple[str, int, BinStage]], runs: dict[str, Run], now: float) -> list[Heartbeat]:
        """The ends of runs that were left: nothing would take them out of the stages, and out of their snapshots."""
        self.moved = {name: self.moved.get(name, now) for name, run in runs.items() if run.tense != "live"}
        left = [name for name, last in self.moved.items() if now - last >= self.silence + LINGER]
        self.moved |= dict.fromkeys(left, now)
        return list(self._told(stages, [runs[name] for name in left], END).values())

    def _told(self, stages: list[tuple[str, int, BinStage]], runs: list[Run], status: str) -> dict[Place, Heartbeat]:
        beats = [self._of(stage, run, feed, partition, status) for feed, partition, stage in stages for run in runs]
        return {(beat.run.id, beat.feed, beat.partition): beat for beat in beats if beat is not None}

    def _of(self, stage: BinStage, run: Run, feed: str, partition: int, status: str) -> Heartbeat | None:
        """What would be said of a feed, None where there is nothing to say: it is dead already, or has ended."""
        stream = stage.streams.get((run.id, feed))
        if (run.id, feed) in stage.ended or (stream is not None and stream.status == status):
            return None
        own = tuple(signal for signal in self.signals.get(feed, ()) if signal in run.signals)
        signals = (stream.signals if stream is not None else ()) or own
        watermark = stream.watermark if stream is not None else NEVER
        return Heartbeat(run, feed, partition, watermark, status, signals) if signals else None
