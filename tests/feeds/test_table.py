"""The plain table: every row is used or is a dead letter with its line."""

import gzip
import io
import time
from pathlib import Path

import numpy as np
import pytest

from pipeline.bins import DAY, Cadence
from pipeline.errors import DecodeError, UserError, gave_up
from pipeline.feeds import Label, chunks, read_entities, read_labels, read_table
from pipeline.feeds.table import FEED, MAX_BAD, Table
from pipeline.records import Entity, Rows

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


@pytest.mark.parametrize("value", ["", " ", "-1", "nan", "inf", "-inf", "-0.001"])
def test_what_is_empty_or_out_of_range_is_not_observed(value):
    read = table(row(value=value))
    assert np.isnan(read.series[0].value).all()
    assert read.damage == ()


def test_values_out_of_range_are_counted_and_empty_ones_are_not():
    assert table(row(value="-1"), row(value=""), row(value="0")).outside == 1


def test_zero_is_observed():
    assert table(row(value="0")).series[0].value.tolist() == [0.0]


def test_a_share_of_more_than_one_is_out_of_range():
    assert np.isnan(table(row(signal="ooni.signal", value="1.5")).series[0].value).all()


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ("yesterday,bgp.ris,country,PK,1", "bad-time"),
        ("1707356700,bgp.ris,country,PK,1", "bad-time"),
        ("1970-01-01T00:00:00Z,bgp.ris,country,PK,1", "bad-time"),
        ("9999-01-01T00:00:00Z,bgp.ris,country,PK,1", "bad-time"),
        (row(signal=""), "bad-signal"),
        (row(signal="trafic.radar"), "bad-signal"),
        (row(entity="pk"), "bad-country"),
        (row(entity="Pakistan"), "bad-country"),
        (row(kind="asn", entity="59257"), "bad-asn"),
        (row(kind="asn", entity="as59257"), "bad-asn"),
        (row(kind="asn", entity="AS059257"), "bad-asn"),
        (row(signal="BGP ris"), "bad-signal"),
        (row(signal="bgp." + "x" * 99), "bad-signal"),
        (row(kind="planet"), "bad-entity-type"),
        (row(entity=""), "bad-entity"),
        (row(entity="x" * 300), "bad-entity"),
        (row(value="many"), "bad-value"),
        ("2024-02-08T00:00:00Z,bgp.ris,country", "missing-column"),
        (row() + ",more", "extra-column"),
        (row(entity='"PK'), "bad-text"),
        (row(entity="P\rK"), "bad-text"),
        (row(entity="P\udcffK"), "bad-text"),
    ],
)
def test_a_bad_row_is_a_dead_letter_with_its_line_and_the_others_are_used(bad, reason):
    text = "\n".join([row("00:00"), bad, row("00:05"), ""])
    read = read_table(io.BytesIO((HEADER + text).encode(errors="surrogateescape")))
    assert [(error.reason, error.place) for error in read.damage] == [(reason, "line 3")]
    assert len(read.series[0]) == 2


def test_blank_lines_are_no_rows_but_count_as_lines():
    read = table(row(), "", "x", "")
    assert [error.place for error in read.damage] == ["line 4"]
    assert len(read.series[0]) == 1


def test_quotes_and_windows_line_ends_are_read():
    text = HEADER.replace("\n", "\r\n") + row(kind="region", entity='"PK-Sindh, south"') + "\r\n"
    (rows,) = read_table(io.BytesIO(text.encode())).series
    assert rows.entities == (Entity("region", "PK-Sindh, south", "PK"),)


@pytest.mark.parametrize("text", [b"", b"a,b\n1,2\n", b"\xff\xfe\x00", b"time,signal\n"])
def test_another_header_is_one_dead_letter_and_nothing_is_read(text):
    read = read_table(io.BytesIO(text))
    assert [(error.reason, error.place) for error in read.damage] == [("bad-header", "line 1")]
    assert read.signals == ()
    assert not FEED.recognise("signals.csv", text)


def test_a_file_of_bad_rows_is_given_up_with_a_word():
    read = table(*["x"] * (2 * MAX_BAD))
    assert len(read.damage) == MAX_BAD + 1
    assert str(read.damage[-1]) == (
        f"table: too-damaged at line {MAX_BAD + 1}: 10,000 damaged rows, no row was used; what follows is not read"
    )


def test_a_table_that_is_given_up_says_up_to_when_it_was_read():
    read = table(row("00:00"), row("00:05"), *["x"] * (2 * MAX_BAD))
    assert "the last row used is of 2024-02-08T00:05:00Z; what follows is not read" in str(read.damage[-1])


