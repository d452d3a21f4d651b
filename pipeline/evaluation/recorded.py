"""A case as fusion gets it: judged once, and fused as often as somebody asks what another setting of fusion makes of
it."""

from typing import NamedTuple, cast

from pipeline.engine import Engine, verdicts
from pipeline.evaluation.cases import Case
from pipeline.evaluation.judged import Outcome, played
from pipeline.evaluation.traces import Collected
from pipeline.records import DeadLetter, Elements, Heartbeat, Rows, Verdicts
from pipeline.replay.replay import Playback, Result


class Recorded(NamedTuple):
    """The verdicts on a case, in the order in which they come; no setting of fusion changes them."""

    case: Case
    playback: Playback
    frames: list[Verdicts]


def recorded(case: Case, engine: Engine) -> Recorded:
    """The verdicts on a case."""
    playback = played(case, engine)
    read = (cast(Elements | Rows | Heartbeat, frame) for frame in playback if not isinstance(frame, DeadLetter))
    frames = [output for output in verdicts(read, engine) if isinstance(output, Verdicts)]
    return Recorded(case, playback, frames)


def fused(recording: Recorded, engine: Engine) -> Outcome:
    """What fusion with the settings of an engine makes of them; what feeds did by themselves is not asked."""
    fuse, result, collected = engine.fuse(0), Result(recording.playback.run), Collected()
    for frame in recording.frames:
        for output in fuse.step(frame):
            result.take(output)
            collected.see(output)
    return Outcome(tuple(collected.traces()), tuple(result.sorted()), recording.playback.places)
