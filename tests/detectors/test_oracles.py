"""The field's rules against a second, plain writing of each, on real series."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from detectors import REGISTRY
from detectors.base import DAY, UNKNOWN
from tests.detectors.oracles import Slow, SlowIhr, SlowSimilarDays, agrees
from tests.detectors.real import series
from tests.detectors.slow_chocolatine import SlowChocolatine

SLOW: dict[str, Callable[[Any, int], Slow]] = {
    "ihr": SlowIhr,
    "chocolatine": SlowChocolatine,
    "similar_days": SlowSimilarDays,
}
"""Name of a detector -> its plain writing."""

SERIES = [
    ("iraq-2023-exams", "bgp.ioda"),
    ("iraq-2023-exams", "traffic.google"),
    ("zhytomyr-2022", "probing.ioda"),
    ("myanmar-2021-coup", "bgp.routeviews"),
    ("louisiana-2020-laura", "probing.monash"),
    ("control-britain-2020-peerloss", "bgp.routeviews"),
    ("control-youtube-nl", "traffic.youtube"),
    ("control-youtube-ge", "traffic.youtube"),
]


@pytest.mark.parametrize(("case", "signal"), SERIES)
@pytest.mark.parametrize("name", SLOW)
def test_the_rule_gives_on_real_series_what_its_text_says(data: Path, name: str, case: str, signal: str) -> None:
    real, rule = series(data, case, signal), REGISTRY[name](signal)
    x, t = real.x[:3000, :3], real.t[:3000]
    verdict = agrees(rule, SLOW[name], x, t, real.width, within=1e-6 if name == "chocolatine" else 0.0)
    warm = ~np.isnan(x) & (t[:, None] >= t[0] + rule.warmup + 7 * DAY)
    assert not warm.any() or (verdict.state[warm] != UNKNOWN).mean() > 0.8