def test_a_table_is_not_read_beyond_what_memory_is_meant_for(monkeypatch):
    monkeypatch.setattr("pipeline.feeds.table.MAX_ROWS", 10)
    monkeypatch.setattr("pipeline.feeds.table.BLOCK", 200)
    read = table(*[row(f"{i // 60:02}:{i % 60:02}") for i in range(100)])
    (letter,) = read.damage
    used = len(read.series[0].value)
    assert (letter.reason, letter.place) == ("too-long", f"line {used + 2}")
    assert gave_up(letter.reason)
    assert 10 < used < 20
    assert "more than 10 rows, the last row used is of 2024-02-08T00:1" in str(letter)


def test_a_table_of_too_many_signals_does_not_become_too_many_series():
    read = table(*(row(signal=f"bgp.s{i}") for i in range(1005)))
    assert len(read.signals) == 1000
    assert {error.reason for error in read.damage} == {"too-many-signals"}


def test_rows_are_sorted_by_time():
    (rows,) = table(row("00:10", value="3"), row("00:00", value="1")).series
    assert rows.value.tolist() == [1.0, 3.0]


@pytest.mark.parametrize("value", ["86.414", "8", ""])
def test_a_last_line_without_an_end_is_not_used_also_where_it_could_be_a_row(value):
    read = read_table(io.BytesIO((HEADER + row() + "\n" + row("00:05", value=value)).encode()))
    assert read.series[0].value.tolist() == [1.0]
    assert [(error.reason, error.place) for error in read.damage] == [("truncated-line", "line 3")]


def test_an_offset_is_turned_into_utc():
    text = "2024-02-08T06:45:00+05:00,bgp.ris,country,PK,1"
    assert table(text, row("01:45")).series[0].time.tolist() == [1707356700] * 2


def test_each_signal_has_its_own_cadence_unless_one_is_given():
    given = [row(f"{h:02}:{m:02}") for h in range(3) for m in range(0, 60, 5)]
    given += [row(f"{h:02}:00", signal="traffic.radar") for h in range(3)]
    assert [rows.width for rows in table(*given).series] == [300, 3600]
    forced = table(*given, cadences={"bgp.ris": Cadence(900, phase=60)}).series[0]
    assert (forced.width, forced.phase) == (900, 60)


def test_all_signals_advance_together_a_chunk_at_a_time():
    given = [f"2024-02-{d:02}T{h:02}:00:00Z,{s},country,PK,{d}" for s in ("bgp.ris", "traffic.radar") for d in (8, 9)
             for h in (0, 12)]  # fmt: skip
    pieces = list(chunks(table(*given).series))
    assert [(p.signal, set(p.value)) for p in pieces] == [
        ("bgp.ris", {8.0}), ("traffic.radar", {8.0}), ("bgp.ris", {9.0}), ("traffic.radar", {9.0}),
    ]  # fmt: skip
    assert len(list(chunks(table(*given).series, 12 * 3600))) == 8


def test_a_chunk_carries_just_its_own_entities():
    pieces = list(chunks(table(row("00:00", entity="PK"), row("12:00", entity="IQ")).series, 3600))
    assert [[e.name for e in p.entities] for p in pieces] == [["PK"], ["IQ"]]
    assert [p.entity.tolist() for p in pieces] == [[0], [0]]


def test_no_row_of_a_later_piece_is_before_the_first_of_an_earlier_one(monkeypatch):
    monkeypatch.setattr("pipeline.feeds.table.MAX_PIECE", 5)
    given = [row(f"{h:02}:{m:02}", signal=s) for s, first in (("bgp.ris", 9), ("traffic.radar", 2), ("atlas.probes", 5))
             for h in range(first, 12) for m in (0, 30)]  # fmt: skip
    pieces = list(chunks(table(*given).series))
    assert sum(map(len, pieces)) == len(given)
    assert max(map(len, pieces)) == 5
    assert [p.time[0] for p in pieces] == sorted(p.time[0] for p in pieces)


def test_a_clean_block_and_the_same_line_by_line_are_read_alike():
    given = [row(f"{h:02}:00", value=v) for h in range(24) for v in ("1", "", "2.50", "1e3", "0")]
    clean, quoted = table(*given).series[0], table(*given, row("23:30", entity='"IQ"')).series[0]
    assert quoted.time[:-1].tolist() == clean.time.tolist()
    np.testing.assert_array_equal(quoted.value[:-1], clean.value)


