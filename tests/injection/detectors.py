"""Outages laid over thousands of made-up series: each detector by itself, beside the best possible."""

import argparse
import json
from collections.abc import Iterator
from typing import Any

import numpy as np
from rich.table import Table

from tests.injection.best import BEST, run
from tests.injection.figures import RATE, TARGETS, figures
from tests.injection.given import table
from tests.injection.world import DEPTHS, DURATIONS, world
from tests.tracked import tracked

COLUMNS = [f"depth {depth:g} in {within}" for depth, within, _ in TARGETS]


def tables(found: dict[str, dict[str, Any]]) -> Iterator[Table]:
    """What a person reads of the figures."""
    yield table(
        f"mean >= 100, dispersion <= 2, at {RATE:g} false outage an entity-year",
        ["detector", *COLUMNS, *(f"delay {d:g}" for d in DEPTHS), "lows/a shipped"],
        ([name, *map(share, f["targets"]), *map(number, f["delays"]), number(f["false_low_per_year"])]
         for name, f in found.items()),
    )  # fmt: skip
    yield table(
        "found before it was over, by depth and duration [bins]",
        ["detector", "depth", *map(str, DURATIONS)],
        ([name, f"{depth:g}", *map(share, f["matrix"][i])] for i, depth in enumerate(DEPTHS)
         for name, f in found.items()),
    )  # fmt: skip
    outcome = {name: f for name, f in found.items() if name != BEST}
    first = next(iter(outcome.values()))
    yield table(
        "false lows (confirmed) an entity-year, as shipped", ["detector", *first["traps"]],
        ([name, *(f"{number(t['low'])} ({number(t['confirmed'])})" for t in f["traps"].values())]
         for name, f in outcome.items()),
    )  # fmt: skip
    yield table(
        "half-depth drops in two bins, and long outages", ["detector", *first["conditions"]],
        ([name, *map(share, f["conditions"].values())] for name, f in outcome.items()),
    )  # fmt: skip


def share(value: float) -> str:
    """A share as per cent."""
    return "" if np.isnan(value) else f"{100 * value:.1f} %"


def number(value: float) -> str:
    """A number in short."""
    return "never" if np.isnan(value) else f"{value:.2g}"


def run_tables(ask: argparse.Namespace) -> Iterator[Table]:
    """One world, every detector; the figures are written down where that was asked for."""
    place = world(ask.seed, ask.series, ask.past, ask.days)
    bins = tracked(range(place.end), f"bins of seed {ask.seed}, {place.n} series", place.end)
    found = {name: figures(outcome) for name, outcome in run(place, ask.detector, bins).items()}
    if ask.json:
        settings = {"seed": ask.seed, "series": ask.series, "past": ask.past, "days": ask.days}
        ask.json.write_text(json.dumps({"settings": settings, "detectors": found}, indent=1) + "\n")
    yield from tables(found)
