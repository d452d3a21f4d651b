"""What is told of a world: curves of hits against false outages, delays, and what each trap of the world costs."""

from typing import Any

import numpy as np

from tests.injection.tally import NOT, Told
from tests.injection.world import DEPTHS, DISPERSIONS, DURATIONS, KINDS, MEANS, World

RATE = 1.0
"""False outages that are allowed in a year of an entity [1/a]."""
RATES = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)
TARGETS = ((0.5, 2, 0.99), (0.2, 6, 0.95))
"""Depth, bins within which it must be found, and how many of all must be."""


def clean(world: World) -> np.ndarray:
    """Series ``(n,)`` with all of the past behind them, and no more than days, weeks and noise."""
    return world.kind == "plain"


def large(world: World) -> np.ndarray:
    """Those of them ``(n,)`` with a mean of 100 or more and a dispersion of 2 or less."""
    return clean(world) & (world.mean >= 100) & (world.dispersion <= 2)


def outages(
    world: World, series: np.ndarray, depth: float, *, least: int = 0, ramps: bool | None = False
) -> np.ndarray:
    """Outages ``(n, k)`` of a depth in series ``(n,)``, of so many bins or more; ``ramps`` None: slow and sudden."""
    events = world.events
    duration = events.end - events.begin
    found = series[:, None] & (events.depth == depth) & (duration >= least) & (events.end <= world.end)
    return found if ramps is None else found & ((events.ramp > 1) == ramps)


def targets(told: Told, series: np.ndarray) -> list[float]:
    """Share of the outages of each of `TARGETS` that is found in time, at one false outage an entity-year."""
    threshold = told.threshold(series, RATE)
    return [told.hit(outages(told.world, series, d, least=w), threshold, w) for d, w, _ in TARGETS]


def counted(world: World, series: np.ndarray) -> list[int]:
    """How many outages `targets` rests on."""
    return [int(outages(world, series, depth, least=within).sum()) for depth, within, _ in TARGETS]


def delays(told: Told, series: np.ndarray) -> list[float]:
    """Median delay by depth at one false outage an entity-year [bins], NaN where most are missed."""
    threshold = told.threshold(series, RATE)
    return [told.delay(outages(told.world, series, depth), threshold) for depth in DEPTHS]


def matrix(told: Told, series: np.ndarray) -> list[list[float]]:
    """Share found before they were over, by depth and duration, at one false outage an entity-year."""
    threshold, events = told.threshold(series, RATE), told.world.events
    rows = []
    for depth in DEPTHS:
        chosen = outages(told.world, series, depth, ramps=None)
        rows.append([told.hit(chosen & (events.end - events.begin == d), threshold, 288) for d in DURATIONS])
    return rows


def curve(told: Told, series: np.ndarray) -> list[dict[str, float]]:
    """False outages an entity-year, threshold, and for each depth the share found in 2, in 6 and in all bins."""
    points = []
    for rate in RATES:
        threshold = told.threshold(series, rate)
        point = {"false_per_year": told.false(series, threshold), "threshold": threshold}
        for depth in DEPTHS:
            chosen = outages(told.world, series, depth)
            point |= {f"{depth:g} in {within}": told.hit(chosen, threshold, within) for within in (2, 6, 288)}
        points.append(point)
    return points


def traps(told: Told) -> dict[str, dict[str, float]]:
    """By kind of series, as shipped: false lows and false confirmed outages an entity-year, and the years."""
    rows = {}
    for kind in dict.fromkeys(KINDS):
        chosen = told.world.kind == kind
        years = float(told.years[chosen].sum())
        sure = float((chosen[told.series] & told.confirmed).sum())
        rows[kind] = {"low": told.false(chosen), "confirmed": sure / max(years, 1e-9), "years": years}
    return rows


def conditions(told: Told) -> dict[str, float]:
    """Half-depth drops of large series found in two bins, and long outages, under what makes them hard."""
    world, events = told.world, told.world.events
    threshold, sudden = told.threshold(large(world), RATE), outages(world, large(world), 0.5)
    ramp = outages(world, large(world), 0.5, least=12, ramps=True)
    plentiful = (world.mean >= 100) & (world.dispersion <= 2)
    young = outages(world, plentiful & (world.kind == "young"), 0.5) & (np.arange(events.begin.shape[1]) == 0)
    long = (world.kind == "weeks") & plentiful & (events.end[:, 0] <= world.end)
    seen = told.observed[long, 0]
    return {
        "by day": told.hit(sudden & ~events.trough, threshold, 2),
        "in the trough": told.hit(sudden & events.trough, threshold, 2),
        "ramp of up to an hour, in 18 bins": told.hit(ramp, threshold, 18),
        "with a day of past": told.hit(young, threshold, 2),
        "with gaps": told.hit(outages(world, plentiful & (world.kind == "gaps"), 0.5), threshold, 2),
        "cover of outages of hours to weeks": float(told.covered[long, 0].sum() / seen.sum()) if seen.sum() else np.nan,
        "of them confirmed within an hour": float((told.sure[long, 0] <= 12).mean()) if long.any() else np.nan,
    }


def shipped(told: Told, series: np.ndarray) -> dict[str, float]:
    """As shipped, without a threshold: false confirmed outages an entity-year, and half-depth drops confirmed."""
    half = outages(told.world, series, 0.5, least=6)
    sure = told.sure[half]
    return {
        "false_confirmed_per_year": float(
            (series[told.series] & told.confirmed).sum() / max(told.years[series].sum(), 1e-9)
        ),
        "half_confirmed": float((sure < NOT).mean()) if half.any() else np.nan,
        "half_confirmed_in_3": float((sure <= 3).mean()) if half.any() else np.nan,
    }


def all_of(heard: dict[str, Told]) -> dict[str, Any]:
    """Every figure of a run, by detector."""
    return {name: _of(told) for name, told in heard.items()}


def _of(told: Told) -> dict[str, Any]:
    world = told.world
    classes = {
        f"mean {m}, dispersion {d}": clean(world) & (world.mean == m) & (world.dispersion == d)
        for m in MEANS for d in DISPERSIONS
    }  # fmt: skip
    whole = large(world)
    return {
        "years": float(told.years[whole].sum()), "outages": counted(world, whole),
        "false_low_per_year": told.false(whole), "threshold": told.threshold(whole, RATE),
        "targets": targets(told, whole), "delays": delays(told, whole), "matrix": matrix(told, whole),
        "curve": curve(told, whole), "shipped": shipped(told, whole),
        "traps": traps(told), "conditions": conditions(told),
        "classes": {name: {"targets": targets(told, c), "outages": counted(world, c), "curve": curve(told, c)}
                    for name, c in classes.items() if c.any()},
    }  # fmt: skip
