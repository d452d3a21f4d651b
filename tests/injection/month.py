"""A month of countries in which nothing happens."""

from collections.abc import Iterator

from rich.table import Table

from pipeline.bins import DAY
from pipeline.engine import Engine
from pipeline.records import Outage
from tests.injection.given import Country, date, outages, table
from tests.replay.truth import confirmed
from tests.tracked import tracked

CODES = (
    "AR", "BD", "BR", "CO", "DE", "DZ", "EG", "ES", "FR", "GB", "GH", "ID",
    "IN", "IT", "JP", "KE", "MX", "NG", "PE", "PK", "TH", "TR", "VN", "ZA",
)  # fmt: skip
BEGIN, DAYS = date("2024-09-02"), 35


def said(seed: int, engine: Engine | None = None) -> list[Outage]:
    """What is said of all of them, in one recording."""
    return outages((rows for code in CODES for rows in Country(code, seed, BEGIN, BEGIN + DAYS * DAY).rows()), engine)


def tables(seeds: int, engine: Engine) -> Iterator[Table]:
    """What is said of so many recordings."""
    own = [outage for seed in tracked(range(seeds), "months of countries", seeds) for outage in said(seed, engine)]
    yield table(
        f"month: said of {DAYS * len(CODES) * seeds} country-days in which nothing happens (wanted: none confirmed)",
        ["suspected or more", "confirmed"], [(len(own), len(confirmed(own)))],
    )  # fmt: skip
