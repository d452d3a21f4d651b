"""Feeds all of whose series move: quiet days, and then bins times a factor of each."""

import numpy as np

from detectors.seasonal import Seasonal
from pipeline.geo.calendar import calendar
from pipeline.judge import JudgeStage
from pipeline.records import UP, Bins, Entity, Run, Verdicts

WIDTH = 3600
DAYS = 72
"""Bins of the days before."""

NETWORKS = tuple(Entity("asn", f"AS{i}", "GB") for i in range(10))
COUNTRIES = tuple(Entity("country", c, c) for c in ("BR", "DE", "IN", "KE", "PK", "US", "ZA"))


def seen(entities: tuple[Entity, ...], *factors: float | np.ndarray, noise: float = 0.001) -> np.ndarray:
    """Three quiet days of about a thousand each, then one bin for every factor ``(t, n)``."""
    rng = np.random.default_rng(4)
    quiet = 1000 * rng.normal(1, noise, (DAYS + len(factors), len(entities)))
    quiet[DAYS:] *= np.array([np.broadcast_to(f, len(entities)) for f in factors])
    return np.rint(quiet)


def judged(
    entities: tuple[Entity, ...], value: np.ndarray, signal: str = "bgp.routeviews", stage: JudgeStage | None = None,
    start: int = 0, met: np.ndarray | None = None, width: int = WIDTH,
) -> Verdicts:  # fmt: skip
    """All of it through the stage, in one frame, with one partition; ``met (n,)``: the bin that each begins at."""
    stage = stage or JudgeStage(Seasonal.for_signal, calendar, 1)
    at = width * (start + np.arange(len(value)))
    health = np.ones(value.shape, np.float32)
    if met is not None:
        value, health = (np.where(np.arange(len(value))[:, None] < met, np.nan, a) for a in (value, health))
    bins = Bins(Run("r"), "test", -1, signal, width, int(at[-1]) + width, UP, entities, at, value, health)
    return stage.step(bins)[0]


def states(verdicts: Verdicts, row: int = -1) -> set[int]:
    return set(verdicts.state[row].tolist())
