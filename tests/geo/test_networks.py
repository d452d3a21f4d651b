"""The table of networks: each line is a network of a country, with a source."""

from pathlib import Path

from pipeline.feeds import recordings
from pipeline.geo.countries import is_country
from pipeline.geo.networks import lines, networks
from pipeline.records import Entity, Rows

HEAD = "time,signal,entity_type,entity,value\n2024-02-08T00:00Z,traffic.radar,asn,AS59257,7\n"


def named(folder: Path) -> Entity:
    (recording,) = recordings([folder])
    (rows,) = recording.items
    assert isinstance(rows, Rows)
    return rows.entities[0]


def test_each_line_is_a_network_of_a_country_with_a_source():
    assert all(is_country(line.country) and int(line.asn) > 0 and line.name and line.source for line in lines())
    assert {line.mobile for line in lines()} == {"true", "false"}
    keys = [(line.country, line.asn) for line in lines()]
    assert len(keys) == len(set(keys))


def test_the_mobile_networks_that_went_dark_on_the_election_day_of_pakistan_are_marked():
    found = {one.name: one for one in networks(["PK"])}
    assert [(found[name].title, found[name].mobile) for name in ("AS59257", "AS45669", "AS24499")] == [
        ("Zong", True), ("Jazz", True), ("Telenor", True),
    ]  # fmt: skip
    assert {one.country for one in networks(["PK", "UG"])} == {"PK", "UG"}


def test_a_network_has_its_name_and_mark_from_the_table_unless_the_user_says_otherwise(tmp_path: Path):
    (tmp_path / "signals.csv").write_text(HEAD)
    assert named(tmp_path) == Entity("asn", "AS59257", "PK", True, "Zong")
    line = "entity_type,entity,parent,name,mobile\nasn,AS59257,{}\n"
    for said, entity in {
        "PK,Mine,false": Entity("asn", "AS59257", "PK", False, "Mine"),
        ",,true": Entity("asn", "AS59257", "PK", True, "Zong"),
        "IQ,,": Entity("asn", "AS59257", "IQ", False, "Zong"),
    }.items():
        (tmp_path / "entities.csv").write_text(line.format(said))
        assert named(tmp_path) == entity
