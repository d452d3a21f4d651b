"""The country of a network: by its number, unless a table or a feed says otherwise."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.feeds import Recording, recordings
from pipeline.geo.countries import is_country
from pipeline.geo.homes import RESERVED, _ranges, as_country, placed
from pipeline.geo.networks import lines
from pipeline.records import Entity, Heartbeat, Rows, Run
from pipeline.signals.binning import BinStage
from pipeline.signals.series import Series

OF_PAKISTAN = ("AS7590", "AS9260", "AS9541", "AS9557", "AS17557", "AS23674", "AS23750", "AS24499", "AS45669", "AS59257")
HEAD = "time,signal,entity_type,entity,value\n"
KIN = "entity_type,entity,parent,name,mobile\n"


def case(folder: Path, *names: str) -> Recording:
    rows = "".join(f"2024-02-08T00:00Z,traffic.radar,asn,{name},7\n" for name in names)
    (folder / "signals.csv").write_text(HEAD + rows)
    (recording,) = recordings([folder])
    return recording


def countries(recording: Recording) -> dict[str, str]:
    (rows,) = recording.items
    assert isinstance(rows, Rows)
    return {one.name: one.country for one in rows.entities}


def test_the_ranges_are_in_order_apart_and_of_countries() -> None:
    first, last, country = (column.tolist() for column in _ranges())
    assert all(a <= b for a, b in zip(first, last, strict=True))
    assert all(before < after for before, after in zip(last, first[1:], strict=False))
    assert all(is_country(code) for code in set(country))
    assert sum(last) - sum(first) + len(first) > 90_000


@pytest.mark.parametrize("name", [f"AS{number}" for ends in RESERVED for number in ends])
def test_a_reserved_number_has_no_country(name: str) -> None:
    assert as_country(name) == ""


@pytest.mark.parametrize("name", ["AS", "59257", "AS059257", "AS-1", "AS99999999999", "as59257", "AS59257 ", ""])
def test_what_is_no_as_has_no_country(name: str) -> None:
    assert as_country(name) == ""


def test_the_table_of_names_says_the_same() -> None:
    assert not [line for line in lines() if as_country(f"AS{line.asn}") != line.country]


def test_what_is_known_of_a_network_wins() -> None:
    known = {("asn", "AS59257"): Entity("asn", "AS59257", "IQ", True, "Mine")}
    assert placed("asn", "AS59257", known) == Entity("asn", "AS59257", "IQ", True, "Mine")
    assert placed("asn", "AS59257") == Entity("asn", "AS59257", "PK")
    assert placed("asn", "AS59257", {("asn", "AS59257"): Entity("asn", "AS59257", "", True)}).country == "PK"


def test_networks_of_a_case_are_at_home_without_a_table_of_entities(tmp_path: Path) -> None:
    assert countries(case(tmp_path, *OF_PAKISTAN)) == dict.fromkeys(OF_PAKISTAN, "PK")


def test_a_line_of_the_table_of_entities_wins(tmp_path: Path) -> None:
    (tmp_path / "entities.csv").write_text(f"{KIN}asn,AS9541,IQ,,\nasn,AS17557,,Mine,\n")
    told = countries(case(tmp_path, "AS9541", "AS17557", "AS64512"))
    assert told == {"AS9541": "IQ", "AS17557": "PK", "AS64512": ""}


def test_a_feed_that_does_not_know_the_country_of_a_network_gets_it_and_one_that_knows_keeps_it() -> None:
    run = Run("r", "replay", ("traffic.radar",))
    entities = (Entity("asn", "AS9541"), Entity("asn", "AS17557", "IQ"), Entity("asn", "AS64512"))
    rows = Rows(run, "radar", 0, "traffic.radar", 900, (), 0, entities, np.zeros(3, np.int64),
                np.arange(3, dtype=np.int32), np.ones(3))  # fmt: skip
    beat = Heartbeat(run, "radar", 0, 900, "up", run.signals)
    stage = BinStage(0, lambda *stream: Series(*stream))
    stage.step(rows)
    (bins,) = (told for told in stage.step(beat) if hasattr(told, "entities"))
    assert {entity.name: entity.country for entity in bins.entities} == {"AS9541": "PK", "AS17557": "IQ", "AS64512": ""}
    settled = replace(beat, time=1800, networks=(Entity("asn", "AS9541", "UG", True),))
    stage.step(replace(rows, time=np.full(3, 900)))
    (bins,) = (told for told in stage.step(settled) if hasattr(told, "entities"))
    assert Entity("asn", "AS9541", "UG", True) in bins.entities
