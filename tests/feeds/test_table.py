"""The table of series: every row is used or is a dead letter with its line."""

import gzip
import io
from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import gave_up
from pipeline.feeds import EntityRow, read_entities, read_table
from pipeline.feeds.table import MAX_BAD, Table
from pipeline.records import Entity

HEADER = "time,signal,entity_type,entity,value\n"


def table(*rows: str, **how) -> Table:
    return read_table(io.BytesIO((HEADER + "".join(row + "\n" for row in rows)).encode()), **how)


def row(clock="00:00", signal="bgp.ris", entity="PK", value="1", kind="country") -> str:
    return f"2024-02-08T{clock}:00Z,{signal},{kind},{entity},{value}"


def test_a_row_has_time_signal_entity_and_value():
    (rows,) = table(row("01:45", value="2.5")).series
    assert (rows.feed, rows.signal, rows.entities) == ("table", "bgp.ris", (Entity("country", "PK", "PK"),))
    assert (rows.time.tolist(), rows.entity.tolist(), rows.value.tolist()) == ([1707356700], [0], [2.5])
    assert {name: getattr(rows, name).dtype for name in rows.COLUMNS} == rows.COLUMNS


@pytest.mark.parametrize(
    ("signal", "value", "taken"),
    [
        *(("bgp.ris", none, np.nan) for none in ("", " ", "nan", "-1", "-0.001", "inf", "-inf")),
        ("ooni.signal", "1.5", np.nan), ("bgp.ris", "0", 0.0), ("bgp.ris", "1e3", 1000.0),
    ],
)  # fmt: skip
def test_a_value_out_of_range_is_not_observed_as_an_empty_one(signal, value, taken):
    read = table(row(signal=signal, value=value))
    np.testing.assert_array_equal(read.series[0].value, [taken])
    assert not read.damage


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ("yesterday,bgp.ris,country,PK,1", "bad-time"),
        ("1707356700,bgp.ris,country,PK,1", "bad-time"),
        ("1970-01-01T00:00:00Z,bgp.ris,country,PK,1", "bad-time"),
        ("9999-01-01T00:00:00Z,bgp.ris,country,PK,1", "bad-time"),
        *((row(signal=name), "bad-signal") for name in ("", "trafic.radar", "BGP ris", "bgp." + "x" * 99)),
        *((row(entity=name), "bad-country") for name in ("pk", "Pakistan", "PAK", "P1", "pK")),
        *((row(entity=name), "no-country") for name in ("UK", "XX")),
        *((row(entity=name), "bad-entity") for name in ("", "x" * 300)),
        *((row(kind="asn", entity=name), "bad-asn") for name in ("59257", "as59257", "AS059257")),
        *((row(kind="region", entity=name), "bad-region") for name in ("Northern", "ug-N", "UG_N", "UG-")),
        *((row(kind="service", entity=name), "bad-service") for name in ("whatsapp", "PK-whatsapp")),
        (row(kind="region", entity="UK-ENG"), "no-country"),
        (row(kind="service", entity="XX:whatsapp"), "no-country"),
        (row(kind="planet"), "bad-entity-type"),
        *((row(value=value), "bad-value") for value in ("many", "1_000", "1 000", '"1,000"', "1'000", "0x10")),
        ("2024-02-08T00:00:00Z,bgp.ris,country", "missing-column"),
        (row() + ",more", "extra-column"),
        *((row(entity=text), "bad-text") for text in ('"PK', "P\rK", "P\udcffK")),
    ],
)
def test_a_bad_row_is_a_dead_letter_with_its_line_and_the_others_are_used(bad, reason):
    text = "\n".join([row("00:00"), bad, row("00:05"), ""])
    read = read_table(io.BytesIO((HEADER + text).encode(errors="surrogateescape")))
    assert [(error.reason, error.place) for error in read.damage] == [(reason, "line 3")]
    assert len(read.series[0]) == 2


def test_the_country_of_an_entity_is_in_its_name_or_in_the_entities():
    known = {("asn", "AS45669"): EntityRow("PK", "Jazz", True)}
    given = [("asn", "AS45669"), ("asn", "AS64500"), ("region", "PK-SD"), ("service", "PK:whatsapp")]
    entities = table(*(row(kind=kind, entity=name) for kind, name in given), entities=known).series[0].entities
    assert [(e.country, e.mobile) for e in entities] == [("PK", True), ("", False), ("PK", False), ("PK", False)]


