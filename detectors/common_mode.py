"""What all series of a feed do together because of the feed: C = nothing, a common step, or broken.

    step    log p(g) + sum_i log(0.95 t_i(g) + 0.05)                 all at 1 + g, each a little otherwise
    own     sum_c log( q_c L_c(out) + (1 - q_c) L_c(up) )            each country by itself, its series fall with it

A feed that loses a peer or a prober counts everybody lower by the same share.  No shutdown does: it spares other
countries.  A step is divided out; where little is left of a feed, nothing is said of its series.
"""

from dataclasses import dataclass, field

import numpy as np

from detectors.base import NEVER
from detectors.levels import TINY, student
from detectors.model import YEAR, Model

NONE = 0.005  # a step smaller than this is none [share]
STRAY = 0.05  # density of a series that does otherwise than its feed


def _sigmoid(x: np.ndarray | float) -> np.ndarray:
    return np.asarray(1 / (1 + np.exp(-np.clip(x, -50, 50))))


def _medians(ratio: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Median of what is not NaN in each row, and how many that are."""
    known = (~np.isnan(ratio)).sum(1)
    ordered = np.sort(ratio, axis=1)
    middle = np.maximum(known - 1, 0)
    pair = np.take_along_axis(ordered, np.stack([middle // 2, (middle + 1) // 2], 1), 1)
    return pair.mean(1), known


@dataclass
class CommonMode:
    """The common mode of one feed, from bin to bin.

    ``g``: the step at which the feed is, as a share; ``step``: P(it is at that step); ``out``: P(out) of each country,
    as this feed alone shows it; ``at``: the bin that it has come to [s].

    Examples
    --------
    Thirty networks of ten countries; a peer is lost that carried a tenth of each, then one country alone goes down:

    >>> feed, noise = CommonMode(Model(), np.arange(30) // 3), np.full((1, 30), 0.02)
    >>> low, down = np.zeros(30, bool), np.where(np.arange(30) < 3, 0.2, 1.0)[None]
    >>> feed.shares(np.full((1, 30), 0.9), noise, low, np.array([300]), 300).round(2).tolist()
    [0.9]
    >>> CommonMode(Model(), np.arange(30) // 3).shares(down, noise, low, np.array([300]), 300).tolist()
    [1.0]
    """

    model: Model
    country: np.ndarray
    g: float = 0.0
    step: float = 0.0
    at: int = NEVER
    out: np.ndarray = field(default_factory=lambda: np.empty(0))
    order: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        self.order = np.argsort(self.country, kind="stable")
        more = int(self.country.max(initial=-1)) + 1 - len(self.out)
        self.out = np.concatenate([self.out, np.zeros(max(more, 0))])

    def shares(self, ratio: np.ndarray, noise: np.ndarray, low: np.ndarray, t: np.ndarray, width: int) -> np.ndarray:
        """The share at which all series are ``(t,)``; 1: there is nothing in common, NaN: nothing can be said of any.

        Parameters
        ----------
        ratio, noise
            ``(t, n)`` value as a share of what is expected, NaN = not observed, and its deviation [-].
        low
            ``(n,)`` which series were low before: they have no vote.
        t, width
            Starts of the bins ``(t,)`` and their width [s].
        """
        voters = np.where(low, np.nan, ratio)
        middle, known = _medians(voters)
        shares = np.ones(len(ratio))
        for i in range(len(ratio)):
            hours = (width if self.at == NEVER else int(t[i]) - self.at) / 3600
            self.at = int(t[i])
            keep = self.step * np.exp(-hours / self.model.feed_hours)
            rate = min(0.3, self.model.outage_rate / YEAR * hours)
            self.out = self.out * np.exp(-hours / self.model.outage_hours) + (1 - self.out) * rate
            if known[i] < self.model.company:
                self.step = keep
            elif keep < 1e-6 and abs(middle[i] - 1) < NONE:
                self.step = self.g = 0.0
                self.out = np.zeros_like(self.out)
            else:
                self._weigh(voters[i], noise[i], float(middle[i]) - 1, keep, hours)
            if self.step > self.model.suspect:
                shares[i] = np.nan if self.g < -self.model.feed_most else 1 + self.g
        return shares

    def _weigh(self, ratio: np.ndarray, noise: np.ndarray, middle: float, keep: float, hours: float) -> None:
        ordered = self.order[~np.isnan(ratio[self.order])]
        r, s = ratio[ordered], noise[ordered]
        country = self.country[ordered]
        out, up = self._own(r, s, country)
        there = np.unique(country)
        own, countries = np.logaddexp(out, up).sum(), len(there)
        best, found = -np.inf, 0.0
        for g in {middle, self.g}:
            wide = np.hypot(s, self.model.feed_spread * g)
            alike = np.log((1 - STRAY) * student((r - 1 - g) / wide) / wide + STRAY).sum()
            near = 2.5 * np.median(wide) / np.sqrt(len(r))
            weight = np.log(self._prior(g, keep, hours, countries) * near + TINY) + alike
            if weight > best:
                best, found = weight, g
        self.step = float(_sigmoid(best - own - np.log1p(-keep)))
        if abs(found) < NONE:
            self.step = found = 0.0
        self.g = found if self.step > 1e-3 else 0.0
        self.out[there] = np.clip((1 - self.step) * _sigmoid(out - up), 1e-9, 0.999)

    def _prior(self, g: float, keep: float, hours: float, countries: int) -> float:
        """Density of a step, new or kept; with few countries a large one is a country's outage."""
        model, many = self.model, countries >= self.model.company
        if not many and g < -model.least:
            return 0.0
        broken = model.feed_broken if many else 0.0
        new = min(0.3, model.feed_rate / YEAR * hours)

        def size(x: float) -> float:
            small = np.exp(-abs(x) / model.feed_size) / model.feed_size / 2
            return float((1 - broken) * small + broken)

        stays = (1 - new) * np.exp(-0.5 * ((g - self.g) / (2 * NONE)) ** 2) / (5 * NONE)
        return float(keep * (stays + new * size(g - self.g)) + (1 - keep) * new * size(g))

    def _own(self, r: np.ndarray, s: np.ndarray, country: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Log likelihoods that each country is out, and up, if there is nothing in common, ``(c,)``; series are in
        order of country."""
        model = self.model
        first = np.flatnonzero(np.diff(country, prepend=-1))
        alone = student((r - 1) / s) / s
        lost = np.arange(model.least, 1.01, 0.05)[:, None]
        wide = np.hypot(s, lost * (1.05 - lost) + 0.02)
        falls = np.log(model.fallen * student((r - 1 + lost) / wide) / wide + (1 - model.fallen) * alone + STRAY)
        falls = np.add.reduceat(falls, first, axis=1)
        most = falls.max(0)
        out = most + np.log(np.exp(falls - most).mean(0))
        up = np.add.reduceat(np.log((1 - STRAY) * alone + STRAY), first)
        prior = self.out[country[first]]
        return np.log(prior) + out, np.log1p(-prior) + up
