"""Who speaks for a country without a series of its own, from bin to bin: its regions, its networks, or nobody."""

import dataclasses

import numpy as np
import pytest

from detectors.base import UNKNOWN
from pipeline.fusion import FuseStage
from pipeline.records import Entity, Outage, Run, Verdicts
from pipeline.settings import Fusing
from tests.fusion.test_parts import CALM, COLUMNS, DOWN, fuse, networks, states, together


def test_where_a_country_has_a_series_of_its_own_anywhere_its_networks_make_none() -> None:
    run = Run("r", "replay", ("bgp.ris", "traffic.radar"))
    own, other = (
        together([Entity("country", name, name)], [CALM * 2], signal="traffic.radar") for name in ("MM", "VE")
    )
    parts = dataclasses.replace(together(networks(14), [CALM + DOWN] * 14, signal="bgp.ris"), run=run)
    assert "MM" not in fuse(dataclasses.replace(own, run=run), parts)
    assert "MM" in fuse(dataclasses.replace(other, run=run), parts)


def later(frame: Verdicts, time: int) -> Verdicts:
    return dataclasses.replace(frame, start=frame.start + time, watermark=frame.watermark + time)


@pytest.mark.parametrize(("days", "heard"), [(1, False), (7, True)])
def test_a_day_without_its_own_row_does_not_hand_a_country_to_its_networks_and_a_week_does(
    days: int, heard: bool
) -> None:
    own = together([Entity("country", "MM", "MM"), *networks(9)], [CALM] * 10)
    calm, falls = (together(networks(9), [marks] * 9) for marks in (CALM, DOWN))
    found = fuse(own, later(calm, days * 86400), later(falls, days * 86400 + 9 * 300))
    assert ("MM" in found) == heard


def test_a_series_of_its_own_that_has_never_spoken_silences_nobody() -> None:
    run = Run("r", "replay", ("bgp.ris", "traffic.radar"))
    own = together([Entity("country", "MM", "MM")], ["?" * 18], signal="traffic.radar")
    parts = together(networks(9), [CALM + DOWN] * 9, signal="bgp.ris")
    assert "MM" in fuse(*(dataclasses.replace(frame, run=run) for frame in (own, parts)))


@pytest.mark.parametrize("signal", ["a.x", "z.x"])
@pytest.mark.parametrize("kind", ["country", "region"])
def test_whoever_comes_in_the_midst_of_an_outage_neither_ends_it_nor_holds_it_open(signal: str, kind: str) -> None:
    run = Run("r", "replay", ("bgp.ris", signal))
    falls = together(networks(9), ["...." + "L" * 20 + "." * 40] * 9, signal="bgp.ris")
    who = (
        [Entity("country", "MM", "MM")] if kind == "country" else [Entity("region", f"MM-{i}", "MM") for i in range(15)]
    )
    comes = together(who, ["?" * 12 + "." * 52] * len(who), signal=signal)
    found = fuse(*(dataclasses.replace(frame, run=run) for frame in (falls, comes)))
    assert (found["MM"].state, found["MM"].start, found["MM"].end) == ("ended", 4 * 300, 24 * 300)


def test_networks_that_were_seen_once_count_for_six_days() -> None:
    eight, more = networks(8), [Entity("asn", f"AS{100 + i}", "MM") for i in range(9)]
    falls = together(eight, [CALM + DOWN] * 5 + [CALM * 2] + ["?" * 18] * 2)
    passing = together(more, [CALM] * 9)
    assert "MM" in fuse(falls), "five of the six that are known"
    assert "MM" not in fuse(passing, later(falls, 86400)), "six of seventeen"
    assert "MM" in fuse(passing, later(falls, 7 * 86400))


@pytest.mark.parametrize("gap", [1, 2, 3, 8])
@pytest.mark.parametrize("parts", [networks(9), states(16, "MM")])
def test_a_gap_in_the_rows_of_its_parts_does_not_end_the_outage_of_a_country(parts: list[Entity], gap: int) -> None:
    marks = "...." + "L" * 6 + "?" * gap + "L" * 6 + "." * 9
    stage = FuseStage(0, Fusing())
    said = [out for out in stage.step(together(parts, [marks] * len(parts))) if isinstance(out, Outage)]
    found = {out.id: out for out in said if out.entity == "MM"}
    assert [(o.start, o.end) for o in found.values()] == [(4 * 300, (16 + gap) * 300)]


