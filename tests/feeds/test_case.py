"""The tables beside the signals of a case: entities and labels."""

from pathlib import Path

import pytest

from pipeline.errors import UserError
from pipeline.feeds import Label, read_entities, read_labels

ENTITIES, LABELS = "entity_type,entity,parent,name,mobile\n", "start,end,entity_type,entity,kind,source\n"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, r"entities.csv: No such file"),
        (b"\xff\xfe", "not a table"),
        *((f"{ENTITIES}asn,AS59257,{parent},Zong,yes\n".encode(),
           rf"entities.csv line 2: parent is '{parent}', wanted a country's code .* as PK")
          for parent in ("Pakistan", "UK", "XX")),
        (f"{ENTITIES}asn,AS1,PK,,maybe\n".encode(), "line 2: mobile is 'maybe', wanted true, false or nothing"),
    ],
)  # fmt: skip
def test_wrong_entities_are_one_sentence_with_the_place(tmp_path: Path, content: bytes | None, words: str):
    path = tmp_path / "entities.csv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError, match=words):
        read_entities(path)


def test_labels_are_half_open_and_sorted(data: Path):
    labels = read_labels(data / "signals/myanmar-2021-coup/labels.csv")
    assert labels[0] == Label(1612138800, 1612167300, "country", "MM", "shutdown", "IODA 45F54052")
    assert len(read_labels(data / "signals/iraq-2023-exams/labels.csv")) == 8
    assert read_labels(data / "signals/control-youtube-nl/labels.csv") == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("start,end\n", "wanted start,end,entity_type"),
        (f"{LABELS}x,y,country,PK,,\n", "line 2: 'x' to 'y' are not two ISO times"),
        (f"{LABELS}2024-02-08,,country,PK,,\n", "give the end of the recording"),
        (f"{LABELS}2024-02-08T02:00Z,2024-02-08T01:00Z,country,PK,,\n", "not after"),
        (f"{LABELS}1,2\n", "2 cells, wanted 6"),
    ],
)
def test_wrong_labels_are_one_sentence_with_the_place(tmp_path: Path, text: str, words: str):
    path = tmp_path / "labels.csv"
    path.write_text(text)
    with pytest.raises(UserError, match=r"labels\.csv") as error:
        read_labels(path)
    assert words in str(error.value)
