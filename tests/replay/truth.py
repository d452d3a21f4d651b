"""Outages held against labels."""

import datetime

from pipeline.evaluation.cases import Tolerance
from pipeline.feeds import Label
from pipeline.records import Outage


def confirmed(outages: list[Outage]) -> list[Outage]:
    return [o for o in outages if o.confirmed_at is not None and o.state != "retracted"]


def hit(label: Label, outages: list[Outage], exact: Tolerance | None) -> Outage | None:
    """The confirmed outage of the label's entity that begins and ends when it does."""
    assert exact is not None
    for outage in confirmed(outages):
        if (
            (outage.entity_type, outage.entity) == (label.entity_type, label.entity)
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
