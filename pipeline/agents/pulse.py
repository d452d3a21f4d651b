"""Missing heartbeats become a word on the stream: this is where the path has a clock.

Everything below sees an event and no timer.  A recording has its heartbeats in itself, so replays are left alone.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pipeline.binning import BinStage
from pipeline.bins import NEVER
from pipeline.records import DEAD, Heartbeat, Run

Place = tuple[str, str, int]
"""``(run id, feed, partition)``."""


@dataclass
class Pulse:
    """When the feeds of live and drill runs were last heard, by this worker's own clock.

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

    def hear(self, beat: Heartbeat, now: float) -> None:
        """A heartbeat has come, at ``now`` [s]."""
        if beat.run.tense != "replay":
            self.heard[beat.run.id, beat.feed, beat.partition] = now

    def missing(self, stages: Iterable[tuple[str, int, BinStage]], now: float) -> list[Heartbeat]:
        """Who is dead at ``now`` [s], of the stages ``(feed, partition, stage)`` at this worker; each is told once a
        silence."""
        stages = list(stages)
        runs = {s.run.id: s.run for _, _, stage in stages for s in stage.streams.values() if s.run.tense != "replay"}
        beats = [
            beat
            for feed, partition, stage in stages
            for run in runs.values()
            if (beat := self._of(stage, run, feed, partition)) is not None
        ]
        places = {(beat.run.id, beat.feed, beat.partition): beat for beat in beats}
        self.heard = {place: self.heard.get(place, now) for place in places}
        dead = [place for place in places if now - self.heard[place] >= self.silence]
        self.heard |= dict.fromkeys(dead, now)
        return [places[place] for place in dead]

    def _of(self, stage: BinStage, run: Run, feed: str, partition: int) -> Heartbeat | None:
        """What would be said of a feed, None where there is nothing to say: it is dead already, or has ended."""
        stream = stage.streams.get((run.id, feed))
        if (run.id, feed) in stage.ended or (stream is not None and stream.dead):
            return None
        own = tuple(signal for signal in self.signals.get(feed, ()) if signal in run.signals)
        signals = (stream.signals if stream is not None else ()) or own
        watermark = stream.watermark if stream is not None else NEVER
        return Heartbeat(run, feed, partition, watermark, DEAD, signals) if signals else None
