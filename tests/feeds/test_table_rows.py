"""Rows of a table that do not say whose they are, and rows that say otherwise than others."""

import pytest

from pipeline.errors import refuses
from tests.feeds.test_table import row, table


@pytest.mark.parametrize(
    ("kind", "entity"),
    [("region", "Northern"), ("region", "ug-N"), ("region", "UG_N"), ("region", "UG-"), ("service", "whatsapp"),
     ("service", "PK-whatsapp")],
)  # fmt: skip
def test_a_region_or_service_that_does_not_say_whose_it_is_is_refused(kind: str, entity: str):
    read = table(row(kind=kind, entity=entity), row(kind="region", entity="UG-Northern"))
    assert [(error.reason, error.place) for error in read.damage] == [(f"bad-{kind}", "line 2")]
    assert "(wanted its country's code, " in read.damage[0].detail
    assert [entity.name for entity in read.series[0].entities] == ["UG-Northern"]


def test_of_two_values_of_one_bin_the_later_row_counts_and_the_other_is_a_dead_letter():
    read = table(row("00:10", value="3"), row("00:00", value="1"), row("00:10", value="4"), row("00:20", value="2"))
    assert read.series[0].value.tolist() == [1.0, 4.0, 2.0]
    assert [str(error) for error in read.damage] == [
        "table: overruled at 2024-02-08T00:10:00Z in bgp.ris of country PK: two values of one bin: "
        "2024-02-08T00:10:00Z says 3, then 2024-02-08T00:10:00Z says 4, which counts"
    ]


def test_a_row_off_the_grid_is_overruled_by_a_later_one_of_its_bin():
    rows = [row(f"00:{m:02d}", value="7") for m in (0, 10, 20, 30)]
    read = table(*rows, row("00:24", value="9"))
    assert [error.detail[:19] for error in read.damage] == ["two values of one b"]
    assert read.series[0].value.tolist() == [7.0, 7.0, 9.0, 7.0]


@pytest.mark.parametrize("value", ["5", ""])
def test_a_row_that_says_the_same_again_is_no_contradiction(value: str):
    read = table(row(value=value), row(value=value), row("00:10", value="1"))
    assert (len(read.series[0]), read.damage) == (3, ())


@pytest.mark.parametrize("values", [("5", ""), ("", "5")])
def test_a_value_and_none_contradict_each_other(values: tuple[str, str]):
    read = table(*(row(value=value) for value in values), row("00:10", value="1"))
    assert [error.reason for error in read.damage] == ["overruled"]


def test_other_places_and_other_signals_contradict_nobody():
    read = table(row(value="1"), row(value="2", entity="IQ"), row(value="3", signal="bgp.other"), row("00:10"))
    assert read.damage == ()


def test_of_too_many_contradictions_the_rest_is_counted_and_its_rows_stay(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("pipeline.feeds.table.MAX_BAD", 3)
    read = table(*(row(value=str(i)) for i in range(6)), row("00:10"))
    assert len(read.damage) == 4
    assert str(read.damage[-1]).startswith("table: overruled at bgp.ris: 2 more rows have another value")
    assert read.series[0].value.tolist() == [3.0, 4.0, 5.0, 1.0]


DAY_OF_ROWS = [row(f"{hour:02d}:00") for hour in range(24)] + [row("00:00").replace("-08T", "-09T")]
"""A row an hour, for a day and more."""


@pytest.mark.parametrize("year", ["2034", "2025", "2023", "2004"])
def test_a_row_of_another_year_is_a_dead_letter_and_no_ten_years_are_walked(year: str):
    read = table(*DAY_OF_ROWS, row("12:30", entity="IQ").replace("2024", year))
    assert [str(error) for error in read.damage] == [
        f"table: bad-time at {year}-02-08T12:30:00Z in bgp.ris of country IQ: far from all other rows, "
        "2024-02-08T00:00:00Z to 2024-02-09T00:00:00Z, and less than a day: not used"
    ]
    assert (len(read.series[0]), [entity.name for entity in read.series[0].entities]) == (25, ["PK"])


def test_so_are_rows_of_several_days_of_several_other_years():
    far = [row().replace("2024-02-08", day) for day in ("2034-02-08", "2034-02-19", "2034-03-11", "2014-02-08")]
    read = table(*DAY_OF_ROWS, *far, row(signal="traffic.radar"))
    assert sorted(error.place[:10] for error in read.damage) == ["2014-02-08", "2034-02-08", "2034-02-19", "2034-03-11"]
    assert [len(rows) for rows in read.series] == [25, 1], "what another signal has is nothing to it"


def test_days_that_lie_years_apart_are_all_read_and_so_is_what_has_nothing_beside_it():
    later = [line.replace("2024", "2034") for line in DAY_OF_ROWS]
    monthly = [row().replace("2024-02", f"2024-{month:02d}") for month in (1, 2, 3, 4, 8, 9, 10)]
    for rows in ([*DAY_OF_ROWS, *later], [row(), row().replace("2024", "2034")], monthly):
        read = table(*rows)
        assert (len(read.series[0]), read.damage) == (len(rows), ())


def test_rows_of_many_that_come_seconds_apart_are_no_less_than_a_day():
    rows = [
        row(f"{hour:02d}:00:{second:02d}").replace("2024-02-08", day)
        for day in (*(f"2024-02-{day:02d}" for day in range(1, 20)), "2024-06-01", "2024-06-02")
        for hour in range(24)
        for second in (0, 5, 10)
    ]
    assert table(*rows).damage[:1] == ()


def test_what_is_too_much_to_be_mistyped_is_read(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("pipeline.feeds.table.MAX_BAD", 3)
    far = [row(f"00:{minute:02d}").replace("2024", "2034") for minute in (0, 10, 20, 30)]
    assert [len(table(*DAY_OF_ROWS, *far[:n]).damage) for n in (3, 4)] == [3, 0]


@pytest.mark.parametrize("entity", ["PAK", "P1", "pK"])
def test_a_country_goes_by_its_two_capitals_alone(entity: str):
    read = table(row(entity=entity), row())
    assert [(error.reason, error.place) for error in read.damage] == [("bad-country", "line 2")]


@pytest.mark.parametrize(
    ("kind", "entity"), [("country", "UK"), ("country", "XX"), ("region", "UK-ENG"), ("service", "XX:whatsapp")]
)
def test_what_is_of_no_country_that_there_is_is_refused(kind: str, entity: str):
    read = table(row(kind=kind, entity=entity), row())
    assert [(error.reason, error.place) for error in read.damage] == [("no-country", "line 2")]
    assert [entity.name for entity in read.series[0].entities] == ["PK"]


def test_a_country_that_is_none_is_told_what_the_code_of_britain_is():
    (error,) = table(row(entity="UK"), row(entity="GB"), row(entity="XK"), row(entity="BV")).damage
    assert refuses(error.reason)
    assert error.detail.endswith(
        "(wanted a country's code of ISO 3166-1, as PK; Britain is GB, Greece is GR, Kosovo is XK)"
    )


@pytest.mark.parametrize("value", ["1_000", "1 000", '"1,000"', "1'000", "0x10", "1_0e3"])
def test_a_number_that_is_grouped_is_no_value(value: str):
    read = table(row(value=value), row("00:10"))
    assert [(error.reason, error.place) for error in read.damage] == [("bad-value", "line 2")]
    assert read.series[0].value.tolist() == [1.0]
