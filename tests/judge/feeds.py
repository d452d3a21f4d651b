"""Feeds made by hand, through the judge stage."""

import numpy as np

from detectors.model import Model
from pipeline.judge import JudgeStage
from pipeline.records import UP, Bins, Entity, Run, Verdicts

WIDTH, DAY = 1800, 48
"""Of a bin [s]; of a day [bins]."""

QUIET = 3 * DAY
"""Bins before anything happens."""

NETWORKS = tuple(Entity("asn", f"AS{i}", "GB") for i in range(10))
COUNTRIES = tuple(Entity("country", c, c) for c in ("BR", "DE", "IN", "KE", "PK", "US", "ZA"))
MANY = tuple(Entity("country", f"{a}{b}", f"{a}{b}") for a in "BCDGHI" for b in "AEGRZ")


def feed(entities: tuple[Entity, ...], *factors: float | np.ndarray, noise: float = 0.02) -> np.ndarray:
    """Three quiet days of about a thousand each, then one bin for every factor ``(t, n)``."""
    value = 1000 * np.random.default_rng(4).normal(1, noise, (QUIET + len(factors), len(entities)))
    value[QUIET:] *= np.array([np.broadcast_to(f, len(entities)) for f in factors])
    return np.rint(value)


def daily(*means: float, days: int = 8) -> np.ndarray:
    """Counts with a daily shape, at night a third of noon, and one series beside them that is always flat."""
    rng, shape = np.random.default_rng(4), 2 - np.cos(2 * np.pi * np.arange(days * DAY) / DAY)
    return np.column_stack([*(rng.poisson(mean * shape) for mean in means), np.full(len(shape), 8.0)]).astype(float)


def repeated(x: np.ndarray, begin: int, end: int, columns: slice = slice(None)) -> np.ndarray:
    """The last value before ``begin`` again until ``end``."""
    frozen = x.copy()
    frozen[begin:end, columns] = x[begin - 1, columns]
    return frozen


def frame(entities: tuple[Entity, ...], value: np.ndarray, signal: str, start: int = 0, run: Run | None = None) -> Bins:
    """Bins from the start-th on; NaN is not observed."""
    at = WIDTH * (start + np.arange(len(value)))
    health = np.ones(value.shape, np.float32)
    return Bins(run or Run("r"), "test", -1, signal, WIDTH, int(at[-1]) + WIDTH, UP, entities, at, value, health)


def judged(
    entities: tuple[Entity, ...], value: np.ndarray, signal: str = "traffic.radar", stage: JudgeStage | None = None,
    start: int = 0,
) -> Verdicts:  # fmt: skip
    """All of it through the stage, in one frame."""
    return (stage or JudgeStage(Model(), 1)).step(frame(entities, value, signal, start))[-1]