def test_blank_lines_are_no_rows_but_count_as_lines():
    read = table(row(), "", "x", "")
    assert ([error.place for error in read.damage], len(read.series[0])) == (["line 4"], 1)


def test_quotes_and_windows_line_ends_are_read():
    text = HEADER.replace("\n", "\r\n") + row(kind="region", entity='"PK-Sindh, south"') + "\r\n"
    (rows,) = read_table(io.BytesIO(text.encode())).series
    assert rows.entities == (Entity("region", "PK-Sindh, south", "PK"),)


@pytest.mark.parametrize("value", ["86.414", "8", ""])
def test_a_last_line_without_an_end_is_not_used(value):
    read = read_table(io.BytesIO((HEADER + row() + "\n" + row("00:05", value=value)).encode()))
    assert read.series[0].value.tolist() == [1.0]
    assert [(error.reason, error.place) for error in read.damage] == [("truncated-line", "line 3")]


def test_a_file_of_bad_rows_is_given_up():
    read = table(row("00:00"), row("00:05"), *["x"] * (2 * MAX_BAD))
    assert len(read.damage) == MAX_BAD + 1
    assert gave_up(read.damage[-1].reason)
    assert "the last row used is of 2024-02-08T00:05:00Z; what follows is not read" in str(read.damage[-1])


def test_a_table_is_not_read_beyond_its_most_rows():
    read = read_table(io.BytesIO((HEADER + 250_000 * (row() + "\n")).encode()), most=10)
    (letter,) = read.damage
    used = len(read.series[0].value)
    assert 10 < used < 125_000
    assert (letter.reason, letter.place) == ("too-long", f"line {used + 2}")
    assert gave_up(letter.reason)
    assert "more than 10 rows, the last row used is of 2024-02-08T00:00" in str(letter)


def test_a_table_of_too_many_signals_does_not_become_too_many_series():
    read = table(*(row(signal=f"bgp.s{i}") for i in range(1005)))
    assert len(read.signals) == 1000
    assert {error.reason for error in read.damage} == {"too-many-signals"}


def test_rows_are_sorted_by_time_in_utc():
    text = "2024-02-08T06:45:00+05:00,bgp.ris,country,PK,3"
    (rows,) = table(row("01:50", value="4"), text, row("01:40", value="2")).series
    assert rows.value.tolist() == [2.0, 3.0, 4.0]


def test_a_clean_block_and_the_same_line_by_line_are_read_alike():
    given = [row(f"{h:02}:00", value=v) for h in range(24) for v in ("1", "", "2.50", "1e3", "0")]
    clean, quoted = table(*given).series[0], table(*given, row("23:30", entity='"IQ"')).series[0]
    assert quoted.time[:-1].tolist() == clean.time.tolist()
    np.testing.assert_array_equal(quoted.value[:-1], clean.value)


def test_of_two_values_of_one_bin_the_later_row_counts_and_the_other_is_a_dead_letter():
    read = table(row("00:10", value="3"), row("00:00", value="1"), row("00:10", value="4"), row("00:20", value="2"))
    assert read.series[0].value.tolist() == [1.0, 4.0, 2.0]
    assert [str(error) for error in read.damage] == [
        "table: overruled at 2024-02-08T00:10:00Z in bgp.ris of country PK: two values of one bin: "
        "2024-02-08T00:10:00Z says 3, then 2024-02-08T00:10:00Z says 4, which counts"
    ]


def test_a_row_off_the_grid_is_of_its_bin_and_one_shortly_before_a_bin_is_of_that():
    rows = [row(f"00:{m:02d}", value="7") for m in (0, 10, 20, 30)]
    read = table(*rows, row("00:24", value="9"))
    assert (read.series[0].value.tolist(), len(read.damage)) == ([7.0, 7.0, 9.0, 7.0], 1)
    read = table(row("00:09", value="9").replace("00:09:00", "00:09:50"), *rows)
    assert [error.place for error in read.damage] == ["2024-02-08T00:09:50Z in bgp.ris of country PK"]


