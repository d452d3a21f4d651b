"""A steady Poisson series loses a part of its counts for half a day; beside it a test that knows level and loss."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from rich.table import Table

from pipeline.bins import DAY
from pipeline.engine import Engine
from pipeline.records import Outage, Rows
from tests.injection.given import (
    HOUR,
    MINUTE,
    Answer,
    answer,
    date,
    minutes,
    outages,
    outages_of,
    series,
    table,
)
from tests.replay.truth import confirmed
from tests.tracked import tracked

SERIES = ((30, 600), (100, 600), (300, 1800))
"""Mean [counts a bin], and length of a bin [s]."""
LOST = (0.44, 0.52, 0.60, 0.70)
SIGNAL, COUNTRY = "probing.ioda", "PK"
BEGIN = date("2024-10-01")
ONSET, LASTS = 15 * DAY, 12 * HOUR
"""A Wednesday without a holiday, from the begin on [s]."""
CALM = 125
"""Place-days without a loss for each seed, so that eight seeds are a thousand."""
PLACE_DAYS, ALARMS = 10_000, 1
"""The sequential test raises so many false alarms in so many place-days: none in 1,000, nine times out of ten."""


@dataclass(frozen=True)
class Cell:
    """A mean [counts a bin], the length of its bins [s], and the share that is lost [0-1]."""

    mean: int
    width: int
    lost: float = 0.0

    def recording(self, seed: int, days: int) -> Rows:
        """So many days, and then the loss where there is one; the days of a seed are the same for each loss."""
        random = np.random.default_rng((self.mean, seed))
        at = np.arange(0, days * DAY + (LASTS if self.lost else 0), self.width)
        mean = self.mean * np.where(at >= days * DAY, 1 - self.lost, 1.0)
        return series(SIGNAL, self.width, BEGIN, random.poisson(mean), COUNTRY)

    def in_time(self, said: Answer) -> bool:
        """Whether a loss was suspected and confirmed as soon as is wanted."""
        if said.suspected is None or said.confirmed is None:
            return False
        return said.suspected <= self.suspected_within() and said.confirmed <= self.confirmed_within()

    def suspected_within(self) -> float:
        """Twice the time of the sequential test, and one bin [s]."""
        return 2 * sequential(self) + self.width

    def confirmed_within(self) -> int:
        """Two hours, four where counts are few [s]."""
        return (4 if self.mean <= 30 else 2) * HOUR


def answers(
    mean: int, width: int, seed: int, lost: Sequence[float] = LOST, engine: Engine | None = None
) -> list[Answer]:
    """What is said of each loss of a series."""
    recordings = [[Cell(mean, width, loss).recording(seed, ONSET // DAY)] for loss in lost]
    said = outages_of(recordings, BEGIN + ONSET, engine)
    return [answer(own, BEGIN + ONSET, BEGIN + ONSET + LASTS) for own in said]


def false(mean: int, width: int, seed: int, engine: Engine | None = None) -> list[Outage]:
    """What is confirmed in `CALM` days without a loss."""
    return confirmed(outages([Cell(mean, width).recording(seed, CALM)], engine))


@cache
def sequential(cell: Cell, tries: int = 1000) -> float:
    """Median time to the alarm of Page's test for the cell's own loss, whose threshold allows `ALARMS` [s]."""
    random = np.random.default_rng(cell.mean)
    calm = _highest(cell, random.poisson(cell.mean, (DAY // cell.width, PLACE_DAYS)))
    threshold = np.sort(calm.max(axis=0))[-ALARMS - 1]
    sums = _highest(cell, random.poisson(cell.mean * (1 - cell.lost), (LASTS // cell.width, tries)))
    return float(np.median((sums > threshold).argmax(axis=0) + 1)) * cell.width


def _highest(cell: Cell, counts: np.ndarray) -> np.ndarray:
    """Page's sums ``(t, n)`` of the log-likelihood ratio of the loss against none, of ``counts (t, n)`` [nats]."""
    ratios = counts * np.log1p(-cell.lost) + cell.lost * cell.mean
    sums = np.zeros(ratios.shape)
    sums[0] = np.maximum(ratios[0], 0)
    for i in range(1, len(sums)):
        sums[i] = np.maximum(sums[i - 1] + ratios[i], 0)
    return sums


def tables(seeds: int, engine: Engine) -> Iterator[Table]:
    """Found of so many seeds, and how soon."""
    rows = []
    for mean, width in tracked(SERIES, "series that lose", len(SERIES)):
        by_loss = zip(*(answers(mean, width, seed, engine=engine) for seed in range(seeds)), strict=True)
        for cell, said in zip((Cell(mean, width, lost) for lost in LOST), by_loss, strict=True):
            rows.append((
                counts(cell), f"{100 * cell.lost:.0f} %", f"{sum(one.confirmed is not None for one in said)}/{seeds}",
                f"{sum(map(cell.in_time, said))}/{seeds}",
                minutes(one.suspected for one in said), f"{cell.suspected_within() / MINUTE:g}",
                minutes(one.confirmed for one in said), f"{cell.confirmed_within() / MINUTE:g}",
                f"{sequential(cell) / MINUTE:g}",
            ))  # fmt: skip
    yield table(
        "plain: a steady series loses for twelve hours [medians of min after the onset]; the sequential test knows how "
        "much, and has no false alarm in 1,000 place-days",
        ["counts", "lost", "found", "in time", "suspected", "at most", "confirmed", "at most", "sequential test"], rows,
    )  # fmt: skip


def calm_tables(seeds: int, engine: Engine) -> Iterator[Table]:
    """What is confirmed where nothing is lost."""
    cells = [Cell(*own) for own in SERIES]
    rows = [
        (counts(cell), sum(len(false(cell.mean, cell.width, seed, engine)) for seed in range(seeds)))
        for cell in tracked(cells, "series that lose nothing", len(cells))
    ]
    yield table(
        f"calm: confirmed in {seeds * CALM} place-days of the same series (wanted: none)", ["counts", "outages"], rows
    )


def counts(cell: Cell) -> str:
    """Its mean, for people."""
    return f"{cell.mean} in {cell.width // MINUTE} min"
