"""Countries: names, zones, local time."""

from pipeline.geo.countries import MAIN_ZONES, SUBDIVISIONS, clock, country_name, local_times, week_slot, zone


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


def test_the_week_slot_follows_each_countrys_clock_through_a_change_of_it():
    sunday = 1711846800  # 2024-03-31T01:00Z: clocks in Europe go from 1 or 2 to 3
    before, after = week_slot(local_times(("DE", "GB", "PK", ""), [sunday - 1, sunday])).tolist()
    assert before == [6 * 86400 + 2 * 3600 - 1, 6 * 86400 + 3600 - 1, 6 * 86400 + 6 * 3600 - 1, 6 * 86400 + 3600 - 1]
    assert after == [6 * 86400 + 3 * 3600, 6 * 86400 + 2 * 3600, 6 * 86400 + 6 * 3600, 6 * 86400 + 3600]
    assert week_slot(local_times((), [sunday])).tolist() == [[]]


def test_every_country_of_the_table_has_two_subdivisions_or_more() -> None:
    assert len(SUBDIVISIONS) == 200
    assert min(SUBDIVISIONS.values()) >= 2
