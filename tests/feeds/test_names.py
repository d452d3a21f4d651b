"""Names of a table: they decide the answer, so that another way to write one is told and not taken."""

from pathlib import Path

import pytest

from pipeline.errors import UserError
from pipeline.feeds import EntityRow, read_entities
from tests.feeds.test_table import row, table


def test_a_name_that_would_change_the_answer_is_refused_with_what_is_wanted():
    read = table(row(kind="asn", entity="59257"), row(entity="Pakistan"), row(signal="trafic.radar"))
    assert [error.detail.partition(" (wanted ")[2] for error in read.damage] == [
        "a network's number, as AS59257)",
        "a country's code of two capitals, as PK)",
        "<kind>.<source>, as probing.ioda; kinds are bgp, probing, telescope, traffic, atlas, ooni)",
    ]


def test_names_of_regions_and_services_are_taken_as_they_stand():
    given = [row(kind="region", entity=name) for name in ("VE-Anzoátegui", "US-Louisiana", "UA-18")]
    read = table(*given, row(kind="service", entity="PK:whatsapp", signal="ooni.signal"))
    assert read.damage == ()
    assert [e.country for rows in read.series for e in rows.entities] == ["VE", "US", "UA", "PK"]


def test_entities_that_have_no_row_are_known():
    kin = {("asn", "AS1"): EntityRow("PK"), ("asn", "2"): EntityRow("PK")}
    assert table(row(kind="asn", entity="AS1"), entities=kin).unmatched == (("asn", "2"),)
    kin |= {
        ("country", "PK"): EntityRow("PK"),
        ("country", "IN"): EntityRow("IN"),
    }
    assert table(row(kind="asn", entity="AS1"), entities=kin).unmatched == (("asn", "2"), ("country", "IN"))


def test_a_country_is_named_for_its_regions_which_need_no_parent_and_not_for_its_services():
    kin, region = {("country", "VE"): EntityRow("VE")}, row(kind="region", entity="VE-Zulia")
    assert table(region, entities=kin).unmatched == ()
    assert table(region, entities=kin | {("region", "VE-Zulia"): EntityRow("", "Zulia")}).unmatched == ()
    service = row(kind="service", entity="VE:whatsapp", signal="ooni.signal")
    assert table(service, entities=kin | {("service", "VE:whatsapp"): EntityRow("VE")}).unmatched == (
        ("country", "VE"),
    )


@pytest.mark.parametrize("parent", ["Pakistan", "UK", "XX"])
def test_a_parent_that_is_no_country_is_one_sentence(tmp_path: Path, parent: str):
    path = tmp_path / "entities.csv"
    path.write_text(f"entity_type,entity,parent,name,mobile\nasn,AS59257,{parent},Zong,yes\n")
    with pytest.raises(
        UserError, match=rf"entities.csv line 2: parent is '{parent}', wanted a country's code .* as PK"
    ):
        read_entities(path)


def test_the_country_of_an_entity_is_in_its_name_or_in_the_entities():
    kin = {("asn", "AS45669"): EntityRow("PK", "Jazz", True)}
    given = [row(kind="asn", entity="AS45669"), row(kind="asn", entity="AS1"), row(kind="region", entity="PK-SD"),
             row(kind="service", entity="PK:whatsapp")]  # fmt: skip
    entities = table(*given, entities=kin).series[0].entities
    assert [(e.country, e.mobile) for e in entities] == [("PK", True), ("", False), ("PK", False), ("PK", False)]


def test_a_missing_or_binary_entity_file_is_one_sentence(tmp_path: Path):
    with pytest.raises(UserError, match=r"entities.csv: No such file"):
        read_entities(tmp_path / "entities.csv")
    (tmp_path / "entities.csv").write_bytes(b"\xff\xfe")
    with pytest.raises(UserError, match="not a table"):
        read_entities(tmp_path / "entities.csv")
