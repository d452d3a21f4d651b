"""The published rules against a second, plain writing of each, on made-up and on real series."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors import REGISTRY
from detectors.base import DAY, UNKNOWN, AnyDetector, utc_context
from detectors.field.burst import Burst
from detectors.field.chocolatine import WEEK, Chocolatine
from detectors.field.ihr import Ihr
from detectors.field.median import Median
from detectors.field.similar_days import SimilarDays
from tests.detectors.oracles import SLOW, agrees
from tests.detectors.real import series

HOUR = 3600

RULES: list[tuple[AnyDetector, int, int]] = [
    (Median(window=2 * HOUR, renew=4 * HOUR), 1800, 120),
    (Median(window=5 * DAY, renew=20 * HOUR), 1800, 300),
    (Median(window=160 * 300, renew=20 * 300), 300, 500),
    (Burst(report=2.0, renew_low=4 * HOUR, renew_high=4 * HOUR), 600, 120),
    (Burst(report=7.0, renew_low=20 * HOUR, renew_high=20 * HOUR), 600, 300),
    (Ihr(window=3 * HOUR, points=0.1, threshold=2.0), 1800, 150),
    (Ihr(window=5 * DAY, points=0.6, threshold=2.0), 1800, 300),
    (SimilarDays(renew=HOUR, days=8), 3 * HOUR, 256),
    (SimilarDays(renew=9 * HOUR), 3 * HOUR, 256),
]
"""A rule, the width of a bin [s], and how many bins."""


def anything(random: np.random.Generator, t: np.ndarray, missing: float) -> np.ndarray:
    """Two series ``(t, 2)``: a day that wanders, and a few levels; with odd values, zeros and gaps in both."""
    day = 200 + 100 * np.sin(t / DAY * 2 * np.pi) + 4 * np.cumsum(random.normal(0, 1, len(t)))
    levels = random.choice([0.0, 10, 39, 40, 41, 60, 300], len(t), p=[0.1, 0.05, 0.3, 0.3, 0.15, 0.05, 0.05])
    x = np.maximum(np.stack([day, levels], axis=1), 0)
    x[random.random(x.shape) < 0.03] = 0
    x[random.random(x.shape) < 0.02] *= random.choice([0.1, 5, 1e4])
    x = np.rint(x)  # sums of whole numbers are exact in any order
    x[random.random(x.shape) < missing] = np.nan
    return x


@pytest.mark.parametrize(("rule", "width", "bins"), RULES, ids=lambda of: getattr(of, "name", ""))
@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), missing=st.sampled_from([0.0, 0.05, 0.3]))
def test_a_rule_gives_on_any_series_what_its_text_says(
    rule: AnyDetector, width: int, bins: int, seed: int, missing: float
) -> None:
    random = np.random.default_rng(seed)
    t = np.arange(bins) * width
    t = t[random.random(bins) >= missing / 3]
    agrees(rule, anything(random, t, missing), t, width)


@pytest.mark.parametrize(
    ("deviations", "states", "expected"),
    [
        (3.0, [[319, 62, 0, 6, 2], [309, 53, 0, 15, 12]], [6192844.78, 4170.220836]),
        (0.7, [[315, 30, 0, 42, 2], [309, 44, 0, 18, 18]], [6193853.81, 4059.988443]),
    ],
)
def test_chocolatine_gives_what_it_gave(deviations: float, states: list[list[int]], expected: list[float]) -> None:
    """How often each state, and the sum of what was expected: a plain writing of the rule agreed."""
    random, t = np.random.default_rng(1), np.arange(0, 14 * WEEK, 6 * HOUR)
    t = t[random.random(len(t)) >= 0.05 / 3]
    context = utc_context(t, 2, 6 * HOUR)
    _, verdict = Chocolatine(deviations=deviations).run(anything(random, t, 0.05), t, context)
    assert [np.bincount(state, minlength=5).tolist() for state in verdict.state.T] == states
    np.testing.assert_allclose(np.nansum(verdict.expected, axis=0), expected, rtol=1e-6)


@pytest.mark.parametrize("name", SLOW)
@pytest.mark.parametrize(
    ("case", "signal"),
    [
        ("iraq-2023-exams", "traffic.google"),
        ("zhytomyr-2022", "probing.ioda"),
        ("myanmar-2021-coup", "bgp.routeviews"),
        ("venezuela-2019-blackout", "probing.monash"),
        ("control-youtube-ge", "traffic.youtube"),
    ],
)
def test_a_rule_gives_on_real_series_what_its_text_says(data: Path, name: str, case: str, signal: str) -> None:
    real, rule = series(data, case, signal), REGISTRY[name](signal)
    x, t = real.x[:3000, :3], real.t[:3000]
    verdict = agrees(rule, x, t, real.width)
    warm = ~np.isnan(x) & (t[:, None] >= t[0] + rule.warmup + 7 * DAY)
    assert not warm.any() or (verdict.state[warm] != UNKNOWN).mean() > 0.8 or name == "burst"
