"""Countries: names, zones, local time."""

from pipeline.geo.countries import MAIN_ZONES, clock, country_name, zone


def test_countries_of_several_zones_have_the_one_that_most_people_live_by():
    assert {c: zone(c).key for c in ("PK", "IQ", "RU", "US", "ID")} == {
        "PK": "Asia/Karachi", "IQ": "Asia/Baghdad", "RU": "Europe/Moscow", "US": "America/New_York",
        "ID": "Asia/Jakarta",
    }  # fmt: skip
    assert all(zone(country).key == name for country, name in MAIN_ZONES.items())


def test_a_country_has_one_clock_only_where_all_its_zones_agree():
    winter, before = 1707350400, 1700000000  # Kazakhstan made one zone of two on 1 March 2024
    assert [clock(code, winter) is not None for code in ("PK", "DE", "CY", "US", "RU", "ES", "", "Pakistan")] == [
        True, True, True, False, False, False, False, False,
    ]  # fmt: skip
    assert clock("KZ", before) is None
    assert clock("KZ", 1710000000) is not None


def test_names_are_those_of_the_standard():
    assert (country_name("MM"), country_name("XK"), country_name("??")) == ("Myanmar (Burma)", "Kosovo", "??")
