"""Signals, bins and places beside each other: what one says or is must not change what another one told."""

import dataclasses

import numpy as np
import pytest

from pipeline.bins import DAY
from pipeline.fusion import FuseStage
from pipeline.records import END, Entity, Outage, Run, Verdicts
from pipeline.settings import Fusing
from tests.fusion.test_parts import together
from tests.judge.verdicts import COUNTRY, verdicts

BGP, PROBING, RADAR = "bgp.ris", "probing.ioda", "traffic.radar"
MONDAY = 19723 * DAY
"""Time is none of the edges of the code: 0 stands for never."""


def at(frame: Verdicts) -> Verdicts:
    return dataclasses.replace(frame, start=frame.start + MONDAY, watermark=frame.watermark + MONDAY)


def all_told(*frames: Verdicts) -> list[Outage]:
    stage = FuseStage(0, Fusing())
    return [out for frame in frames for out in stage.step(at(frame)) if isinstance(out, Outage)]


def last(told: list[Outage]) -> list[Outage]:
    return list({outage.id: outage for outage in told}.values())


@pytest.mark.parametrize("width", [None, 900, DAY])
def test_a_signal_with_wide_bins_that_says_nothing_makes_nobody_fall_together(width: int | None) -> None:
    """What is together is a matter of who shows it: a daily signal beside it once made three falls in a day one."""
    run = Run("r", "replay", (BGP, PROBING) if width else (BGP,))
    networks = [Entity("asn", f"AS{i}", "PK") for i in range(4)]
    days = ["L" * 96, "." * 32 + "L" * 64, "." * 64 + "L" * 32, "." * 96]
    frame = together([COUNTRY, *networks], ["." * 80 + "L" * 16, *days], width=900, signal=BGP)
    beside = [verdicts(PROBING, "?" * (DAY // width), run=run, width=width)] if width else []
    told = all_told(*beside, dataclasses.replace(frame, run=run))
    (country,) = [outage for outage in last(told) if outage.entity == "PK"]
    assert [term.signal for term in country.signals] == [BGP]


def test_parts_that_only_a_daily_signal_shows_fell_together_within_its_bin() -> None:
    networks = [Entity("asn", f"AS{i}", "PK") for i in range(4)]
    frame = together([COUNTRY, *networks], [".L", "LL", ".L", ".L", ".."], width=DAY, signal=BGP)
    told = all_told(dataclasses.replace(frame, run=Run("r", "replay", (BGP,))))
    (country,) = [outage for outage in last(told) if outage.entity == "PK"]
    assert "parts.together" in [term.signal for term in country.signals]


@pytest.mark.parametrize(("width", "bins"), [(DAY, ".L."), (DAY, ".LL"), (DAY // 4, "....L.......")])
def test_a_blip_explains_no_more_of_a_wide_bin_than_it_took_of_it(width: int, bins: str) -> None:
    """A quarter of an hour without routes is no reason for four fifths of a day's traffic."""
    run = Run("r", "replay", (BGP, RADAR))
    routes = "." * 290 + "LLL" + "." * (3 * 288 - 293)
    found = last(all_told(verdicts(BGP, routes, run=run), verdicts(RADAR, bins, run=run, width=width)))
    assert [(o.kind, o.confirmed_at is not None) for o in found] == [("blackout", True), ("stealth", True)]
    assert found[1].start == found[0].end


def test_what_an_outage_took_of_a_wide_bin_is_no_other_outage() -> None:
    run = Run("r", "replay", (BGP, RADAR))
    routes = "." * 300 + "L" * 72 + "." * (3 * 288 - 372)  # six hours of the day
    traffic = verdicts(RADAR, ".L.", run=run, width=DAY, left=0.6)
    assert len(last(all_told(verdicts(BGP, routes, run=run), traffic))) == 1


@pytest.mark.parametrize("late", [0, 3])
def test_a_part_is_told_to_be_one_as_soon_as_it_is(late: int) -> None:
    region = Entity("region", "PK-SD", "PK")
    frame = together([COUNTRY, region], ["." * (20 + late) + "L" * 10, "." * 20 + "L" * (10 + late)])
    told = all_told(frame)
    parts = [outage for outage in told if outage.entity == "PK-SD"]
    (country,) = {outage.id for outage in told if outage.entity == "PK"}
    assert [outage.part_of for outage in parts] == (["", country] if late else [country])


@pytest.mark.parametrize("beside", [False, True])
def test_a_signal_that_ended_before_an_outage_contradicts_nobody_in_it(beside: bool) -> None:
    run = Run("r", "replay", (PROBING, BGP) if beside else (PROBING,))
    frame = verdicts(PROBING, "....LLLLLLLLLLLL..........", run=run, width=3600)
    left = np.array([0.05, 0.6, 0.95, 0.95, 0.6, 0.6, 0.95, 0.95, 0.95, 0.95, 0.6, 0.6])
    frame.value[4:16, 0], frame.score[4:16, 0] = 100 * left, np.where(left > 0.9, -2.0, -20.0)
    ended = [verdicts(BGP, "..", run=run, width=3600, status=END)] if beside else []
    (outage,) = last(all_told(*ended, frame))
    assert (outage.state, outage.start - MONDAY, (outage.end or 0) - MONDAY) == ("ended", 4 * 3600, 16 * 3600)
