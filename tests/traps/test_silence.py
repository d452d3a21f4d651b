"""What nobody observes becomes no level, holds no suspicion that others contradict, and dates no outage of theirs."""

import numpy as np
import pytest

from detectors.seasonal import renewed as seasonal_renewed
from pipeline.bins import DAY
from pipeline.fusion import holding, moments
from tests.worlds import HOUR, MONDAY, PK, hours, made_rows, played

FALL, RETURN = 14 * DAY, 29 * DAY


def unheard(seen: float, gap: float) -> list[tuple[float, float | None]]:
    """Onsets and ends [days] of what falls to 30 % for 15 days, and is heard for some hours, then not for some days."""
    t = hours(33, 1800)
    x = np.random.default_rng(0).poisson(np.where((t >= FALL) & (t < RETURN), 900, 3000)).astype(float)
    x[(t >= FALL + seen * HOUR) & (t < FALL + gap * DAY)] = np.nan
    found = played([made_rows("probing.ioda", x, PK, width=1800)]).of("PK")
    return [((o.start - MONDAY) / DAY, o.end and (o.end - MONDAY) / DAY) for o in found]


@pytest.mark.parametrize(("seen", "gap"), [(1, 6.5), (3, 10), (24, 6.5), (24, 8), (6, 13)])
def test_a_week_of_silence_makes_no_level_of_an_hour_of_low(seen: float, gap: float) -> None:
    assert unheard(seen, gap) == [(14, 29)]


def test_it_did_when_silence_counted_as_low(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seasonal_renewed, "_heard", lambda past, state, lasts, runs, t, grid: runs)
    assert unheard(1, 6.5) != [(14, 29)]


def died(left: float, after: float) -> list[tuple[float, float]]:
    """Onsets and confirmations [hours after the fall] where probes have one low bin and are never seen again, and
    traffic, which stood, falls so many days later."""
    t, width = hours(30, 600), 600
    rng, begin = np.random.default_rng(3), FALL + after * DAY
    mean = 2000 * (1 + 0.2 * np.sin(2 * np.pi * t / DAY))
    probes, traffic = (rng.poisson(mean).astype(float) for _ in range(2))
    last = int(np.flatnonzero(t >= FALL)[0])
    probes[last] *= left
    probes[last + 1 :] = np.nan
    traffic[t >= begin] = np.round(0.3 * traffic[t >= begin])
    series = [("probing.ioda", np.round(probes)), ("traffic.radar", traffic), ("bgp.ris", np.full(len(t), 3000.0))]
    found = played([made_rows(signal, x, PK, width=width) for signal, x in series]).of("PK")
    return [((o.start - MONDAY - begin) / HOUR, ((o.confirmed_at or 0) - MONDAY - begin) / HOUR) for o in found]


@pytest.mark.parametrize("left", [0.6, 0.8])
@pytest.mark.parametrize("after", [0.5, 1.5, 4.5])
def test_one_low_bin_of_a_feed_that_died_dates_no_outage_of_another(left: float, after: float) -> None:
    ((onset, confirmed),) = died(left, after)
    assert onset == 0
    assert 0 < confirmed <= 0.5


def test_it_did_when_nobody_contradicted_it(monkeypatch: pytest.MonkeyPatch) -> None:
    onsets = moments.onsets
    monkeypatch.setattr(
        holding, "unseen", lambda cells, rows, now, longer=DAY: np.zeros_like(cells["seen"][rows], bool)
    )
    monkeypatch.setattr(
        "pipeline.fusion.weighing.begun",
        lambda cells, rows, strong: (
            np.where(strong, onsets(cells, rows), moments.ALWAYS).min(axis=1),
            np.ones(len(rows), bool),
        ),
    )
    assert died(0.6, 4.5)[0][0] < -100
