"""A throttling laid over two years of real traffic: steps that are one outage, and silence where there is none."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.bins import DAY
from pipeline.engine import Engine, chain
from pipeline.records import DeadLetter, Frame, Outage, Rows
from tests.replay.tapes import Tape, recorded
from tests.replay.truth import confirmed, told

CASES = ("control-youtube-nl", "control-youtube-ge")
SAG, STEP, SECOND = 200 * DAY, 214 * DAY, 334 * DAY
"""From the first bin on: 5 % less within a week, a week later 70 % are left, four months later 45 % [s]."""


def throttled(tape: Tape) -> Tape:
    first = min(int(frame.time.min()) for frame in tape.sent if isinstance(frame, Rows))

    def less(frame: object) -> object:
        if not isinstance(frame, Rows):
            return frame
        at = frame.time - first
        left = 1 - 0.05 * np.clip((at - SAG) / (7 * DAY), 0, 1)
        return replace(frame, value=frame.value * np.where(at >= SECOND, 0.45, np.where(at >= STEP, 0.70, left)))

    return tape.changed(lambda frames: [less(frame) for frame in frames])  # type: ignore[arg-type]


def revisions(tape: Tape) -> Iterator[tuple[int, Outage]]:
    """Each revision, with the time of the newest row by then [s]."""
    newest = 0

    def sent() -> Iterator[Frame | DeadLetter]:
        nonlocal newest
        for frame in tape:
            newest = max(newest, int(frame.time.max())) if isinstance(frame, Rows) else newest
            yield frame

    yield from ((newest, out) for out in chain(sent(), Engine()) if isinstance(out, Outage))


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_its_steps_are_one_outage_that_is_a_throttling_and_goes_on(data: Path, case: str) -> None:
    tape = recorded(data / "signals" / case)
    began = min(int(frame.time.min()) for frame in tape.sent if isinstance(frame, Rows))
    found = list(revisions(throttled(tape)))
    (outage,) = confirmed(list({out.id: out for _, out in found}.values()))
    assert (outage.kind, outage.state, outage.end) == ("throttle", "confirmed", None), told(outage)
    assert abs(outage.start - (began + STEP)) <= DAY or began + SAG <= outage.start < began + STEP
    assert 0 < (outage.confirmed_at or 0) - (began + STEP) <= DAY
    own = [(at - began, out) for at, out in found if out.id == outage.id]
    (*_, before), (second, *_) = ([out for at, out in own if (at >= SECOND) == late] for late in (False, True))
    assert min(at for at, _ in own if at >= SECOND) <= SECOND + DAY, "the second step is a revision of it"
    assert second.revision == before.revision + 1
    assert [any(term.signal == "traffic.youtube" for term in out.signals) for out in (before, second)] == [False, True]
    assert outage.severity > before.severity + 0.1


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_without_it_nothing_is_told_in_two_years_not_even_a_suspicion(data: Path, case: str) -> None:
    tape = recorded(data / "signals" / case)
    assert [told(out) for out in chain(tape, Engine()) if isinstance(out, Outage)] == []
