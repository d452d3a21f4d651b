"""The Internet Health Report's rule: what was measured of it, and what it refuses."""

from pathlib import Path

import numpy as np
import pytest

from detectors.base import DAY, LOW_CONFIRMED, NORMAL, UNKNOWN, utc_context
from detectors.field.ihr import Ihr
from tests.detectors.lives import verdict_of
from tests.detectors.real import labels, series


@pytest.mark.parametrize(
    ("case", "signal", "minutes"),
    [
        ("iraq-2023-exams", "bgp.ioda", [10]),
        ("iraq-2023-exams", "probing.ioda", [25]),
        ("iraq-2023-exams", "traffic.google", []),
        ("myanmar-2021-coup", "bgp.routeviews", [100, 340]),
    ],
)
def test_it_finds_what_was_measured_of_it(data: Path, case: str, signal: str, minutes: list[int]) -> None:
    """REFERENCE: 1 of 8 in Iraq (a second one here), Myanmar 220 min late in the median."""
    real = series(data, case, signal)
    _, verdict = Ihr().run(real.x, real.t, utc_context(real.t, real.x.shape[1], real.width))
    low = (verdict.state == LOW_CONFIRMED).any(axis=1)
    found = [(start, real.t[low & (real.t + real.width > start) & (real.t < end)]) for start, end in labels(data, case)]
    assert [(first[0] - start) // 60 for start, first in found if len(first)] == minutes


def test_it_refuses_while_it_has_less_than_three_fifths_of_three_days() -> None:
    x = np.full(200, 50.0)
    x[130:160] = np.nan
    verdict = verdict_of(Ihr(), x, 3600)
    assert np.flatnonzero(verdict.state[:, 0] == NORMAL)[0] == 44  # 43.2 points
    assert np.isnan(verdict.expected[:44]).all()
    assert (verdict.state[160:164] == UNKNOWN).all()


def test_what_lasts_for_half_of_its_window_is_the_usual() -> None:
    t = np.arange(0, 7 * DAY, 1800)
    low = t[verdict_of(Ihr(), np.where(t < 4 * DAY, 1000.0, 100.0), 1800).state[:, 0] == LOW_CONFIRMED]
    assert low[0] == 4 * DAY
    assert low[-1] < 4 * DAY + 36 * 3600
