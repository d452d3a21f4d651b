"""Bins that begin and end together are weighed once: neither what signals are called nor who else is told of counts."""

import dataclasses
from collections import defaultdict
from typing import Any

import numpy as np
import pytest

from detectors.base import NORMAL, UNKNOWN
from pipeline.bins import NEVER
from pipeline.fusion import Fused, FuseStage
from pipeline.fusion.turns import Weighed
from pipeline.fusion.weighing import Scales
from pipeline.records import Entity, Outage, Run, Verdicts
from pipeline.settings import Fusing
from tests.judge.verdicts import COUNTRY, verdicts

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


def last(*made: Verdicts) -> list[Outage]:
    """The last revision of each outage."""
    return list({out.id: out for out in fuse(list(made))}.values())


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
    advance = Scales._advance

    def counted(self: Scales, row: int, evidence: Any, share: float, now: Weighed) -> Outage | None:
        weighed[row, now.turn.end] += 1
        return advance(self, row, evidence, share, now)

    monkeypatch.setattr(Scales, "_advance", counted)
    _, made = frames(("atlas.connected", "bgp.ris", "probing.ioda", *TWO_OF_A_KIND), seed)
    assert fuse(made)
    assert set(weighed.values()) == {1}


@pytest.mark.parametrize("seed", range(12))
def test_who_else_a_signal_tells_of_changes_nothing(seed: int) -> None:
    """Signals that tell of the same entities are put down at once, and others each on its own, wherever they stand."""
    _, made = frames(("probing.ioda", *TWO_OF_A_KIND), seed)
    alone, beside = fuse(made), []
    for place, frame in enumerate(made):
        others = tuple(Entity("country", name) for name in ("BR", "IN", "NL")[: place + 1])
        own = np.random.default_rng([seed, 1, *(int(start) for start in frame.start[:1])]).permutation(400)
        columns = {name: getattr(frame, name) for name in Verdicts.COLUMNS}
        columns = {
            name: np.concatenate([*[column[own]] * len(others), column], axis=1)
            for name, column in columns.items()
            if column.ndim == 2
        }
        beside.append(dataclasses.replace(frame, entities=(*others, COUNTRY), **columns))
    assert alone
    told = fuse(beside)
    assert [out for out in told if out.entity == COUNTRY.name] == alone
    for first, name in enumerate(("BR", "IN", "NL")):  # told of from the signal at this place on
        only = [of_one(frame, name) for frame in beside[first:]]
        single = [out for out in fuse([*made[:first], *only]) if out.entity == name]
        assert [out for out in told if out.entity == name] == single


def of_one(frame: Verdicts, name: str) -> Verdicts:
    """What a frame says of one entity."""
    own = [place for place, entity in enumerate(frame.entities) if entity.name == name]
    columns = {column: getattr(frame, column) for column in Verdicts.COLUMNS}
    columns = {column: values[:, own] for column, values in columns.items() if values.ndim == 2}
    return dataclasses.replace(frame, entities=(frame.entities[own[0]],), **columns)


def test_signals_of_the_same_entities_that_do_not_stand_side_by_side_keep_their_names() -> None:
    run = Run("r", "replay", ("bgp.ris", "probing.ioda", "traffic.radar"))
    (outage,) = last(
        verdicts("bgp.ris", "." * 36, run=run, at=START),
        verdicts("probing.ioda", "." * 18, run=run, at=START, width=600),
        verdicts("traffic.radar", "." * 10 + "L" * 14, run=run, at=START + HOUR),
    )
    assert {term.signal: term.weight for term in outage.signals} == {
        "bgp.ris": -0.5, "probing.ioda": -2.0, "traffic.radar": 9.0,
    }  # fmt: skip


