"""On a free day people do less while routes and probes stay as they are; or probes are lost as well."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from rich.table import Table

from pipeline.bins import DAY
from pipeline.engine import Engine
from tests.injection.given import ACTIVITY, HOUR, Answer, Country, Loss, answer, date, minutes, outages_of, table
from tests.tracked import tracked

COUNTRY = "DE"
PAST = 21
"""Days before the day."""
EARLIER = 10
"""So many days before it lies a day that is as quiet: it is no deeper than the past of its series."""
SIZES = (0.40, 0.50, 0.65)


class Days(NamedTuple):
    """Begin, and how long less is done [s]; how long it takes until all of the loss is there, least and most [s]."""

    begin: int
    lasts: int
    ramp: tuple[float, float]


DAYS = {
    "workday": Days(date("2024-10-10") + 4 * HOUR, 12 * HOUR, (0.1 * HOUR, 4 * HOUR)),
    "holiday": Days(date("2024-10-03") + 4 * HOUR, 12 * HOUR, (0.1 * HOUR, 4 * HOUR)),
    "Christmas": Days(date("2024-12-23") + 23 * HOUR, 12 * DAY, (6 * HOUR, 48 * HOUR)),
}
"""Two Thursdays, the second of which is a public holiday, and 24 December to 4 January, by the clock of Berlin."""


def said(
    day: str, seed: int, sizes: Sequence[float] = SIZES, engine: Engine | None = None, past: int = PAST
) -> dict[tuple[float, bool], Answer]:
    """What is said by size, and whether probes are lost as well."""
    days = DAYS[day]
    ramp, over = round(np.random.default_rng(seed).uniform(*days.ramp)), days.begin + days.lasts
    begin, before = days.begin // DAY * DAY - past * DAY, days.begin - EARLIER * DAY
    earlier = Loss(before, before + 12 * HOUR, max(sizes), ACTIVITY, 4 * HOUR)
    asked = [(size, probes) for size in sizes for probes in (False, True)]
    losses = (
        Loss(days.begin, over, size, (*ACTIVITY, "probing.ioda") if probes else ACTIVITY, ramp)
        for size, probes in asked
    )
    recordings = (Country(COUNTRY, seed, begin, over + DAY // 2, (earlier, loss)).rows() for loss in losses)
    own = outages_of(recordings, days.begin, engine)
    return {key: answer(out, days.begin, over) for key, out in zip(asked, own, strict=True)}


def tables(seeds: int, engine: Engine) -> Iterator[Table]:
    """How many of so many seeds are confirmed on each day."""
    rows = []
    for day in tracked(DAYS, "holidays", len(DAYS)):
        own = [said(day, seed, engine=engine) for seed in range(seeds)]
        for size in SIZES:
            late = {probes: [one[size, probes].confirmed for one in own] for probes in (False, True)}
            found = (f"{sum(at is not None for at in late[probes])}/{seeds}" for probes in (False, True))
            rows.append((day, f"{100 * size:.0f} %", *found, minutes(late[True])))
    yield table(
        "holiday: confirmed where activity alone is lost (wanted: none), and with probes as well (wanted: all)",
        ["day", "lost", "activity", "and probes", "after [min]"], rows,
    )  # fmt: skip
