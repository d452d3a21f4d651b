"""Which level a series is at: the likelihood of a bin if the series is fine, out, off, quiet, or has moved.

    y = sqrt(x / e + c)          x the value, e what is expected, c = 3/8 of a count
    y_t = y(m) + phi (y_t-1 - y(m)) + s sqrt(1 - phi^2) T        m the level, T of Student; where the series is fresh,
    y_t = y(m) + s T                                             which a share of the bins is; T is normal as far as
                                                                 that has told the series better

There the noise of counts is the same at any level (Anscombe 1948).  A fine series is at level 1.  Any other is at an
unknown level, which it keeps, but for jumps.  Its distribution over the levels is filtered along, so that what is seen
of it adds up over bins.
"""

from functools import lru_cache

import numpy as np

from detectors.model import YEAR, Model

FINE, OUT, OFF, QUIET, MOVED = range(5)
STATES = 5

LEVELS = np.array([0, 0.05, 0.12, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.78, 0.86, 0.93, 1, 1.15, 1.5, 2.2])
ONE = int(np.flatnonzero(LEVELS == 1)[0])
EDGES = np.concatenate([[0], (LEVELS[1:] + LEVELS[:-1]) / 2, [3.0]])
CELLS = np.diff(EDGES)
_LEVELS = LEVELS.astype(np.float32)
UNIFORM = 1 / np.sqrt(12)  # deviation of a uniform distribution of width 1
_HALF = np.where(LEVELS == 1, 0, CELLS * UNIFORM / (2 * np.sqrt(LEVELS + 0.05))).astype(np.float32)
LEAST = 1e-12  # least likelihood of a bin: no bin is impossible
TINY = float(np.finfo(float).tiny)  # in place of 0 where it divides, or its logarithm is taken

ACTIVITY = ("traffic", "telescope", "atlas")
ALWAYS_ON = ("bgp", "atlas")


def is_activity(kind: str) -> bool:
    """Whether a signal counts what people do: on a quiet day it falls while routes and probes stay."""
    return kind in ACTIVITY


def has_a_day(kind: str) -> bool:
    """Whether a signal follows the hours of the day: routes and Atlas probes are on at night as well."""
    return kind not in ALWAYS_ON


@lru_cache(maxsize=64)
def priors(model: Model, most: float = 1.0) -> np.ndarray:
    """Where a series that is out, off, quiet or moved may be, ``(4, levels)``; each sums to 1.

    ``most``: the largest loss of an outage [0-1].

    Examples
    --------
    >>> at = priors(Model())
    >>> at.sum(1).round(3).tolist(), int((at[3] > 0).sum())
    ([1.0, 1.0, 1.0, 1.0], 4)
    """
    lost = 1 - LEVELS
    out = CELLS * (lost <= most) * (lost >= model.least)
    off = CELLS * np.where(LEVELS < 2, 1.0, 0.1)
    quiet = CELLS * (lost > 0)
    moved = CELLS * (lost <= model.moved_most + 1e-9) * (lost > -1) * (lost != 0)
    each = np.stack([out, off, quiet, moved])
    each /= each.sum(1, keepdims=True)
    each.setflags(write=False)
    return each


def quiet(depth: np.ndarray, edge: float) -> np.ndarray:
    """Where a series is on a quiet day ``(n, levels) float32``; each sums to 1.

    ``depth (n,)``: how deep the series has been on days like that, as a negative logarithm; much deeper is rare, the
    rarer the more ``edge``s below [-].
    """
    fall = -np.log(LEVELS + 0.01)
    at = CELLS * (LEVELS < 1) / (1 + np.exp(np.clip((fall - depth[:, None]) / edge, -50, 50)))
    return np.asarray(at / at.sum(1, keepdims=True), np.float32)


def student(z: np.ndarray) -> np.ndarray:
    """Density of Student's t with 8 degrees of freedom."""
    q = 1 + z * z * np.asarray(1 / 8, z.dtype)
    q = q * q
    return np.asarray(np.asarray(0.38670, z.dtype) / (q * q * np.sqrt(np.sqrt(q))))


def noise(z: np.ndarray, normal: np.ndarray) -> np.ndarray:
    """Density of the noise, of which a share is ``normal``."""
    bell = np.asarray(np.exp(z * z * np.asarray(-0.5, z.dtype)) * np.asarray(1 / np.sqrt(2 * np.pi), z.dtype))
    return np.asarray(normal * bell + (1 - normal) * student(z))


