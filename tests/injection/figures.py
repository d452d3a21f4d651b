"""Figures of a world: curves of hits against false outages, delays, and the cost of each kind of series."""

from typing import Any

import numpy as np

from tests.injection.tally import Outcome
from tests.injection.world import DEPTHS, DURATIONS, KINDS, World

RATE = 1.0
"""False outages that are allowed in a year of an entity [1/a]."""
TARGETS = ((0.5, 2, 0.99), (0.2, 6, 0.95))
"""Depth, bins within which it must be found, and how many of all must be."""


def large(world: World) -> np.ndarray:
    """Plain series ``(n,)`` with a mean of 100 or more and a dispersion of 2 or less."""
    return (world.kind == "plain") & (world.mean >= 100) & (world.dispersion <= 2)


def outages(
    world: World, series: np.ndarray, depth: float, *, least: int = 0, ramps: bool | None = False
) -> np.ndarray:
    """Outages ``(n, k)`` of a depth in series ``(n,)``, of so many bins or more; ``ramps`` None: slow and sudden."""
    events = world.events
    duration = events.end - events.begin
    found = series[:, None] & (events.depth == depth) & (duration >= least) & (events.end <= world.end)
    return found if ramps is None else found & ((events.ramp > 1) == ramps)


def targets(outcome: Outcome, series: np.ndarray) -> list[float]:
    """Share of the outages of each of `TARGETS` that is found in time, at one false outage an entity-year."""
    threshold = outcome.threshold(series, RATE)
    return [outcome.hit(outages(outcome.world, series, d, least=w), threshold, w) for d, w, _ in TARGETS]


def delays(outcome: Outcome, series: np.ndarray) -> list[float]:
    """Median delay by depth at one false outage an entity-year [bins], NaN where most are missed."""
    threshold = outcome.threshold(series, RATE)
    return [outcome.delay(outages(outcome.world, series, depth), threshold) for depth in DEPTHS]


def matrix(outcome: Outcome, series: np.ndarray) -> list[list[float]]:
    """Share found before they were over, by depth and duration, at one false outage an entity-year."""
    threshold, events = outcome.threshold(series, RATE), outcome.world.events
    rows = []
    for depth in DEPTHS:
        chosen = outages(outcome.world, series, depth, ramps=None)
        rows.append([outcome.hit(chosen & (events.end - events.begin == d), threshold, 288) for d in DURATIONS])
    return rows


def traps(outcome: Outcome) -> dict[str, dict[str, float]]:
    """By kind of series, as shipped: false lows and false confirmed outages an entity-year, and the years."""
    rows = {}
    for kind in dict.fromkeys(KINDS):
        chosen = outcome.world.kind == kind
        years = float(outcome.years[chosen].sum())
        sure = float((chosen[outcome.series] & outcome.confirmed).sum())
        rows[kind] = {"low": outcome.false(chosen), "confirmed": sure / max(years, 1e-9), "years": years}
    return rows


def conditions(outcome: Outcome) -> dict[str, float]:
    """Half-depth drops of large series found in two bins, and long outages, under what makes them hard."""
    world, events = outcome.world, outcome.world.events
    threshold, sudden = outcome.threshold(large(world), RATE), outages(world, large(world), 0.5)
    ramp = outages(world, large(world), 0.5, least=12, ramps=True)
    plentiful = (world.mean >= 100) & (world.dispersion <= 2)
    young = outages(world, plentiful & (world.kind == "young"), 0.5) & (np.arange(events.begin.shape[1]) == 0)
    long = (world.kind == "weeks") & plentiful & (events.end[:, 0] <= world.end)
    seen = outcome.observed[long, 0]
    return {
        "by day": outcome.hit(sudden & ~events.trough, threshold, 2),
        "in the trough": outcome.hit(sudden & events.trough, threshold, 2),
        "ramp of up to an hour, in 18 bins": outcome.hit(ramp, threshold, 18),
        "with a day of past": outcome.hit(young, threshold, 2),
        "with gaps": outcome.hit(outages(world, plentiful & (world.kind == "gaps"), 0.5), threshold, 2),
        "cover of outages of hours to weeks": float(outcome.covered[long, 0].sum() / seen.sum())
        if seen.sum()
        else np.nan,
        "of them confirmed within an hour": float((outcome.sure[long, 0] <= 12).mean()) if long.any() else np.nan,
    }


def figures(outcome: Outcome) -> dict[str, Any]:
    """Every figure of a detector."""
    whole = large(outcome.world)
    return {
        "years": float(outcome.years[whole].sum()), "false_low_per_year": outcome.false(whole),
        "threshold": outcome.threshold(whole, RATE), "targets": targets(outcome, whole),
        "delays": delays(outcome, whole), "matrix": matrix(outcome, whole), "traps": traps(outcome),
        "conditions": conditions(outcome),
    }  # fmt: skip
