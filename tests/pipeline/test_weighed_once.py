"""Bins that begin and end together are weighed once: neither what signals are called nor who else is told of counts."""

import dataclasses
from collections import defaultdict
from typing import Any

import numpy as np
import pytest

from detectors.base import NORMAL
from pipeline.fusion import Fused, FuseStage
from pipeline.ledger import Ledger
from pipeline.records import Entity, Outage, Run, Verdicts
from pipeline.settings import Fusing
from pipeline.turns import Turn
from tests.pipeline.verdicts import COUNTRY, verdicts

DAY, HOUR = 24 * 3600, 3600
START = 20_000 * DAY
TWO_OF_A_KIND = "traffic.google", "traffic.radar"


def frames(names: tuple[str, ...], seed: int, width: int = 300) -> tuple[Run, list[Verdicts]]:
    """Signals of these names, the first of which says this, the second that, and so on: mostly calm, low together."""
    rng, run = np.random.default_rng(seed), Run("r", "replay", tuple(sorted(names)))
    made = []
    low = np.zeros(400, bool)
    for at in rng.integers(20, 360, 3).tolist():
        low[at : at + int(rng.integers(6, 40))] = True
    for name in names:
        marks = np.where(
            low & (rng.random(400) < 0.8), rng.choice(list("lLLL"), 400), rng.choice(list("......?h"), 400)
        )
        made.append(verdicts(name, "".join(marks), run=run, at=START, width=width, left=float(rng.uniform(0.1, 0.8))))
    return run, made


def fuse(made: list[Verdicts]) -> list[Outage]:
    stage = FuseStage(0, Fusing())
    return [out for frame in made for out in stage.step(frame) if isinstance(out, Outage)]


def nameless(told: list[Outage], names: tuple[str, ...]) -> list[Any]:
    """What was told, with the places of signals instead of their names."""
    return [
        (
            out.state, out.kind, out.start, out.end, out.probability, out.severity, out.revision, out.likeness,
            sorted((names.index(term.signal), term.weight, term.ratio) for term in out.signals),
        )
        for out in told
    ]  # fmt: skip


@pytest.mark.parametrize("seed", range(12))
def test_what_signals_are_called_counts_for_nothing(seed: int) -> None:
    told = []
    for names in (TWO_OF_A_KIND, TWO_OF_A_KIND[::-1]):
        _, made = frames(names, seed)
        told.append(nameless(fuse(made), names))
    assert told[0]
    assert told[0] == told[1]


@pytest.mark.parametrize("seed", range(12))
def test_an_outage_is_told_once_a_bin_however_many_signals_there_are(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    weighed: dict[tuple[int, int], int] = defaultdict(int)
    advance = Ledger._advance

    def counted(self: Ledger, row: int, evidence: Any, share: float, turn: Turn) -> Outage | None:
        weighed[row, turn.end] += 1
        return advance(self, row, evidence, share, turn)

    monkeypatch.setattr(Ledger, "_advance", counted)
    _, made = frames(("atlas.connected", "bgp.ris", "probing.ioda", *TWO_OF_A_KIND), seed)
    assert fuse(made)
    assert set(weighed.values()) == {1}


@pytest.mark.parametrize("seed", range(12))
def test_who_else_a_signal_tells_of_changes_nothing(seed: int) -> None:
    """Signals that tell of the same entities are put down at once, and others each on its own."""
    _, made = frames(("probing.ioda", *TWO_OF_A_KIND), seed)
    alone = fuse(made)
    beside = []
    for place, frame in enumerate(made):
        other = Entity("country", "BR" if place % 2 else "IN")
        columns = {name: getattr(frame, name) for name in Verdicts.COLUMNS}
        columns = {name: np.repeat(column, 2, axis=1) for name, column in columns.items() if column.ndim == 2}
        columns["state"][:, 1] = NORMAL
        beside.append(dataclasses.replace(frame, entities=(COUNTRY, other), **columns))
    assert alone
    assert [out for out in fuse(beside) if out.entity == COUNTRY.name] == alone


@pytest.mark.parametrize("names", [TWO_OF_A_KIND, TWO_OF_A_KIND[::-1]])
def test_of_what_ends_together_the_narrower_bin_comes_first(names: tuple[str, str]) -> None:
    """The wide bin is low for the outage within it, which is over by its end, and holds it no longer."""
    run = Run("r", "replay", tuple(sorted(names)))
    fine = verdicts(names[0], "." * 12 + "L" * 6 + "." * 54, run=run, at=START)
    wide = verdicts(names[1], ".L....", run=run, at=START, width=HOUR)
    wide.value[1] = 60.0
    stage, ends, told = FuseStage(0, Fusing()), [], {}
    for frame in (fine, wide):
        for out in stage.step(frame):
            if isinstance(out, Outage):
                told[out.id] = out
            elif isinstance(out, Fused):
                ends.append((int(out.verdicts.start[out.bin]) + out.verdicts.width, out.verdicts.width))
    assert ends == sorted(ends)
    assert [(out.state, out.start, out.end) for out in told.values()] == [("ended", START + HOUR, START + HOUR + 1800)]
