"""A country from its parts: never from a few of them, and an outage of it is one outage."""

import dataclasses
import gzip
from pathlib import Path

import numpy as np
import pytest

from pipeline.evidence import Said
from pipeline.fusion import FuseStage
from pipeline.parts import countries, parts_of
from pipeline.records import Entity, Outage, Run, Verdicts
from pipeline.settings import Fusing
from pipeline.subdivisions import SUBDIVISIONS
from tests.pipeline.verdicts import verdicts
from tests.replay.runners import in_memory
from tests.replay.tapes import recorded
from tests.replay.truth import confirmed, hit, labels, told, tolerance

PROBING = "probing.ioda"
RUN = Run("r", "replay", (PROBING,))
COLUMNS = ("value", "health", "expected", "lower", "upper", "score", "state", "settled")


def states(n: int, country: str = "VE") -> list[Entity]:
    return [Entity("region", f"{country}-{i}", country) for i in range(n)]


def together(entities: list[Entity], marks: list[str], width: int = 300, signal: str = PROBING) -> Verdicts:
    """One frame with a row of marks for every entity."""
    rows = [verdicts(signal, m, run=RUN, entity=e, width=width) for e, m in zip(entities, marks, strict=True)]
    stacked = {name: np.concatenate([getattr(row, name) for row in rows], axis=1) for name in COLUMNS}
    return dataclasses.replace(rows[0], entities=tuple(entities), **stacked)


def fuse(*frames: Verdicts, settings: Fusing | None = None) -> dict[str, Outage]:
    """The last revision of each outage, by its entity."""
    stage = FuseStage(0, settings or Fusing())
    out = [out for frame in frames for out in stage.step(frame) if isinstance(out, Outage)]
    return {outage.entity: outage for outage in out}


DOWN, CALM = "...LLLLLL", "........."


def test_a_country_is_out_when_most_of_its_states_are_known_and_half_are_down() -> None:
    found = fuse(together(states(14), [DOWN] * 8 + [CALM] * 6))
    assert found["VE"].state == "confirmed"
    assert found["VE"].start == 3 * 300
    assert found["VE"].severity < found["VE-0"].severity


def test_never_a_country_from_four_states() -> None:
    assert "VE" not in fuse(together(states(4), [DOWN] * 4))
    assert "US" not in fuse(together(states(4, "US"), [DOWN] * 4))


def test_nor_from_states_of_which_most_are_not_seen() -> None:
    assert "VE" not in fuse(together(states(14), [DOWN] * 10 + ["?????????"] * 4))


def test_a_few_states_of_many_are_their_own_outage_only() -> None:
    found = fuse(together(states(14), [DOWN] * 4 + [CALM] * 10))
    assert set(found) == {"VE-0", "VE-1", "VE-2", "VE-3"}


def test_a_country_with_a_series_of_its_own_is_judged_from_that() -> None:
    country = Entity("country", "VE", "VE")
    assert "VE" not in fuse(together([country, *states(14)], [CALM] + [DOWN] * 14))


def networks(n: int, country: str = "MM", mobile: bool = False) -> list[Entity]:
    return [Entity("asn", f"AS{i}", country, mobile=mobile) for i in range(n)]


def test_a_country_without_regions_is_judged_from_its_networks() -> None:
    found = fuse(together(networks(14), [DOWN] * 8 + [CALM] * 6))
    assert found["MM"].state == "confirmed"
    assert found["MM"].start == 3 * 300
    assert [found[f"AS{i}"].part_of for i in range(8)] == [found["MM"].id] * 8
    assert found.keys() == {"MM", *(f"AS{i}" for i in range(8))}


@pytest.mark.parametrize(
    ("marks", "why"),
    [
        ([DOWN] * 4, "never a country from a handful"),
        ([DOWN] * 5 + [CALM] * 9, "five of fourteen are not half of it"),
        ([DOWN] * 6 + ["...??????"] * 8, "most are no longer known"),
    ],
)
def test_never_a_country_from_a_few_networks(marks: list[str], why: str) -> None:
    assert "MM" not in fuse(together(networks(len(marks)), marks)), why


def test_giants_alone_are_no_country() -> None:
    frame = together(networks(9), [DOWN] * 2 + [CALM] * 7)
    frame.value[:, :2] *= 50
    frame.expected[:, :2] *= 50
    assert "MM" not in fuse(frame)
    frame = together(networks(9), [DOWN] * 5 + [CALM] * 4)
    frame.value[:, :2] *= 50
    frame.expected[:, :2] *= 50
    assert "MM" in fuse(frame)


def test_one_network_that_flaps_moves_no_onset_of_its_country() -> None:
    flaps, falls = "L.L.L.L.L.L.LLLLLLLL", "............LLLLLLLL"
    assert fuse(together(networks(9), [flaps] + [falls] * 8))["MM"].start == 12 * 300


def test_where_a_country_has_a_series_of_its_own_anywhere_its_networks_make_none() -> None:
    run = Run("r", "replay", ("bgp.ris", "traffic.radar"))
    own, other = (
        together([Entity("country", name, name)], [CALM * 2], signal="traffic.radar") for name in ("MM", "VE")
    )
    parts = dataclasses.replace(together(networks(14), [CALM + DOWN] * 14, signal="bgp.ris"), run=run)
    assert "MM" not in fuse(dataclasses.replace(own, run=run), parts)
    assert "MM" in fuse(dataclasses.replace(other, run=run), parts)


