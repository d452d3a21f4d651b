"""The labelled real series as arrays, for the tests of detectors."""

import csv
import gzip
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np


class Series(NamedTuple):
    """One signal of one case: t ``(t,) int64`` [s], x ``(t, n)`` NaN where no row is, entities and width [s]."""

    t: np.ndarray
    x: np.ndarray
    entities: tuple[str, ...]
    width: int

    def place(self, time: str) -> int:
        """Index of the bin that starts at an ISO time."""
        return int(np.searchsorted(self.t, stamp(time)))


def stamp(time: str) -> int:
    """Seconds UTC of an ISO time."""
    return int(datetime.fromisoformat(time.replace("Z", "+00:00")).timestamp())


def rows(path: Path) -> list[dict[str, str]]:
    """The rows of a table, plain or compressed."""
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return list(csv.DictReader(content.decode().splitlines()))


def series(data: Path, case: str, signal: str) -> Series:
    """A signal of a labelled case on its own cadence: a bin that is absent for every entity is a row of NaN."""
    table = [row for row in rows(data / "signals" / case / "signals.csv.gz") if row["signal"] == signal]
    entities = tuple(sorted({row["entity"] for row in table}))
    times = np.array([stamp(row["time"]) for row in table])
    steps, counts = np.unique(np.diff(np.unique(times)), return_counts=True)
    t = np.unique(times)
    x = np.full((len(t), len(entities)), np.nan)
    for time, row in zip(times, table, strict=True):
        x[np.searchsorted(t, time), entities.index(row["entity"])] = float(row["value"] or "nan")
    return Series(t, x, entities, int(steps[np.argmax(counts)]))


def labels(data: Path, case: str) -> list[tuple[int, int]]:
    """Start and end of each labelled outage [s]."""
    return [(stamp(row["start"]), stamp(row["end"])) for row in rows(data / "signals" / case / "labels.csv")]
