"""Countries and their parts: grouped under one outage, and judged from their parts where they have no series."""

import gzip
from pathlib import Path

import pytest

from pipeline.evaluation.cases import read_cases
from pipeline.records import Entity, Outage, Run, Verdicts
from tests.fusion.outages import BGP, PROBING, outages, revisions
from tests.judge.verdicts import together, verdicts
from tests.replay.runners import in_memory
from tests.replay.tapes import recorded
from tests.replay.truth import confirmed, hit

RUN = Run("r", "replay", (PROBING,))
BOTH = Run("r", "replay", (BGP, PROBING))
DOWN, CALM, BLIND = "...LLLLLL", ".........", "?????????"
DAY = 86_400


def regions(n: int, country: str = "VE") -> list[Entity]:
    return [Entity("region", f"{country}-{i}", country) for i in range(n)]


def networks(n: int, country: str = "MM", mobile: bool = False) -> list[Entity]:
    return [Entity("asn", f"AS{i}", country, mobile=mobile) for i in range(n)]


def country(name: str) -> Entity:
    return Entity("country", name, name)


def frame(entities: list[Entity], marks: list[str], signal: str = PROBING, run: Run = RUN, at: int = 0) -> Verdicts:
    """One frame with a row of marks for every entity."""
    return together(*(verdicts(signal, m, run=run, entity=e, at=at) for e, m in zip(entities, marks, strict=True)))


def found(*frames: Verdicts) -> dict[str, Outage]:
    """The last outage of each entity."""
    return {outage.entity: outage for outage in outages(*frames)}


@pytest.mark.parametrize("parts", [regions(14), networks(14, "VE")], ids=["regions", "networks"])
def test_a_country_without_a_series_of_its_own_is_judged_from_its_parts(parts: list[Entity]) -> None:
    out = found(frame(parts, [DOWN] * 10 + [CALM] * 4))
    assert (out["VE"].state, out["VE"].start) == ("confirmed", 3 * 300)
    assert out["VE"].severity < out[parts[0].name].severity
    assert [out[part.name].part_of for part in parts[:10]] == [out["VE"].id] * 10
    assert len(out) == 11


@pytest.mark.parametrize(
    ("parts", "marks"),
    [
        (regions(4), [DOWN] * 4),
        (regions(14), [DOWN] * 4 + [CALM] * 10),
        (regions(14), [DOWN] * 4 + [BLIND] * 10),
        (networks(4, "VE"), [DOWN] * 4),
        (networks(14, "VE"), [DOWN] * 4 + [CALM] * 10),
        (networks(14, "VE"), [DOWN] * 4 + ["...??????"] * 10),
        ([*regions(14), *networks(9, "VE")], [CALM] * 14 + [DOWN] * 9),
        ([country("VE"), *regions(14)], [CALM] + [DOWN] * 14),
        ([country("VE"), *networks(9, "VE")], [CALM] + [DOWN] * 9),
    ],
)
def test_a_country_is_not_out_by_a_few_parts_nor_against_its_own_series(parts: list[Entity], marks: list[str]) -> None:
    assert "VE" not in found(frame(parts, marks))


def test_a_series_of_the_country_of_any_signal_counts_before_its_networks() -> None:
    falls = frame(networks(14), [CALM + DOWN] * 14, BGP, BOTH)
    assert "MM" not in found(frame([country("MM")], [CALM * 2], run=BOTH), falls)
    assert "MM" in found(frame([country("VE")], [CALM * 2], run=BOTH), falls)
    assert "MM" in found(frame([country("MM")], ["?" * 18], run=BOTH), falls), "one that was never observed does not"


@pytest.mark.parametrize("gap", [1, 8])
@pytest.mark.parametrize("parts", [networks(9), regions(16, "MM")], ids=["networks", "regions"])
def test_a_gap_in_all_parts_does_not_end_the_outage_of_a_country(parts: list[Entity], gap: int) -> None:
    marks = "...." + "L" * 6 + "?" * gap + "L" * 6 + "." * 9
    of_country = [out for out in outages(frame(parts, [marks] * len(parts))) if out.entity == "MM"]
    assert [(out.start, out.end) for out in of_country] == [(4 * 300, (16 + gap) * 300)]


@pytest.mark.parametrize("kind", ["country", "region"])
def test_a_series_that_begins_in_an_outage_neither_ends_it_nor_holds_it_open(kind: str) -> None:
    falls = frame(networks(9), ["...." + "L" * 20 + "." * 40] * 9, BGP, BOTH)
    begins = [country("MM")] if kind == "country" else regions(15, "MM")
    out = found(falls, frame(begins, ["?" * 12 + "." * 52] * len(begins), run=BOTH))
    assert (out["MM"].state, out["MM"].start, out["MM"].end) == ("ended", 4 * 300, 24 * 300)


@pytest.mark.parametrize("late", [0, 3])
def test_parts_of_a_country_that_is_out_are_grouped_under_it_and_no_others(late: int) -> None:
    places = [country("PK"), Entity("asn", "AS1", "PK"), Entity("region", "PK-SD", "PK"), Entity("asn", "AS2", "IN")]
    lasts = "." * 20 + "L" * (10 + late) + "." * 9
    out = revisions(frame(places, ["." * (20 + late) + "L" * 10 + "." * 9, lasts, lasts, lasts]))
    last = {outage.entity: outage for outage in out}
    assert (last["AS1"].part_of, last["PK-SD"].part_of) == (last["PK"].id, last["PK"].id)
    assert (last["PK"].part_of, last["AS2"].part_of) == ("", "")
    assert next(o.part_of for o in out if o.entity == "AS1") == ("" if late else last["PK"].id), "as soon as it is"


def test_parts_that_go_out_together_are_a_term_of_their_country() -> None:
    places, terms = [country("PK"), *networks(4, "PK")], []
    for falls in ((0, 3, 6), (0, 100, 200)):
        marks = ["." * at + "L" * (300 - at) for at in falls]
        out = found(frame(places, ["." * 280 + "L" * 20 if falls[1] > 9 else "." * 7 + "L" * 293, *marks, "." * 300]))
        terms.append("parts.together" in {term.signal for term in out["PK"].signals})
    assert terms == [True, False]


@pytest.mark.parametrize(("case", "met"), [("myanmar-2021-coup", 2), ("control-britain-2020-peerloss", 0)])
def test_a_real_country_is_judged_from_its_networks_alone(case: str, met: int, data: Path, tmp_path: Path) -> None:
    folder = data / "signals" / case
    for name in ("labels.csv", "entities.csv"):
        (tmp_path / name).write_text((folder / name).read_text())
    with gzip.open(folder / "signals.csv.gz", "rt") as file:
        (tmp_path / "signals.csv").write_text("".join(line for line in file if ",country," not in line))
    of_country = [o for o in confirmed(in_memory(recorded(tmp_path)).sorted()) if o.entity_type == "country"]
    assert len(of_country) == met
    (known,) = read_cases([folder])
    assert all(hit(label, of_country, known.tolerance) for label in known.labels)
