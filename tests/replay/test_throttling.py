"""A throttling laid over two years of real traffic: steps that are one outage, and silence where there is none."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.bins import DAY
from pipeline.engine import Engine, chain
from pipeline.records import Outage, Rows
from tests.replay.tapes import Tape, recorded
from tests.replay.truth import confirmed, told

CASES = ("control-youtube-nl", "control-youtube-ge")
SAG, STEP, SECOND = 200 * DAY, 214 * DAY, 334 * DAY
"""From the first bin on: 5 % less within a week, a week later 70 % are left, four months later 45 % [s]."""


def throttled(tape: Tape, second: float = 0.45) -> Tape:
    """The same, with what is left after the ``second`` step [0-1]."""
    first = min(int(frame.time.min()) for frame in tape.sent if isinstance(frame, Rows))

    def less(frame: object) -> object:
        if not isinstance(frame, Rows):
            return frame
        at = frame.time - first
        left = 1 - 0.05 * np.clip((at - SAG) / (7 * DAY), 0, 1)
        return replace(frame, value=frame.value * np.where(at >= SECOND, second, np.where(at >= STEP, 0.70, left)))

    return tape.changed(lambda frames: [less(frame) for frame in frames])  # type: ignore[arg-type]


def outages(tape: Tape) -> list[Outage]:
    """Those that are confirmed, as they are last told."""
    last = {out.id: out for out in chain(tape, Engine()) if isinstance(out, Outage)}
    return confirmed(list(last.values()))


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_its_steps_are_one_outage_that_is_a_throttling_and_goes_on(data: Path, case: str) -> None:
    tape = recorded(data / "signals" / case)
    began = min(int(frame.time.min()) for frame in tape.sent if isinstance(frame, Rows))
    (outage,) = outages(throttled(tape))
    assert (outage.kind, outage.state, outage.end) == ("throttle", "confirmed", None), told(outage)
    assert abs(outage.start - (began + STEP)) <= DAY or began + SAG <= outage.start < began + STEP
    assert 0 < (outage.confirmed_at or 0) - (began + STEP) <= DAY
    (one_step,) = outages(throttled(tape, second=0.70))
    assert (one_step.id, one_step.end) == (outage.id, None)
    assert outage.severity > one_step.severity + 0.1, "the second step is a revision of it"


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_without_it_nothing_is_told_in_two_years_not_even_a_suspicion(data: Path, case: str) -> None:
    tape = recorded(data / "signals" / case)
    assert [told(out) for out in chain(tape, Engine()) if isinstance(out, Outage)] == []
