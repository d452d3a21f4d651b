"""Missing heartbeats become records on the stream: only here does the path have a clock.

Stages below see an event instead of a timer.  A recording has its own heartbeats, so a replay is left alone until it
must have been killed: then its end is written for it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pipeline.bins import NEVER
from pipeline.explain.text import lasting
from pipeline.records import DEAD, END, Heartbeat, Run
from pipeline.signals.binning import BinStage

LINGER = 15 * 60
"""How long a replay or drill is shown after its end [s]: long enough for its alerts.  A killed one has no end: it
counts as ended when it has not moved for a feed's silence."""

Place = tuple[str, str, int]  # ``(run id, feed, partition)``
Stages = Iterable[tuple[str, int, BinStage]]  # ``(feed, partition, stage)`` of this worker


@dataclass
class Liveness:
    """When each feed and each run last gave a heartbeat, by this worker's clock."""

    silence: float = float("inf")  # how long heartbeats may be missing [s]
    signals: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Signals of each feed: a feed that never gave a heartbeat is dead too, and its signals are named."""
    heard: dict[Place, float] = field(default_factory=dict)
    moved: dict[str, float] = field(default_factory=dict)

    def hear(self, beat: Heartbeat, now: float) -> None:
        self.moved[beat.run.id] = now
        if beat.run.tense != "replay":
            self.heard[beat.run.id, beat.feed, beat.partition] = now

    def missing(self, stages: Stages, now: float) -> list[Heartbeat]:
        """Heartbeats with status dead of feeds that are silent at ``now`` [s], one a silence; and the ends of replays
        and drills that were killed."""
        stages = list(stages)
        runs = {stream.run.id: stream.run for _, _, stage in stages for stream in stage.streams.values()}
        places = self._beats(stages, [run for run in runs.values() if run.tense != "replay"], DEAD)
        self.heard = {place: self.heard.get(place, now) for place in places}
        dead = [place for place in places if now - self.heard[place] >= self.silence]
        self.heard |= dict.fromkeys(dead, now)
        return [places[place] for place in dead] + self._ends(stages, runs, now)

    def _ends(self, stages: Stages, runs: dict[str, Run], now: float) -> list[Heartbeat]:
        """The ends of killed runs: nothing else takes them out of the stages and their snapshots."""
        self.moved = {name: self.moved.get(name, now) for name, run in runs.items() if run.tense != "live"}
        killed = [name for name, last in self.moved.items() if now - last >= self.silence + LINGER]
        self.moved |= dict.fromkeys(killed, now)
        return list(self._beats(stages, [runs[name] for name in killed], END).values())

    def _beats(self, stages: Stages, runs: list[Run], status: str) -> dict[Place, Heartbeat]:
        beats = [self._beat(stage, run, feed, partition, status) for feed, partition, stage in stages for run in runs]
        return {(beat.run.id, beat.feed, beat.partition): beat for beat in beats if beat is not None}

    def _beat(self, stage: BinStage, run: Run, feed: str, partition: int, status: str) -> Heartbeat | None:
        """The heartbeat of that status, None where the feed has it already, has ended, or has no signals."""
        stream = stage.streams.get((run.id, feed))
        if (run.id, feed) in stage.ended or (stream is not None and stream.status == status):
            return None
        own = tuple(signal for signal in self.signals.get(feed, ()) if signal in run.signals)
        signals = (stream.signals if stream is not None else ()) or own
        watermark = stream.watermark if stream is not None else NEVER
        reason = f"no heartbeat of it came for {lasting(int(self.silence))}" if status == DEAD else ""
        return Heartbeat(run, feed, partition, watermark, status, signals, reason=reason) if signals else None
