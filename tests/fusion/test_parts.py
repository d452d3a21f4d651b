"""A country from its parts: never from a few of them, and an outage of it is one outage."""

import dataclasses
import gzip
from pathlib import Path

import numpy as np
import pytest

from pipeline.fusion import FuseStage
from pipeline.fusion.evidence import Said
from pipeline.fusion.parts import countries, parts_of
from pipeline.geo.countries import SUBDIVISIONS
from pipeline.records import Entity, Outage, Run, Verdicts
from pipeline.settings import Fusing
from tests.judge.verdicts import verdicts
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


def test_regions_speak_for_their_country_before_networks_where_there_are_enough() -> None:
    many, few = states(14), states(4)
    assert "VE" not in fuse(together(many + networks(9, "VE"), [CALM] * 14 + [DOWN] * 9))
    assert "VE" in fuse(together(few + networks(9, "VE"), [CALM] * 4 + [DOWN] * 9))


def test_mobile_networks_alone_tell_of_mobile_networks_only() -> None:
    of_phones = fuse(together(networks(6, mobile=True), [DOWN] * 6))
    of_all = fuse(together(networks(6), [DOWN] * 6))
    assert (of_phones["MM"].kind, of_all["MM"].kind) == ("mobile", "unknown")


def test_mobile_networks_beside_a_series_of_the_country_do_not_say_what_all_of_it_is() -> None:
    own = together([Entity("country", "MM", "MM"), *networks(6, mobile=True)], [DOWN] * 7)
    assert fuse(own)["MM"].kind == "unknown"


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