def test_regions_speak_for_their_country_before_networks_where_there_are_enough() -> None:
    many, few = states(14), states(4)
    assert "VE" not in fuse(together(many + networks(9, "VE"), [CALM] * 14 + [DOWN] * 9))
    assert "VE" in fuse(together(few + networks(9, "VE"), [CALM] * 4 + [DOWN] * 9))


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


def test_mobile_networks_alone_tell_of_mobile_networks_only() -> None:
    of_phones = fuse(together(networks(6, mobile=True), [DOWN] * 6))
    of_all = fuse(together(networks(6), [DOWN] * 6))
    assert (of_phones["MM"].kind, of_all["MM"].kind) == ("mobile", "unknown")


def test_mobile_networks_beside_a_series_of_the_country_do_not_say_what_all_of_it_is() -> None:
    own = together([Entity("country", "MM", "MM"), *networks(6, mobile=True)], [DOWN] * 7)
    assert fuse(own)["MM"].kind == "unknown"


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


@pytest.mark.parametrize(("case", "met"), [("myanmar-2021-coup", 2), ("control-britain-2020-peerloss", 0)])
def test_a_real_country_is_judged_from_its_networks_alone(case: str, met: int, data: Path, tmp_path: Path) -> None:
    folder = data / "signals" / case
    for name in ("labels.csv", "entities.csv"):
        (tmp_path / name).write_text((folder / name).read_text())
    with gzip.open(folder / "signals.csv.gz", "rt") as file:
        (tmp_path / "signals.csv").write_text("".join(line for line in file if ",country," not in line))
    outages = [o for o in confirmed(in_memory(recorded(tmp_path)).sorted()) if o.entity_type == "country"]
    assert len(outages) == met
    assert all(hit(label, outages, tolerance(folder)) for label in labels(folder))


def test_once_low_a_country_is_so_until_little_is_missing() -> None:
    parts = parts_of(tuple(states(14)), Fusing())
    full = np.full(14, 100.0)

    def after(before: int, left: float) -> int:
        low = np.full(14, 3, np.int8)
        said = Said(PROBING, 0, tuple(states(14)), full * left, full, np.full(14, -5.0), low, np.ones(14))
        return int(countries(said, parts, np.array([before], np.int8), Fusing())[0].state[0])

    assert (after(1, 0.85), after(1, 0.93), after(3, 0.93), after(2, 0.93), after(3, 0.96)) == (3, 1, 3, 2, 1)


def test_parts_that_go_out_together_are_a_term_of_their_country_and_others_are_not() -> None:
    country = Entity("country", "PK", "PK")
    networks = [Entity("asn", f"AS{i}", "PK") for i in range(4)]
    staggered = ["LLLLLLLLLLLLLLLLLLLL", "...LLLLLLLLLLLLLLLLL", "......LLLLLLLLLLLLLL", "." * 20]
    far_apart = ["LLLLLLLLLLLLLLLLLLLL", ".." * 5 + "L" * 10, "." * 17 + "LLL", "." * 20]
    terms = []
    for marks in (staggered, far_apart):
        frame = together([country, *networks], ["." * 7 + "L" * 13, *marks], width=300 if marks is staggered else 900)
        terms.append({term.signal: term.weight for term in fuse(frame)["PK"].signals})
    assert terms[0]["parts.together"] == 1.5
    assert "parts.together" not in terms[1]


def test_parts_alone_never_make_an_outage_of_their_country() -> None:
    country = Entity("country", "PK", "PK")
    networks = [Entity("asn", f"AS{i}", "PK") for i in range(9)]
    assert "PK" not in fuse(together([country, *networks], [CALM] + [DOWN] * 9))


def test_every_country_of_the_table_has_parts() -> None:
    assert len(SUBDIVISIONS) == 200
    assert min(SUBDIVISIONS.values()) >= 2


def test_the_blackout_of_venezuela_is_one_outage_of_the_country(data: Path) -> None:
    case = data / "signals" / "venezuela-2019-blackout"
    outages = in_memory(recorded(case)).sorted()
    (label,) = labels(case)
    found = [o for o in confirmed(outages) if o.entity == "VE"]
    assert len(found) == 1, [told(outage) for outage in found]
    assert hit(label, found, tolerance(case)), [told(outage) for outage in found]
    covered = min(label.end, found[0].end or label.end) - max(label.start, found[0].start)
    assert covered >= 0.8 * (label.end - label.start)


def test_a_hurricane_over_one_of_four_states_is_no_outage_of_the_country(data: Path) -> None:
    found = confirmed(in_memory(recorded(data / "signals" / "louisiana-2020-laura")).sorted())
    assert [outage.entity for outage in found] == ["US-Louisiana"]


@pytest.mark.parametrize("missing", [1, 2])
def test_a_country_is_still_judged_where_a_row_of_a_region_is_missing_for_a_bin_or_two(missing: int) -> None:
    """Thirteen of its regions are the fewest from which a country of 25 may be judged."""
    marks = ["...LLLLLLL"] * 10
    marks += ["..." + "?" * missing + "LLLLLLL"[missing:], "....LL" + "?" * missing + "LLLL"[missing:], "...LLLLLLL"]
    assert fuse(together(states(13), marks))["VE"].start == 3 * 300
    gone = ["...?????LL"] * 3 + ["." * 6 + "LLLL"] * 10
    assert "VE" not in fuse(together(states(13), [row[:8] for row in gone])), "what was known long ago is not known"
