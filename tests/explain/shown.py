"""Outages and frames for tests of what is shown."""

import dataclasses
from typing import Any

import msgspec
import numpy as np

from detectors.base import LOW_CONFIRMED
from pipeline.records import UP, Entity, Outage, Run, Sign, Term, Verdicts

PK, SD = Entity("country", "PK", "PK"), Entity("region", "PK-SD", "PK")
ZONG = Entity("asn", "AS59257", "PK", True)
T = 1707356700
"""01:45 UTC, 8 February 2024: a quarter to seven in Karachi."""

EVIDENCE = (Term("probing.ioda", 0.2, -9.0, 7.0, 1.0), Term("bgp.ris", 1.0, 0.1, -0.5, 1.0))


SIGNS = (Sign("lasts", 0.62, "SIGCOMM 2023"),)


def outage(state: str = "confirmed", revision: int = 2, **changed: Any) -> Outage:
    """A revision of the outage of Pakistan's mobile networks."""
    known = Outage(
        "a1", "country", "PK", state, "mobile", "live", T, None, T + 900, T + 1800,
        probability=0.97, severity=0.8, signals=EVIDENCE, revision=revision, likeness=0.62, signs=SIGNS, depth=0.3,
    )  # fmt: skip
    return msgspec.structs.replace(known, **changed)


def verdicts(
    entities: tuple[Entity, ...] = (PK,), value: float = 20.0, tense: str = "live", at: int = T, **changed: Any
) -> Verdicts:
    """One bin of probing, of which 100 was expected."""
    shape = (1, len(entities))
    frame = Verdicts(
        run=Run(tense, tense), feed="ioda", partition=0, signal="probing.ioda", detector="predictive", width=600,
        watermark=at + 600, status=UP, entities=entities, start=np.array([at]), value=np.full(shape, value),
        health=np.full(shape, 0.75, np.float32), expected=np.full(shape, 100.0), lower=np.full(shape, 90.0),
        upper=np.full(shape, 110.0), score=np.full(shape, -16.0), state=np.full(shape, LOW_CONFIRMED, np.int8),
        settled=np.ones(shape, np.bool_),
        common=np.ones(1), likelihood=np.full((*shape, 5), np.nan, np.float32), left=np.ones(shape, np.float32),
    )  # fmt: skip
    return dataclasses.replace(frame, **changed)


def without_bins(status: str) -> Verdicts:
    """A frame that only says that its feed is alive, or that it is not."""
    frame = verdicts(status=status)
    return dataclasses.replace(frame, **{name: getattr(frame, name)[:0] for name in Verdicts.COLUMNS})