def test_a_plateau_is_held_against_what_others_say_in_the_very_bin() -> None:
    """Half of the loss is back when another signal turns normal: it says no more what it said at the bottom."""
    run = Run("r", "replay", ("bgp.ris", "probing.ioda"))
    for normal, weight in ((20, 9.0), (14, 4.8)):
        low = verdicts("probing.ioda", "...." + "L" * 16 + "." * 10, run=run, at=START)
        low.value[14:20], low.score[14:20] = 70.0, -6.0
        stage = FuseStage(0, Fusing())
        routes = verdicts("bgp.ris", "...." + "L" * (normal - 4) + "." * (30 - normal), run=run, at=START)
        for frame in (low, routes):
            stage.step(dataclasses.replace(frame, watermark=START + 15 * 300))
        (stream,) = stage.streams.values()
        cells = stream.ledger.cells
        assert cells["weight"][0, cells.signals.index("probing.ioda")] == pytest.approx(weight)


@pytest.mark.parametrize(
    ("marks", "width"),
    [("....LLL.LLL.LLL....", HOUR), ("....LLL..LLL..LLL...", 600), ("....LLL.LLL.LLL....", 6 * HOUR)],
)
@pytest.mark.parametrize("calm", ["telescope.t", "bgp.ris", "traffic.radar"])
@pytest.mark.usefixtures("one_kind_is_enough")
def test_a_calm_bystander_of_narrower_bins_cuts_no_outage_in_pieces(marks: str, width: int, calm: str) -> None:
    run = Run("r", "replay", (calm, "probing.ioda"))
    for narrow in (width, 300):
        stands = verdicts(calm, "." * (len(marks) * width // narrow), run=run, at=START, width=narrow)
        (outage,) = last(verdicts("probing.ioda", marks, run=run, at=START, width=width), stands)
        assert (outage.state, outage.start, outage.end) == (
            "ended", START + 4 * width, START + len(marks.rstrip(".")) * width,
        )  # fmt: skip


@pytest.mark.parametrize("lasts", [1, 4])
def test_what_counts_only_of_an_open_outage_does_so_from_its_first_bin_on(lasts: int) -> None:
    """A slow detector of a signal whose first one says nothing begins no outage, and helps to confirm one."""
    run, marks = Run("r", "replay", ("probing.ioda", "traffic.radar")), "......" + "L" * lasts + "." * 8
    probes, slow = (verdicts(name, marks, run=run, at=START, left=0.3) for name in ("probing.ioda", "traffic.radar"))
    probes.score[probes.state > NORMAL] = -8.0
    mute = verdicts("traffic.radar", marks, run=run, at=START, left=0.3)
    mute.score[mute.state > NORMAL], mute.state[mute.state > NORMAL] = np.nan, UNKNOWN
    stage, told = FuseStage(0, Fusing(), "by hand"), {}
    for frame in (dataclasses.replace(slow, detector="cusum", watermark=NEVER), mute, probes):
        told |= {out.id: out for out in stage.step(frame) if isinstance(out, Outage)}
    (outage,) = told.values()
    assert (outage.confirmed_at, outage.end) == (START + 7 * 300, START + (6 + lasts) * 300)


@pytest.mark.parametrize("other", ["ooni.web", "zooni.web"])
def test_the_first_witness_dates_an_outage_however_weak_it_is_in_the_bin_that_opens_it(other: str) -> None:
    run = Run("r", "replay", tuple(sorted((other, "traffic.wiki", "bgp.ris", "probing.other"))))
    first = verdicts("traffic.wiki", "......" + "L" * 18 + "......", run=run, at=START, left=0.43)
    first.score[6:24] = -8.0
    first.score[14] = -3.8
    second = verdicts(other, "." * 14 + "L" * 10 + "......", run=run, at=START, left=0.18)
    calm = (verdicts(name, "." * 30, run=run, at=START) for name in ("bgp.ris", "probing.other"))
    (outage,) = last(first, second, *calm)
    assert (outage.start, outage.detected_at, outage.end) == (START + 6 * 300, START + 15 * 300, START + 24 * 300)


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