def densities(
    y: np.ndarray, before: np.ndarray, c: np.ndarray, scale: np.ndarray, phi: np.ndarray, normal: np.ndarray,
    fresh: float,
) -> np.ndarray:  # fmt: skip
    """Density of each value at each level ``(..., levels) float32``; arrays ``(...)``, NaN where nothing was seen.

    Parameters
    ----------
    before
        y of the last bin that was seen, NaN where there is none.
    scale, phi, normal
        Deviation of y at level 1, how much of it a bin has from the bin before, and how far its noise is normal [0-1].
    """
    each = (y, before, c, scale, phi, normal)
    y, before, c, scale, phi, normal = (np.asarray(a, np.float32)[..., None] for a in each)
    with np.errstate(all="ignore"):
        centre = np.sqrt(_LEVELS + c)
        new = np.isnan(before)
        phi = np.where(new, np.float32(0), phi)
        off = y - centre
        was = np.where(new, np.float32(0), before) - centre
        step = np.hypot(scale * np.sqrt(1 - phi * phi), _HALF * (1 - phi))
        whole = np.hypot(scale, _HALF)
        share = np.where(phi > 0, np.float32(1 - fresh), np.float32(0))
        follows = (off - phi * was) / step
        normal = np.where(_LEVELS == 1, normal, np.float32(1))
        anew = np.maximum(noise(off / whole, normal) / whole, np.float32(LEAST))  # NaN stays
        stays = np.maximum(share * noise(follows, normal) / step + (1 - share) * anew, np.float32(LEAST))
    return stays


def counts(
    x: np.ndarray, before: np.ndarray, mean: np.ndarray, scale: np.ndarray, phi: np.ndarray, fresh: float
) -> np.ndarray:  # fmt: skip
    """The same of counts ``x (m,)`` of which so many are the ``mean (m,)``, times one factor for all levels.

        log p = x log l m - (x + k) log(1 + l m / k),    1 / k = 4 s^2 - 1 / m        l the level

    It is the negative binomial distribution: Poisson's, but that the mean itself strays.  ``before``: share of the
    mean that the bin before had, NaN where there is none.
    """
    with np.errstate(all="ignore"):
        k = 1 / np.maximum(4 * scale**2 - 1 / mean, 1e-3)[:, None]
        phi = np.where(np.isnan(before), 0.0, phi)[:, None]
        stays = np.maximum(LEVELS + phi * (np.nan_to_num(before)[:, None] - LEVELS), 0.0)
        each = []
        for level in (stays, np.broadcast_to(LEVELS, stays.shape)):
            m = np.maximum(level * mean[:, None], 1e-6)
            each.append(x[:, None] * np.log(m) - (x[:, None] + k) * np.log1p(m / k))
        most = np.maximum(each[0].max(1), each[1].max(1))[:, None]
        share = (1 - fresh) * (phi > 0)
        seen = share * np.exp(each[0] - most) + (1 - share) * np.exp(each[1] - most)
    return np.maximum(seen, LEAST).astype(np.float32)


class Rates:
    """How series leave and enter the states, in bins ``hours`` apart ``(n,)``."""

    def __init__(self, model: Model, kind: str) -> None:
        self.model = model
        quiet = model.quiet_rates[0] if is_activity(kind) else 0.0
        self.begin = np.array([model.outage_rate, model.off_rate, quiet, model.moved_rate]) / YEAR
        self.stay = np.array([model.outage_hours, model.off_hours, model.quiet_hours[0], 24 * model.relearn_days])
        self.jump = np.array([model.jump_rate, model.jump_rate, 1 / model.lag_hours, 0.0])

    def over(self, hours: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Probability that a series enters each state, leaves it, and jumps in it, ``(n, 4)``."""
        over = hours[:, None]
        return 1 - np.exp(-self.begin * over), 1 - np.exp(-over / self.stay), 1 - np.exp(-self.jump * over)


def filtered(
    prob: np.ndarray, level: np.ndarray, seen: np.ndarray, prior: np.ndarray,
    steps: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:  # fmt: skip
    """One bin of the filter of each series alone: P(state) ``(n, 5)``, its levels ``(n, 4, levels)``, and the
    likelihoods ``(n, 5)``.

    Parameters
    ----------
    prob, level
        The same after the bin before.
    seen
        ``(n, levels)`` densities, NaN where nothing was seen.
    steps
        Of `Rates.over`.
    """
    enter, leave, jump = steps
    flow, stay = prob[:, :1] * enter, prob[:, 1:] * (1 - leave)
    others = stay + flow
    fine = prob[:, 0] * (1 - enter.sum(1)) + (prob[:, 1:] * leave).sum(1)
    kept = (stay / np.maximum(others, TINY) * (1 - jump)).astype(np.float32)[..., None]
    level = level * kept + (1 - kept) * prior
    seen = np.where(np.isnan(seen[:, :1]), np.float32(1), seen)
    joint = level * seen[:, None, :]
    each = joint.sum(2)
    level = joint / each[..., None]
    likelihood = np.concatenate([seen[:, ONE : ONE + 1], each], 1)
    prob = np.concatenate([fine[:, None], others], 1) * likelihood
    return prob / prob.sum(1, keepdims=True), level, likelihood


def left(prob: np.ndarray, level: np.ndarray) -> np.ndarray:
    """Share of the expected that each series has left, ``(n,) float32``, of P(state) and levels of `filtered`.

    It is the mean over its states and their levels.  These add up over bins, so one count that strays moves it little.

    Examples
    --------
    >>> half = np.zeros((1, 4, len(LEVELS)), np.float32)
    >>> half[..., 6] = 1
    >>> left(np.array([[0.25, 0.75, 0, 0, 0]]), half).tolist()
    [0.625]
    """
    return np.asarray(prob[:, FINE] + (prob[:, 1:] * (level @ _LEVELS)).sum(1), np.float32)
