"""One world, every detector beside the best possible: a likelihood-ratio test that knows baseline and noise."""

from collections.abc import Iterable

import numpy as np

from detectors import REGISTRY
from detectors.base import LOW_CONFIRMED, is_low
from tests.injection.tally import Outcome, Tally
from tests.injection.world import DEPTHS, MONDAY, WIDTH, Bin, World

SIGNAL = "traffic.injected"
BEST = "best possible"
SLIGHT = 1.0
"""A sum that the best possible calls a low [nats]: far below any threshold that is of use."""

DEEPEST = 0.99
"""In place of a loss of all, under which a single count would be impossible [-]."""
LIMIT = 60.0
"""A sum of log-likelihood ratios beyond this says nothing more [nats]."""


def log_gamma(z: np.ndarray) -> np.ndarray:
    """Logarithm of the gamma function, z > 0, to ten digits (Stirling's series from 8 on).

    Examples
    --------
    >>> log_gamma(np.array([3.0, 5.0, 0.5])).round(9).tolist()
    [0.693147181, 3.17805383, 0.572364943]
    """
    low = np.prod(z + np.arange(8).reshape(-1, *([1] * z.ndim)), axis=0)
    w = z + 8
    inverse = 1 / (w * w)
    series = (1 / 12 - inverse * (1 / 360 - inverse * (1 / 1260 - inverse / 1680))) / w
    return (w - 0.5) * np.log(w) - w + 0.5 * np.log(2 * np.pi) + series - np.log(low)


def ratio(x: np.ndarray, mean: np.ndarray, dispersion: np.ndarray, depth: float) -> np.ndarray:
    """Log-likelihood ratio ``(n,)`` of a loss of ``depth`` against none, for a negative binomial count [nats].

    Examples
    --------
    Half is lost of a Poisson mean of 10, and 5 came:

    >>> ratio(np.array([5.0]), np.array([10.0]), np.array([1.0]), 0.5).round(4).tolist()
    [1.5343]
    """
    poisson = x * np.log1p(-depth) + depth * mean
    r = mean / np.maximum(dispersion - 1, 1e-3)
    left = (1 - depth) * r
    binomial = log_gamma(x + left) - log_gamma(x + r) - log_gamma(left) + log_gamma(r)
    return np.where(dispersion > 1, binomial + depth * r * np.log(dispersion), poisson)


class Best:
    """Page's sums of the log-likelihood ratio of each depth; the score is the largest of them.

    It knows when an outage is over, and then begins anew: it is a bound, not a detector.
    """

    def __init__(self, dispersion: np.ndarray) -> None:
        self.dispersion = dispersion
        self.sums = np.zeros((len(DEPTHS), len(dispersion)))

    def step(self, now: Bin) -> np.ndarray:
        """Score ``(n,)`` of one bin [nats]."""
        for i, depth in enumerate(DEPTHS):
            more = ratio(now.x, now.mean, self.dispersion, min(depth, DEEPEST))
            self.sums[i] = np.clip(self.sums[i] + np.nan_to_num(more), 0, LIMIT)
        self.sums[:, (now.event < 0) & ~now.quiet] = 0
        return self.sums.max(axis=0)


def run(world: World, names: Iterable[str], bins: Iterable[int] | None = None) -> dict[str, Outcome]:
    """What each detector of `REGISTRY`, and the best possible, says of the world."""
    detectors = {name: REGISTRY[name](SIGNAL) for name in names}
    states = {name: detector.init(world.n) for name, detector in detectors.items()}
    tallies = {name: Tally(world) for name in (*detectors, BEST)}
    best = Best(world.dispersion)
    for i in range(world.end) if bins is None else bins:
        now = world.bin(i)
        for name, detector in detectors.items():
            states[name], verdict = detector.step(states[name], now.x, MONDAY + i * WIDTH, now.context)
            sure = verdict.state == LOW_CONFIRMED
            tallies[name].step(i, now, np.nan_to_num(-verdict.score), is_low(verdict.state), sure)
        if i >= world.past:
            score = best.step(now)
            low = (score > SLIGHT) & ~np.isnan(now.x)
            tallies[BEST].step(i, now, score, low, low)
    return {name: tally.finish() for name, tally in tallies.items()}
