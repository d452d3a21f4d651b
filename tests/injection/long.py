"""A shutdown of three weeks, in which routes return after hours and a part of the traffic after days."""

from collections.abc import Iterator

import numpy as np
from rich.table import Table

from pipeline.bins import DAY
from pipeline.engine import Engine
from pipeline.records import Outage
from tests.injection.given import HOUR, MINUTE, Country, Loss, date, outages, table
from tests.replay.truth import confirmed
from tests.tracked import tracked

COUNTRY = "PK"
BEGIN, ONSET = date("2024-10-19"), date("2024-10-29") + 3 * HOUR
OVER = ONSET + 21 * DAY
EXACT = 2 * HOUR
"""Onset and end are dated within [s]: two bins."""


def said(seed: int, engine: Engine | None = None) -> list[Outage]:
    """What is confirmed of a recording that goes on for two days after the end, without a telescope."""
    random = np.random.default_rng(seed)
    routes, people = (ONSET + round(random.uniform(*span)) for span in ((4 * HOUR, 12 * HOUR), (3 * DAY, 5 * DAY)))
    losses = (
        Loss(ONSET, routes, random.uniform(0.6, 0.9), ("bgp.ris",)),
        Loss(ONSET, OVER, random.uniform(0.95, 0.98), ("probing.ioda",)),
        Loss(ONSET, people, 0.97, ("traffic.radar",)),
        Loss(people, OVER, 0.60, ("traffic.radar",)),
    )
    rows = Country(COUNTRY, seed, BEGIN, OVER + 2 * DAY, losses, HOUR).rows()
    return confirmed(outages((own for own in rows if own.signal != "telescope.ioda"), engine))


def tables(seeds: int, engine: Engine) -> Iterator[Table]:
    """The outages of each seed, and how far the first onset and the last end are off."""
    rows = []
    for seed in tracked(range(seeds), "long shutdowns", seeds):
        own = said(seed, engine)
        start, end = own[0].start if own else None, own[-1].end if own else None
        off = (f"{(t - truth) / MINUTE:+g}" if t else "-" for t, truth in ((start, ONSET), (end, OVER)))
        rows.append((seed, len(own), *off, ", ".join(one.kind for one in own)))
    yield table(
        "long: a shutdown of three weeks (wanted: one outage)",
        ["seed", "outages", "onset off [min]", "end off [min]", "kinds"], rows,
    )  # fmt: skip
