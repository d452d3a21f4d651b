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


@pytest.mark.parametrize("late", [0, 3])
def test_parts_of_a_country_that_is_out_are_grouped_under_it_and_no_others(late: int) -> None:
    places = [country("PK"), Entity("asn", "AS1", "PK"), Entity("region", "PK-SD", "PK"), Entity("asn", "AS2", "IN")]
    lasts = "." * 20 + "L" * (10 + late) + "." * 9
    out = revisions(frame(places, ["." * (20 + late) + "L" * 10 + "." * 9, lasts, lasts, lasts]))
    last = {outage.entity: outage for outage in out}
    assert (last["AS1"].part_of, last["PK-SD"].part_of) == (last["PK"].id, last["PK"].id)
    assert (last["PK"].part_of, last["AS2"].part_of) == ("", "")
    assert next(o.part_of for o in out if o.entity == "AS1") == ("" if late else last["PK"].id), "as soon as it is"


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
