"""What a worker tells its metrics: every frame that comes in, and every output."""

import time
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import msgspec

from pipeline.agents.heartbeats import LINGER, Liveness
from pipeline.bins import NEVER
from pipeline.fusion import Arrived, Fused, FuseStage, Missed, Provisional
from pipeline.kafka.reader import HEADER, Origins
from pipeline.records import DEAD, UP, DeadLetter, Frame, Heartbeat, Outage, Progress, Run, Verdicts, answered
from pipeline.serve.metrics import UNSAID, Metrics
from pipeline.settings.watching import Watch
from pipeline.signals.binning import BinStage, Late, Taken
from pipeline.state import remember
from pipeline.topics import PATH

Place = tuple[str, str, int]  # ``(tense, signal, fusion partition)``


def _place(verdicts: Verdicts) -> Place:
    return verdicts.run.tense, verdicts.signal, verdicts.partition


class WorkerMetrics:
    """Keeps the metrics in step with what passes.

    Of replays and of drills the newest run is shown.  When it begins, the series of the run before are removed and
    later outputs of that run are not shown.  The series of an ended run are removed after `LINGER`, because an outage
    that is open at the end of a recording would be told for ever.  A run from a snapshot is shown again with its first
    frame: it may have been killed long ago.

    ``clock`` gives the time since some moment [s].  ``watches`` are shown as on or to come by the ``today`` clock [s].
    """

    def __init__(
        self, metrics: Metrics, clock: Callable[[], float] = time.monotonic, watches: Sequence[Watch] = (),
        today: Callable[[], float] = time.time,
    ) -> None:  # fmt: skip
        self.metrics, self.clock = metrics, clock
        self.watches, self.today = list(watches), today
        self.liveness = Liveness()
        self.runs: dict[str, str] = {}
        self.past: dict[str, None] = {}
        self.ended: dict[str, float] = {}
        self.moved: dict[str, float] = {}
        self.dead: dict[tuple[str, str, int], str] = {}  # why, by run, feed and partition
        self.dark: set[Place] = set()
        self.resumed: list[FuseStage] = []
        self.letters = Origins()
        self.counted = Origins()

    def note(self, frame: Frame | None, output: Any, source: bytes = b"") -> None:
        """An output of a stage and the frame that led to it; output None for the frame itself, once.

        ``source`` is the output's origin: a repetition is shown again, and not counted again.
        """
        is_again = self.counted.again({HEADER: source})
        if frame is not None:
            self._move(frame)
        is_shown = frame is None or self._shown(frame.run)
        is_settled = frame is None or frame.run.tense == "replay"  # what is watched is shown as it is known by now
        match output:
            case None if isinstance(frame, Heartbeat):
                self._beat(frame)
            case None if isinstance(frame, Verdicts) and is_shown:
                self._sight(frame)
            case Late() | Taken() | Missed() if is_again:
                pass
            case Late():
                late = answered(output.records, output.records.partition)
                self.metrics.count("late_records", output.records.feed, n=late - output.crowded)
                if output.crowded:
                    self.metrics.count("dead_letters", output.records.feed, "no-room", n=output.crowded)
                self.metrics.count("feed_messages", output.records.feed, n=late)
            case Taken():
                self.metrics.count("feed_messages", output.feed, n=output.records)
            case Fused() | Arrived() if is_shown and is_settled == isinstance(output, Fused):
                self.metrics.observe(output.verdicts, row=output.bin)
                self._stay_blind(_place(output.verdicts))
            case Missed():
                self.metrics.count("missed_bins", output.signal, n=output.bins)
            case Outage() if is_shown and is_settled:
                self.metrics.outage(output)
            case Provisional() if is_shown:
                self.metrics.outage(output.outage)
            case Progress(ended=True) if is_shown and frame is not None and frame.run.tense != "live":
                self.ended[frame.run.tense] = self.clock()

    def tidy(self) -> None:
        """Remove runs that ended `LINGER` ago, or have stopped without an end; say which watches are on."""
        for watch in list(self.watches):
            self.metrics.watch(watch.country, watch.name, is_on := watch.is_on(self.today()))
            if is_on is None:
                self.watches.remove(watch)
        stopped = {tense: last + self.liveness.silence for tense, last in self.moved.items()}
        for tense in [tense for tense, end in (stopped | self.ended).items() if self.clock() >= end + LINGER]:
            self._leave(tense)

    def letter(self, message: bytes, headers: Mapping[str, bytes] = MappingProxyType({})) -> None:
        """Count a dead letter from its topic, once; a message that is not one counts as one."""
        if self.letters.again(headers):
            return
        try:
            letter = msgspec.json.decode(message, type=DeadLetter)
        except (msgspec.DecodeError, TypeError):
            letter = DeadLetter("", PATH, "bad-letter", "")
        self.metrics.count("dead_letters", letter.feed, letter.reason)

    def resume(self, stage: Any) -> None:
        """Show the open outages and the dead feeds of a stage that goes on from a snapshot."""
        if isinstance(stage, BinStage):
            self._resume_feeds(stage)
        if isinstance(stage, FuseStage):
            self.resumed.append(stage)
            for stream in stage.streams.values():
                if self._shown(stream.run):
                    self._resume_outages(stage, stream.run)

    def forget(self) -> None:
        """Before a rebalance: the next owner of a partition shows what belongs to it."""
        self.dead.clear()
        self.dark.clear()
        self.resumed.clear()
        self.metrics.forget()

    def _move(self, frame: Frame) -> None:
        """A replay or drill goes on.  Frames with status dead or end may come from the worker, and do not count."""
        run = frame.run
        if run.tense == "live" or run.id in self.past or getattr(frame, "status", UP) != UP:
            return
        if self.runs.get(run.tense) != run.id:
            self._begin(run)
        self.moved[run.tense] = self.clock()

    def _begin(self, run: Run) -> None:
        """Show a run in place of the one before, with its open outages from a snapshot."""
        if run.tense in self.runs:
            self._leave(run.tense)
        self.runs[run.tense] = run.id
        for stage in self.resumed:
            self._resume_outages(stage, run)

    def _leave(self, tense: str) -> None:
        self.metrics.begin(tense)
        self.ended.pop(tense, None)
        self.moved.pop(tense, None)
        run = self.runs.pop(tense, None)
        if run is not None:
            remember(self.past, run)
            self.dead = {place: reason for place, reason in self.dead.items() if place[0] != run}

    def _resume_outages(self, stage: FuseStage, run: Run) -> None:
        stream = stage.streams.get(run.id)
        if stream is None:
            return
        for signal in [signal for signal, line in stream.lines.items() if line.status == DEAD]:
            self.dark.add((run.tense, signal, stage.partition))
            self._stay_blind((run.tense, signal, stage.partition))
        self.metrics.resume(run.tense, stream.open(), stream.belief.entities)

    def _shown(self, run: Run) -> bool:
        return run.tense == "live" or self.runs.get(run.tense) == run.id

    def _sight(self, verdicts: Verdicts) -> None:
        """A signal of a dead feed stays blind until the feed is back, although older bins of it are still fused."""
        (self.dark.add if verdicts.status == DEAD else self.dark.discard)(_place(verdicts))
        self._stay_blind(_place(verdicts))

    def _stay_blind(self, place: Place) -> None:
        if place in self.dark:
            self.metrics.blind(*place)

    def _resume_feeds(self, stage: BinStage) -> None:
        """The death of a feed is written once, so it comes from the snapshot."""
        for stream in stage.streams.values():
            if stream.dead and stream.run.tense == self.metrics.tense and self._shown(stream.run):
                self.dead[stream.run.id, stream.feed, stage.partition] = stream.reason
                self._show_feed(stream.run, stream.feed, stream.watermark)

    def _beat(self, beat: Heartbeat) -> None:
        if beat.status != DEAD:
            self.liveness.hear(beat, self.clock())
        if beat.run.tense == self.metrics.tense and self._shown(beat.run):
            place = (beat.run.id, beat.feed, beat.partition)
            if beat.status == DEAD:
                self.dead[place] = beat.reason
            else:
                self.dead.pop(place, None)
            self._show_feed(beat.run, beat.feed, beat.time)

    def _show_feed(self, run: Run, feed: str, time: int) -> None:
        """A feed is up when none of its partitions here is dead in this run."""
        reasons = [reason for place, reason in self.dead.items() if place[:2] == (run.id, feed)]
        self.metrics.feed(feed, not reasons, time if time > NEVER else None, next(filter(None, reasons), UNSAID))