@pytest.mark.parametrize(("values", "dead"), [(("5", "5"), 0), (("", ""), 0), (("5", ""), 1), (("", "5"), 1)])
def test_the_same_value_twice_is_no_contradiction_and_none_beside_one_is(values, dead):
    assert len(table(*(row(value=value) for value in values), row("00:10")).damage) == dead


def test_other_places_and_other_signals_are_no_contradiction():
    read = table(row(value="1"), row(value="2", entity="IQ"), row(value="3", signal="bgp.other"), row("00:10"))
    assert read.damage == ()


DAY_OF_ROWS = [row(f"{hour:02d}:00") for hour in range(24)] + [row("00:00").replace("-08T", "-09T")]


@pytest.mark.parametrize("year", ["2034", "2025", "2023", "2004"])
def test_a_row_of_another_year_is_a_dead_letter(year: str):
    read = table(*DAY_OF_ROWS, row("12:30", entity="IQ").replace("2024", year))
    assert [str(error) for error in read.damage] == [
        f"table: bad-time at {year}-02-08T12:30:00Z in bgp.ris of country IQ: far from all other rows, "
        "2024-02-08T00:00:00Z to 2024-02-09T00:00:00Z, and less than a day: not used"
    ]
    assert (len(read.series[0]), [entity.name for entity in read.series[0].entities]) == (25, ["PK"])


@pytest.mark.parametrize(
    "rows",
    [
        [*DAY_OF_ROWS, *(line.replace("2024", "2034") for line in DAY_OF_ROWS)],
        [row(), row().replace("2024", "2034")],
        [row().replace("2024-02", f"2024-{month:02d}") for month in (1, 2, 3, 4, 8, 9, 10)],
    ],
    ids=["days of two years", "two rows", "monthly"],
)
def test_days_of_several_years_and_rows_with_nothing_beside_them_are_read(rows: list[str]):
    assert table(*rows).damage == ()


CASES = {
    "control-britain-2020-peerloss": {"bgp.routeviews": (1320, 4 * 3600)},
    "control-youtube-ge": {"traffic.youtube": (8484, 2 * 3600)},
    "control-youtube-nl": {"traffic.youtube": (8484, 2 * 3600)},
    "iraq-2023-exams": {"bgp.ioda": (2928, 300), "probing.ioda": (1464, 600), "telescope.ioda": (2928, 300),
                        "traffic.google": (488, 1800)},
    "louisiana-2020-laura": {"probing.monash": (664, 3600)},
    "myanmar-2021-coup": {"bgp.routeviews": (1800, 6 * 3600)},
    "venezuela-2019-blackout": {"probing.monash": (1469, 3600)},
    "zhytomyr-2022": {"bgp.ioda": (923, 300), "probing.ioda": (462, 600), "telescope.ioda": (923, 300)},
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_every_row_of_a_labelled_case_is_used(data: Path, case: str):
    folder = data / "signals" / case
    entities = read_entities(folder / "entities.csv") if (folder / "entities.csv").exists() else {}
    with gzip.open(folder / "signals.csv.gz") as stream:
        read = read_table(stream, entities)
    assert not read.damage
    assert all(np.nanmin(rows.value) >= 0 for rows in read.series)  # without a sentinel of -1
    assert {rows.signal: (len(rows), rows.width) for rows in read.series} == CASES[case]
    assert "" not in {entity.country for rows in read.series for entity in rows.entities}
    if "britain" in case:
        assert read.series[0].slots == (6 * 3600, 10 * 3600, 16 * 3600, 20 * 3600)


def test_random_damage_never_raises_and_every_line_is_accounted_for(data: Path):
    with gzip.open(data / "signals/zhytomyr-2022/signals.csv.gz") as stream:
        text = bytearray(stream.read())
    rng = np.random.default_rng(7)
    for at in rng.integers(text.index(b"\n") + 1, len(text), 200):
        if text[at] != 10:
            text[at] = rng.choice([b for b in range(256) if b != 10])
    read = read_table(io.BytesIO(bytes(text)))
    assert sum(map(len, read.series)) + len(read.damage) == 2308
