"""Outages held against labels."""

import csv
import datetime
from dataclasses import dataclass
from pathlib import Path

from pipeline.codec import seconds
from pipeline.records import Outage


@dataclass(frozen=True)
class Label:
    start: int
    end: int
    entity: tuple[str, str]


@dataclass(frozen=True)
class Tolerance:
    """How exact the labels of a case are [s]."""

    onset_early: int
    onset_late: int
    end_early: int
    end_late: int


def labels(case: Path) -> list[Label]:
    with (case / "labels.csv").open() as file:
        rows = list(csv.DictReader(file))
    return [Label(seconds(r["start"]), seconds(r["end"]), (r["entity_type"], r["entity"])) for r in rows]


def tolerance(case: Path) -> Tolerance:
    with (case.parent / "TOLERANCE.csv").open() as file:
        row = next(row for row in csv.DictReader(file) if row["case"] == case.name)
    return Tolerance(*(60 * int(row[f"{name}_min"]) for name in ("onset_early", "onset_late", "end_early", "end_late")))


def confirmed(outages: list[Outage]) -> list[Outage]:
    return [o for o in outages if o.confirmed_at is not None and o.state != "retracted"]


def hit(label: Label, outages: list[Outage], exact: Tolerance) -> Outage | None:
    """The confirmed outage of the label's entity that begins and ends when it does."""
    for outage in confirmed(outages):
        if (
            (outage.entity_type, outage.entity) == label.entity
            and outage.end is not None
            and -exact.onset_early <= outage.start - label.start <= exact.onset_late
            and -exact.end_early <= outage.end - label.end <= exact.end_late
        ):
            return outage
    return None


def told(outage: Outage) -> str:
    """For a person who reads a failed test."""
    at = [datetime.datetime.fromtimestamp(t, datetime.UTC) if t else None for t in (outage.start, outage.end)]
    return f"{outage.entity_type}/{outage.entity} {outage.state} {at[0]} to {at[1]}"
