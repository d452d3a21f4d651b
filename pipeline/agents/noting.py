"""What agents tell the metrics: every frame that comes in, and every output that it leads to."""

from typing import Any

from pipeline.binning import Late, Taken, answered
from pipeline.fusion import Fused, FuseStage
from pipeline.metrics import Metrics
from pipeline.records import DEAD, DeadLetter, Frame, Heartbeat, Outage


class Noting:
    """Keeps the metrics in step with what passes."""

    def __init__(self, metrics: Metrics) -> None:
        self.metrics = metrics

    def note(self, frame: Frame | None, output: Any) -> None:
        """An output of a stage, with the frame that led to it; None for the frame itself, once."""
        match output:
            case None:
                self._frame(frame)
            case Late():
                late = answered(output.records, output.records.partition)
                self.metrics.late(output.records.feed, late)
                self.metrics.messages(output.records.feed, late)
            case Taken():
                self.metrics.messages(output.feed, output.records)
            case DeadLetter():
                self.metrics.dead_letter(output.feed, output.reason)
            case Fused():
                self.metrics.observe(output.verdicts, row=output.bin)
            case Outage():
                self.metrics.outage(output)

    def resume(self, stage: Any) -> None:
        """A stage that goes on from a snapshot: its open outages are shown again."""
        if isinstance(stage, FuseStage):
            self.metrics.resume(stage.open())

    def _frame(self, frame: Frame | None) -> None:
        if isinstance(frame, Heartbeat):
            self.metrics.feed(frame.feed, frame.status != DEAD, frame.time)
