"""Recordings that end at any bin: the open cases, and the day of the demo."""

from collections.abc import Iterator
from pathlib import Path

from rich.table import Table

from pipeline.bins import DAY
from pipeline.codec import seconds
from pipeline.engine import Engine
from pipeline.feeds import recordings
from pipeline.records import Rows
from pipeline.replay.reconstruction import reconstruct
from tests.conftest import DATA
from tests.injection.given import table
from tests.replay.cuts import Cutting, ends
from tests.tracked import tracked

DEMO, FROM = "demo", seconds("2024-02-07T12:00:00Z")
"""The reconstructed election day, which is cut from the noon before it on [s]."""


def recording(name: str) -> tuple[list[Rows], list[int]]:
    """Its series, and the ends of the bins that it may be cut at [s]."""
    if name == DEMO:
        series = [rows.take(rows.time >= FROM - 9 * DAY) for rows in reconstruct(0).rows]
        return series, [end for end in ends(series) if end >= FROM]
    (own,) = recordings([str(DATA / "signals" / name)])
    series = [rows for rows in own.items if isinstance(rows, Rows)]
    return series, ends(series)


def names() -> list[str]:
    """The demo, and the cases that are there."""
    return [DEMO, *sorted(path.parent.name for path in Path(DATA / "signals").glob("*/labels.csv"))]


def tables(most: int, engine: Engine) -> Iterator[Table]:
    """Each recording, cut at about so many ends of its bins."""
    rows = []
    for name in tracked(names(), "recordings that are cut", len(names())):
        series, every = recording(name)
        cuts = list(Cutting(series, every[:: max(1, len(every) // most)], engine).cuts())
        wrong = [own for cut in cuts if (own := list(cut.wrong()))]
        rows.append((name, len(cuts), len(wrong), sum(cut.same() for cut in cuts), next((o[0] for o in wrong), "")))
    yield table(
        "cuts: what a recording says that ends earlier, beside what the whole of it had published by then",
        ["recording", "cuts", "wrong (wanted: 0)", "the same to the byte", "the first"], rows,
    )  # fmt: skip
