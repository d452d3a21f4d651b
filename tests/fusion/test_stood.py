"""Who was as usual speaks against an outage through a bin or two in which he is not observed, and no longer."""

from dataclasses import replace

import numpy as np
import pytest

from pipeline.fusion import FuseStage
from pipeline.records import Outage, Run, Verdicts
from pipeline.settings import Fusing
from tests.judge.verdicts import verdicts as from_zero
from tests.worlds import HOUR, made_rows, played

PROBES, ROUTES, TRAFFIC = SIGNALS = "probing.ioda", "bgp.ris", "traffic.radar"
RUN = Run("r", "replay", SIGNALS)
START, CALM = 20_000 * 86_400, "." * 40
FALLEN = "lLLLLLLLLLLL"


def bins(signal: str, marks: str) -> Verdicts:
    return from_zero(signal, marks, run=RUN, at=START)


def told(frames: list[Verdicts], size: int = 0) -> list[Outage]:
    """What is told of frames, or of them in pieces of so many bins, in turns."""
    stage, pieces = FuseStage(0, Fusing()), frames
    if size:
        n = len(frames[0].start)
        pieces = [cut(frame, at, min(at + size, n)) for at in range(0, n, size) for frame in frames]
    return [out for piece in pieces for out in stage.step(piece) if isinstance(out, Outage)]


def cut(frame: Verdicts, start: int, end: int) -> Verdicts:
    names = ("start", "value", "health", "expected", "lower", "upper", "score", "state", "settled", "common")
    columns = {name: getattr(frame, name)[start:end] for name in names}
    return replace(frame, watermark=START + 300 * end, **columns)


def states(routes: str, size: int = 0, traffic: str = "." * 12) -> list[str]:
    """Probes fall alone, and these are routes and traffic meanwhile; ``?`` is a bin that is not there."""
    marks = {PROBES: CALM + FALLEN, ROUTES: CALM + routes, TRAFFIC: CALM + traffic}
    return [outage.state for outage in told([bins(signal, each) for signal, each in marks.items()], size)]


@pytest.mark.parametrize("size", [0, 1, 5])
@pytest.mark.parametrize("routes", ["............", ".?..........", "..?.??.??...", "??...??..??."])
def test_a_bin_or_two_that_are_missing_make_no_outage_of_probes_alone(routes: str, size: int) -> None:
    assert set(states(routes, size)) == {"suspected"}
    assert states(routes, size)[-1] == states(routes)[-1]


@pytest.mark.parametrize("size", [0, 1, 5])
@pytest.mark.usefixtures("one_kind_is_enough")
def test_who_is_not_observed_for_longer_says_nothing(size: int) -> None:
    assert "confirmed" in states(".???????????", size), "then traffic alone stands against it"


@pytest.mark.usefixtures("one_kind_is_enough")
def test_a_value_of_which_nothing_is_said_is_no_gap() -> None:
    """The detector has seen it, and does not say that it is as usual."""
    routes = bins(ROUTES, CALM + ".??.??.??.??")
    seen = replace(routes, value=np.where(np.isnan(routes.value), 60.0, routes.value))
    others = [bins(PROBES, CALM + FALLEN), bins(TRAFFIC, CALM + "." * 12)]
    missing, muted = (told([*others, each]) for each in (routes, seen))
    assert "confirmed" not in [outage.state for outage in missing]
    assert "confirmed" in [outage.state for outage in muted]


@pytest.mark.parametrize("minutes", [48, 50, 52, 55])
def test_who_was_seen_before_a_fall_and_hardly_in_it_did_not_stand_in_it(minutes: int) -> None:
    """All is gone from late in an hour on, of which traffic, that strays, knows as a whole, and of nothing after it."""
    hour, rng, series = (14 * 24 + 5) * HOUR, np.random.default_rng(0), []
    for signal, width, end, noise in ((ROUTES, 300, 100, 0), (PROBES, 600, 100, 0), (TRAFFIC, HOUR, 60, 0.07)):
        t = np.arange(0, hour + end * 60, width)
        mean = 9000 * (1 - 0.98 * np.clip((t + width - hour - 60 * minutes) / width, 0, 1))
        series.append(made_rows(signal, rng.poisson(mean) * (1 + noise * rng.standard_normal(len(t))), width=width))
    (outage,) = played(series).of("PK")
    assert (outage.kind, outage.signs[0].name) == ("blackout", "agree")
    assert [term.signal for term in outage.signals] == [ROUTES, PROBES]
