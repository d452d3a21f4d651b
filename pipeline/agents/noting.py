"""What agents tell the metrics: every frame that comes in, and every output that it leads to."""

import time
from typing import Any

import msgspec

from pipeline.agents.pulse import Pulse
from pipeline.binning import Late, Taken, answered
from pipeline.bins import NEVER
from pipeline.fusion import Fused, FuseStage
from pipeline.metrics import Metrics
from pipeline.records import DEAD, DeadLetter, Frame, Heartbeat, Outage, Progress, Run, Verdicts
from pipeline.runs import remember

LINGER = 15 * 60
"""How long a replay or drill is shown after its end [s]: its alerts get through, and do not fire for ever."""


class Noting:
    """Keeps the metrics in step with what passes.

    One replay and one drill are shown at a time, the newest: when it begins, what is left of the one before goes, and
    what that still leads to is not shown.  One that has ended goes after a while: an outage that is open at the end of
    a recording would be told for ever.
    """

    def __init__(self, metrics: Metrics) -> None:
        self.metrics = metrics
        self.pulse = Pulse()
        self.runs: dict[str, str] = {}
        self.past: dict[str, None] = {}
        self.ended: dict[str, float] = {}
        self.dead: set[tuple[str, int]] = set()

    def note(self, frame: Frame | None, output: Any) -> None:
        """An output of a stage, with the frame that led to it; None for the frame itself, once."""
        is_shown = frame is None or self._shown(frame.run)
        match output:
            case None if isinstance(frame, Heartbeat):
                self._beat(frame)
            case None if isinstance(frame, Verdicts) and frame.status == DEAD and is_shown:
                self.metrics.observe(frame)
            case Late():
                late = answered(output.records, output.records.partition)
                self.metrics.late(output.records.feed, late)
                self.metrics.messages(output.records.feed, late)
            case Taken():
                self.metrics.messages(output.feed, output.records)
            case Fused() if is_shown:
                self.metrics.observe(output.verdicts, row=output.bin)
            case Outage() if is_shown:
                self.metrics.outage(output)
            case Progress(ended=True) if is_shown and frame is not None and frame.run.tense != "live":
                self.ended[frame.run.tense] = time.monotonic()

    def tidy(self, now: float) -> None:
        """Take away what ended `LINGER` ago; ``now`` by the clock of `time.monotonic` [s]."""
        for tense in [tense for tense, end in self.ended.items() if now >= end + LINGER]:
            del self.ended[tense]
            self.metrics.begin(tense)

    def letter(self, message: bytes) -> None:
        """A dead letter on the topic, whoever wrote it; what is none itself is counted as one."""
        try:
            letter = msgspec.json.decode(message, type=DeadLetter)
        except (msgspec.DecodeError, TypeError):
            letter = DeadLetter("", "", "bad-letter", "")
        self.metrics.dead_letter(letter.feed, letter.reason)

    def resume(self, stage: Any) -> None:
        """A stage that goes on from a snapshot: its open outages are shown again."""
        if isinstance(stage, FuseStage):
            streams = list(stage.streams.values())
            for run in [stream.run for stream in streams]:
                self._shown(run)  # in order of last use: the newest is shown
            for stream in streams:
                if self._shown(stream.run):
                    open_ones = [life.outage() for life in stream.ledger.lives.values()]
                    self.metrics.resume(open_ones, stream.ledger.entities)

    def _shown(self, run: Run) -> bool:
        """Whether a run is the one of its tense that is shown; a run that is new takes the place."""
        if run.tense == "live" or self.runs.get(run.tense) == run.id:
            return True
        if run.id in self.past:
            return False
        if run.tense in self.runs:
            remember(self.past, self.runs[run.tense])
            self.metrics.begin(run.tense)
            self.ended.pop(run.tense, None)
        self.runs[run.tense] = run.id
        return True

    def forget(self) -> None:
        """After a rebalance: whoever owns a partition now speaks of it."""
        self.dead.clear()
        self.metrics.forget()

    def _beat(self, beat: Heartbeat) -> None:
        """A feed is up when none of its partitions here is dead: one that lives must not hide one that does not."""
        place = (beat.feed, beat.partition)
        is_up = beat.status != DEAD
        if is_up:
            self.pulse.hear(beat, time.monotonic())
        if beat.run.tense == self.metrics.tense and self._shown(beat.run):
            (self.dead.discard if is_up else self.dead.add)(place)
            alive = all(feed != beat.feed for feed, _ in self.dead)
            self.metrics.feed(beat.feed, alive, beat.time if beat.time > NEVER else None)