@pytest.mark.parametrize("kind", ["asn", "region"])
def test_parts_whose_detector_has_got_used_to_it_are_still_out_and_the_country_until_nearly_all_are_back(
    kind: str,
) -> None:
    """Nine of fourteen fall, one comes back each day from the third on; after a week nothing is said of the others."""
    parts = networks(14) if kind == "asn" else states(14, "MM")
    quarter, weeks = 21600, [4 * (3 + i) for i in range(9)]
    marks = ["...." + "L" * min(n, 28) + "?" * max(n - 28, 0) + "." * (56 - n) for n in weeks] + ["." * 60] * 5
    frame = together(parts, marks, width=quarter)
    frame.value[np.isnan(frame.value)] = 0.0  # observed, and nothing said of it
    found = fuse(frame)["MM"]
    assert (found.start, found.end) == (4 * quarter, (4 + weeks[-2]) * quarter), "one of fourteen is less than a tenth"


def test_whoever_spoke_for_a_country_in_a_long_frame_has_done_so_too() -> None:
    regions, nets = states(16, "MM"), networks(9)
    calm = together([*regions, *nets], ["." * 30 + CALM] * 25, signal="b.x")
    falls = together(nets, ["." * 30 + DOWN] * 9, signal="a.x")
    run = Run("r", "replay", ("a.x", "b.x"))
    frames = [dataclasses.replace(frame, run=run) for frame in (calm, falls)]
    assert "MM" not in fuse(*frames), "its regions stand, and spoke until a moment ago"
    assert "MM" in fuse(*(dataclasses.replace(f, entities=f.entities[-9:], **tail(f)) for f in frames))


def tail(frame: Verdicts) -> dict[str, np.ndarray]:
    """The columns of its last nine entities."""
    return {name: getattr(frame, name)[:, -9:] for name in COLUMNS}


def test_who_speaks_for_a_country_is_known_after_a_restart() -> None:
    own = together([Entity("country", "MM", "MM"), *networks(9)], [CALM] * 10)
    falls = later(together(networks(9), [CALM + DOWN] * 9), 9 * 300)
    stage, again = FuseStage(0, Fusing()), FuseStage(0, Fusing())
    stage.step(own)
    again.load(stage.save())
    for one in (stage, again):
        assert "MM" not in {out.entity for out in one.step(falls) if isinstance(out, Outage)}


def test_a_frame_is_as_long_as_it_likes() -> None:
    """The same comes of bins one by one, whoever speaks for whom and whoever is missing."""
    marks = ["...LLL...LLLLL....." * 2] * 4 + ["...LLL???LLLLL....." * 2] * 3 + ["?" * 19 + "." * 19] * 9
    frame = together(networks(16), marks)
    stages = FuseStage(0, Fusing()), FuseStage(0, Fusing())
    whole = list(stages[0].step(frame))
    single = []
    for i in range(len(frame.start)):
        columns = {name: getattr(frame, name)[i : i + 1] for name in (*COLUMNS, "start", "common")}
        single += stages[1].step(dataclasses.replace(frame, watermark=int(frame.start[i]) + 300, **columns))
    outages = [[out for out in said if isinstance(out, Outage)] for said in (whole, single)]
    assert outages[0] == outages[1]
    assert "MM" in {out.entity for out in outages[0]}


@pytest.mark.parametrize("parts", [networks(9), states(16, "MM")])
def test_of_a_country_of_which_no_part_was_observed_nothing_was_observed(parts: list[Entity]) -> None:
    stage = FuseStage(0, Fusing())
    for frame in (together(parts, [CALM] * len(parts)), later(together(parts, ["?"] * len(parts)), 9 * 300)):
        list(stage.step(frame))
    (stream,) = stage.streams.values()
    cells, row = stream.ledger.cells, stream.ledger.roll.rows["country", "MM"]
    assert (cells["seen"][row, 0], cells["spoke"][row, 0], cells["state"][row, 0]) == (8 * 300, 8 * 300, UNKNOWN)
