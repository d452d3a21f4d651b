"""What a replay says of a country as a whole by its parts: from which it is judged, or that too few are known."""

import json
from pathlib import Path

import pytest
from msgspec import structs

from pipeline.explain.partial_view import Whole, not_whole
from pipeline.replay.coverage import LONG, Observed, Stretch
from tests.explain.shown import T, outage
from tests.explain.test_summary import HOUR, replayed, series

DAY = 24 * HOUR


def regions(folder: Path, names: tuple[str, ...], out: int, code: int = 0, *options: str, more: str = "") -> str:
    """A replay of so many regions, of which so many are out."""
    rows = "".join(
        series(72, name, low=range(2, 12) if i < out else range(0)).replace("country,", "region,")
        for i, name in enumerate(names)
    )
    return replayed(folder, rows + more, code, *options)


LEBANON = ("LB-AK", "LB-AS", "LB-BA", "LB-BH", "LB-BI", "LB-JA", "LB-JL", "LB-NA")


def test_a_country_of_which_too_few_regions_are_known_says_that_it_is_not_judged(tmp_path: Path) -> None:
    said = regions(tmp_path, LEBANON[:3], 2)
    why = "Lebanon as a whole has no all-clear: 3 of its 8 regions are in the recording, and half of them are needed."
    assert why in said
    told = json.loads(regions(tmp_path, LEBANON[:3], 2, 0, "--json"))
    assert told["too_few_parts"] == [{"entity": "LB", "known": 3, "all": 8, "networks": 0}]


def test_a_country_of_regions_says_that_it_is_judged_from_them_and_when_it_is_over(tmp_path: Path) -> None:
    said = regions(tmp_path, LEBANON[:5], 4)
    assert (
        "Lebanon is judged from 5 of its 8 regions: it is out while half of what these have is low, and over " in said
    )
    assert "judged from" not in regions(tmp_path, LEBANON[:5], 1)
    assert "judged from" not in regions(tmp_path, LEBANON[:5], 4, more=series(72, "LB", low=range(2, 12)))
    settings = tmp_path / "mine.toml"
    settings.write_text("[fusing]\nlow_parts = 0.7\n")
    said = regions(tmp_path, LEBANON[:5], 4, 0, "--settings", str(settings))
    assert "it is out while 70% of what these have is low" in said


def networks(folder: Path, known: int, out: int, code: int = 0, *options: str) -> str:
    """A replay of so many networks of Iran, of which so many are out."""
    names = [f"AS{i}" for i in range(known)]
    lines = "".join(f"asn,{name},IR,,\n" for name in names)
    (folder / "entities.csv").write_text("entity_type,entity,parent,name,mobile\n" + lines)
    rows = [series(72, name, low=range(2, 12) if i < out else range(0)) for i, name in enumerate(names)]
    return replayed(folder, "".join(rows).replace("country,", "asn,"), code, *options)


def test_a_country_of_networks_says_that_it_is_judged_from_them(tmp_path: Path) -> None:
    said = networks(tmp_path, 6, 6)
    assert "Iran is called out by networks alone, 6 of them: how much of it they are nobody knows." in said
    assert "as a whole" not in said
    assert json.loads(networks(tmp_path, 6, 6, 0, "--json"))["too_few_parts"] == []


def test_a_country_of_too_few_networks_says_so(tmp_path: Path) -> None:
    said = networks(tmp_path, 3, 1)
    assert (
        "Iran as a whole has no all-clear: 3 of its networks are in the recording, and 5 at least are needed." in said
    )
    told = json.loads(networks(tmp_path, 3, 1, 0, "--json"))
    assert told["too_few_parts"] == [{"entity": "IR", "known": 0, "all": 31, "networks": 3}]
    quiet = networks(tmp_path, 6, 1)
    assert "as a whole" not in quiet
    assert "by networks alone" not in quiet, "it is not out"


def test_of_networks_that_belong_to_no_country_it_is_said_that_they_speak_for_none(tmp_path: Path) -> None:
    rows = "".join(series(72, name, low=range(2, 12)) for name in ("AS1", "AS2")).replace("country,", "asn,")
    said = "2 networks that fell belong to no country, for want of a line in entities.csv: "
    assert said in replayed(tmp_path, rows)
    (tmp_path / "entities.csv").write_text("entity_type,entity,parent,name,mobile\nasn,AS1,IR,,\nasn,AS2,IR,,\n")
    assert "to no country" not in replayed(tmp_path, rows)


@pytest.mark.parametrize(("known", "out", "country"), [(3, 0, False), (4, 3, False), (3, 2, True)])
def test_a_country_that_is_judged_or_in_which_all_is_well_is_not_named(
    tmp_path: Path, known: int, out: int, country: bool
) -> None:
    more = series(72, "LB") if country else ""
    said = regions(tmp_path, LEBANON[:known], out, more=more)
    assert "as a whole" not in said
    assert "by networks alone" not in said
    assert json.loads(regions(tmp_path, LEBANON[:known], out, 0, "--json", more=more))["too_few_parts"] == []


def test_a_region_that_was_retracted_makes_no_word_of_its_country() -> None:
    seen_of = {("probing.ioda", "region", "LB-AK"): [Stretch(T, T + DAY, 600, LONG)]}
    of_region = outage(entity_type="region", entity="LB-AK")
    assert not_whole([of_region], Observed(seen_of), {}) == [Whole("LB", 1, 8)]
    assert not_whole([structs.replace(of_region, state="retracted")], Observed(seen_of), {}) == []


def test_how_many_regions_are_wanted_is_a_setting(tmp_path: Path) -> None:
    settings = tmp_path / "mine.toml"
    settings.write_text("[fusing]\nknown_parts = 0.3\n")
    assert "as a whole" not in regions(tmp_path, LEBANON[:3], 3, 0, "--settings", str(settings))
    settings.write_text("[fusing]\nknown_parts = 0.6\n")
    said = regions(tmp_path, LEBANON[:4], 4, 0, "--settings", str(settings))
    assert "4 of its 8 regions are in the recording, and 60% of them are needed." in said
