"""One world, every detector beside the best possible."""

from collections.abc import Callable, Iterable

import numpy as np

from detectors import REGISTRY
from detectors.base import LOW_CONFIRMED, LOW_PROVISIONAL
from tests.injection.best import Best
from tests.injection.tally import Tally, Told
from tests.injection.world import MONDAY, WIDTH, World

SIGNAL = "traffic.injected"
BEST = "best possible"
SLIGHT = 1.0
"""A sum that the best possible calls a low [nats]: far below any threshold that is of use."""


def heard(world: World, names: Iterable[str], progress: Callable[[int], None] = lambda i: None) -> dict[str, Told]:
    """What each detector of `REGISTRY`, and the best possible, says of the world."""
    detectors = {name: REGISTRY[name](SIGNAL) for name in names}
    states = {name: detector.init(world.n) for name, detector in detectors.items()}
    tallies = {name: Tally(world) for name in (*detectors, BEST)}
    best = Best(world.dispersion)
    for i in range(world.end):
        now = world.bin(i)
        for name, detector in detectors.items():
            states[name], verdict = detector.step(states[name], now.x, MONDAY + i * WIDTH, now.context)
            sure = verdict.state == LOW_CONFIRMED
            low = sure | (verdict.state == LOW_PROVISIONAL)
            tallies[name].step(i, now, np.nan_to_num(-verdict.score), low, sure)
        if i >= world.past:
            score = best.step(now)
            low = (score > SLIGHT) & ~np.isnan(now.x)
            tallies[BEST].step(i, now, score, low, low)
        progress(i)
    return {name: tally.finish() for name, tally in tallies.items()}
