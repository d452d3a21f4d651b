"""What holds for outages whatever the verdicts: those of one entity never overlap."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from detectors.base import LOW_CONFIRMED, LOW_PROVISIONAL, NORMAL, UNKNOWN
from pipeline.fusion import FuseStage
from pipeline.records import Outage, Run, Verdicts
from tests.judge.verdicts import verdicts
from tests.replay.truth import confirmed

SIGNALS = {"probing.ioda": 300, "bgp.ris": 600, "traffic.radar": 900}
LENGTH = 24 * 900
"""Six hours of all of them [s]."""

SHARES = st.sampled_from([1.0, 0.99, 0.95, 0.88, 0.75, 0.5, 0.2, 0.0, float("nan")])
SPREAD = st.sampled_from([0.02, 0.05, 0.1])


RUNS = st.lists(st.tuples(SHARES, st.integers(1, 12)), min_size=1, max_size=10)
LIVES = st.tuples(*(st.tuples(RUNS, SPREAD) for _ in SIGNALS))


def frame(signal: str, runs: list[tuple[float, int]], spread: float) -> Verdicts:
    """Verdicts of a detector with its threshold at four deviations, on levels that last for some bins each."""
    left = np.concatenate([np.full(bins, share) for share, bins in runs])
    left = np.resize(np.append(left, np.ones(1)), LENGTH // SIGNALS[signal])[:, None]
    score = (left - 1) / spread
    state = np.select(
        [np.isnan(left), (score < -4) & (left < 0.9), score < -4], [UNKNOWN, LOW_CONFIRMED, LOW_PROVISIONAL], NORMAL
    )
    plain = verdicts(signal, "." * len(left), run=Run("r", "replay", tuple(SIGNALS)), width=SIGNALS[signal])
    return replace(plain, value=100 * left, score=score, state=state.astype(np.int8))


FLICKER = [(0.75, 1), (1.0, 1), (0.75, 1), (1.0, 5)]
"""A suspicion that seemed over when it was confirmed: its end is none."""


@settings(max_examples=40, deadline=None)
@given(LIVES)
@example(((FLICKER, 0.02), ([(0.88, 1)], 0.02), ([(1.0, 1)], 0.02)))
def test_outages_of_one_entity_never_overlap(lives: tuple[tuple[list[tuple[float, int]], float], ...]) -> None:
    stage = FuseStage(0)
    told = [out for signal, life in zip(SIGNALS, lives, strict=True) for out in stage.step(frame(signal, *life))]
    last = {out.id: out for out in told if isinstance(out, Outage)}
    for one, after in pairwise(confirmed(list(last.values()))):
        assert one.end is not None
        assert one.start <= one.end <= after.start
