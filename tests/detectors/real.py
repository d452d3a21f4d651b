"""The labelled real series as arrays, for the tests of detectors."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from pipeline.feeds import open_source, read_labels


class Series(NamedTuple):
    """One signal of one case: t ``(t,) int64`` [s], x ``(t, n)`` NaN where no row is, entities and width [s]."""

    t: np.ndarray
    x: np.ndarray
    entities: tuple[str, ...]
    width: int


def series(data: Path, case: str, signal: str) -> Series:
    """A signal of a labelled case on its own cadence."""
    whole = open_source(data / "signals" / case).whole
    assert whole is not None
    (rows,) = [rows for rows in whole.series if rows.signal == signal]
    t, at = np.unique(rows.time, return_inverse=True)
    x = np.full((len(t), len(rows.entities)), np.nan)
    x[at, rows.entity] = rows.value
    return Series(t, x, tuple(entity.name for entity in rows.entities), rows.width)


def labels(data: Path, case: str) -> list[tuple[int, int]]:
    """Start and end of each labelled outage [s]."""
    return [(label.start, label.end) for label in read_labels(data / "signals" / case / "labels.csv")]