def test_blocks_cut_anywhere_give_the_same(monkeypatch):
    given = [row(f"{h:02}:{m:02}", value=str(h)) for h in range(24) for m in range(60)] + ["x"]
    whole = table(*given)
    monkeypatch.setattr("pipeline.feeds.table.BLOCK", 1000)
    cut = table(*given)
    assert [e.place for e in cut.damage] == [e.place for e in whole.damage] == ["line 1442"]
    np.testing.assert_array_equal(cut.series[0].value, whole.series[0].value)


def test_a_million_rows_are_read_in_seconds():
    stamps = np.datetime_as_string(np.datetime64("2024-02-08T00:00") + np.arange(4000) * 5, timezone="UTC")
    text = HEADER + "".join(f"{t},bgp.ris,asn,AS{c},{c}\n" for t in stamps for c in range(250))
    begun = time.process_time()
    (rows,) = read_table(io.BytesIO(text.encode())).series
    assert len(rows) == 1_000_000
    assert time.process_time() - begun < 10


# the labelled cases

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


def case_table(case: Path) -> Table:
    entities = read_entities(case / "entities.csv") if (case / "entities.csv").exists() else {}
    with gzip.open(case / "signals.csv.gz") as stream:
        return read_table(stream, entities)


@pytest.mark.parametrize("case", CASES)
def test_every_row_of_a_labelled_case_is_used(data: Path, case):
    read = case_table(data / "signals" / case)
    assert read.damage == ()
    assert {rows.signal: (len(rows), rows.width) for rows in read.series} == CASES[case]
    assert {entity.country for rows in read.series for entity in rows.entities} != {""}


def test_the_sentinel_of_venezuela_is_not_observed(data: Path):
    assert case_table(data / "signals/venezuela-2019-blackout").outside == 1


def test_the_networks_of_myanmar_belong_to_it(data: Path):
    (rows,) = case_table(data / "signals/myanmar-2021-coup").series
    assert {entity.country for entity in rows.entities} == {"MM"}


def test_the_uneven_hours_of_britain_are_its_cadence(data: Path):
    (rows,) = case_table(data / "signals/control-britain-2020-peerloss").series
    assert rows.slots == (6 * 3600, 10 * 3600, 16 * 3600, 20 * 3600)


def test_read_and_the_table_hold_the_same_rows(data: Path):
    with gzip.open(data / "signals/iraq-2023-exams/signals.csv.gz") as stream:
        pieces = [item for item in FEED.read(stream) if isinstance(item, Rows)]
    assert sum(map(len, pieces)) == 7808
    assert [p.time[0] // DAY for p in pieces] == sorted(p.time[0] // DAY for p in pieces)


def test_labels_are_half_open_and_sorted(data: Path):
    labels = read_labels(data / "signals/myanmar-2021-coup/labels.csv")
    assert labels[0] == Label(1612138800, 1612167300, "country", "MM", "shutdown", "IODA 45F54052")
    assert len(read_labels(data / "signals/iraq-2023-exams/labels.csv")) == 8
    assert read_labels(data / "signals/control-youtube-nl/labels.csv") == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("start,end\n", "wanted start,end,entity_type"),
        ("start,end,entity_type,entity,kind,source\nx,y,country,PK,,\n", "line 2: 'x' to 'y' are not two ISO times"),
        ("start,end,entity_type,entity,kind,source\n2024-02-08,,country,PK,,\n", "give the end of the recording"),
        ("start,end,entity_type,entity,kind,source\n2024-02-08T02:00Z,2024-02-08T01:00Z,country,PK,,\n", "not after"),
        ("start,end,entity_type,entity,kind,source\n1,2\n", "2 cells, wanted 6"),
    ],
)
def test_a_wrong_label_file_is_one_sentence_with_the_place(tmp_path: Path, text, words):
    path = tmp_path / "labels.csv"
    path.write_text(text)
    with pytest.raises(UserError, match=r"labels\.csv") as error:
        read_labels(path)
    assert words in str(error.value)


def test_random_damage_never_raises_and_every_line_is_accounted_for(data: Path):
    with gzip.open(data / "signals/zhytomyr-2022/signals.csv.gz") as stream:
        text = bytearray(stream.read())
    rng = np.random.default_rng(7)
    body = text.index(b"\n") + 1
    for at in rng.integers(body, len(text), 200):
        if text[at] != 10:
            text[at] = rng.choice([b for b in range(256) if b != 10])
    read = read_table(io.BytesIO(bytes(text)))
    assert sum(map(len, read.series)) + len(read.damage) == 2308
    assert all(isinstance(error, DecodeError) for error in read.damage)
