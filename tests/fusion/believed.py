"""Verdicts with likelihoods, written by hand, and what comes of them."""

from dataclasses import replace

import numpy as np

from pipeline.fusion import FuseStage
from pipeline.fusion.belief import Belief
from pipeline.records import Entity, Outage, Run, Verdicts
from pipeline.settings import Fusing
from tests.judge.verdicts import COUNTRY, verdicts

BGP, PROBING, TRAFFIC = "bgp.ris", "probing.ioda", "traffic.radar"
EACH = {
    ".": (6.0, 0.2, 0.5, 0.4, 1.0), "L": (1e-4, 2.0, 0.5, 0.3, 1e-3), "l": (0.5, 2.0, 0.8, 2.0, 1.0),
    "m": (0.02, 2.0, 0.4, 0.3, 0.05),
}  # fmt: skip
"""Likelihoods fine, out, off, quiet, moved of a bin: of one that is fine, one that is low, one that may be, and one
that is low, but not for sure."""


def bins(
    signal: str, marks: str, *, run: Run, entity: Entity = COUNTRY, width: int = 300, at: int = 0, left: float = 0.2,
    detector: str = "by hand", health: float = 1.0, alone: bool = True, young: bool = False,
) -> Verdicts:  # fmt: skip
    """One entity's verdicts, a mark a bin, see `EACH`; ``?``: not observed."""
    plain = marks.replace("m", "l")
    frame = verdicts(signal, plain, run=run, entity=entity, width=width, at=at, left=left, health=health)
    likelihood = np.array([[EACH.get(mark, (np.nan,) * 5)] for mark in marks], np.float32).reshape(len(marks), 1, 5)
    likelihood = np.full_like(likelihood, np.nan) if young else likelihood
    return replace(frame, detector=detector, likelihood=likelihood, alone=np.full(len(marks), alone))


def several(width: int = 300, left: float = 0.2, entity: Entity = COUNTRY, **marks: str) -> list[Verdicts]:
    """Bins of some kinds of signals, over the same time."""
    names = {"bgp": BGP, "probing": PROBING, "traffic": TRAFFIC}
    run = Run("r", "replay", tuple(names[kind] for kind in marks))
    return [bins(names[kind], own, run=run, entity=entity, width=width, left=left) for kind, own in marks.items()]


def stage(settings: Fusing | None = None) -> FuseStage:
    """A stage that hosts the model."""
    return FuseStage(0, settings or Fusing(), ("by hand",), ledger=Belief)


def restarted(old: FuseStage) -> FuseStage:
    """Another stage that goes on from a snapshot of this one."""
    again = FuseStage(old.partition, old.settings, old.first, old.almanac, old.ledger)
    again.load(old.save())
    return again


def revisions(*frames: Verdicts, by: FuseStage | None = None) -> list[Outage]:
    """Every revision of every outage, in the order in which the stage puts them out."""
    by = by or stage()
    return [out for frame in frames for out in by.step(frame) if isinstance(out, Outage)]


def outages(*frames: Verdicts, by: FuseStage | None = None) -> list[Outage]:
    """The last revision of each outage, in order of detection."""
    return list({out.id: out for out in revisions(*frames, by=by)}.values())
