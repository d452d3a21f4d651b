"""What is said of a table that is none by its first line alone."""

import gzip
from pathlib import Path

import pytest

from pipeline.feeds import FEEDS, UnreadableError, open_source

ROW = "2024-02-08T00:00:00Z,bgp.ris,country,PK,7"
WANTED = "; wanted time,signal,entity_type,entity,value"


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("time,signal,entity_type,entity,count", "a table without value, and with 'count', which no table has"),
        ("when,signal,entity_type,entity,value", "a table without time, and with 'when', which no table has"),
        ("time,signal,entity_type,entity", "a table without value"),
        ("time,signal,entity_type,entity,value,note", "a table with 'note', which no table has"),
        ("time, signal,entity_type,entity,value", "a table without signal, and with ' signal', which no table has"),
        ("time,entity_type,entity,signal,value", "a table with its columns in another order"),
        ("time,signal,entity_type,entity,value,value", "a table with a column twice"),
        (
            "time,a,b,c,d,e,f,g",
            "a table without signal, entity_type, entity, value, and with 'a', 'b', 'c', 'd', 'e' and 2 more, which "
            "no table has",
        ),
        ("time,\x1b[2J,signal", "a table without entity_type, entity, value, and with '\\x1b[2J', which no table has"),
    ],
)
def test_of_what_is_nearly_a_table_the_columns_are_named_that_it_lacks_and_that_are_none(
    header: str, said: str, tmp_path: Path
) -> None:
    (tmp_path / "signals.csv.gz").write_bytes(gzip.compress(f"{header}\n{ROW}\n".encode()))
    with pytest.raises(UnreadableError) as error:
        open_source(tmp_path)
    assert str(error.value) == f"{tmp_path / 'signals.csv.gz'}: {said}{WANTED}"
    assert error.value.reason == "unknown-format"


@pytest.mark.parametrize("header", ["time", "time of day: noon", "timestamp,signal,value", "date,value,signal"])
def test_what_has_little_of_a_table_is_not_taken_for_one(header: str, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text(f"{header}\n{ROW}\n")
    with pytest.raises(UnreadableError, match=f"unknown format, none of {', '.join(FEEDS)}; it begins with "):
        open_source(tmp_path / "notes.txt")
