"""Folders of cases, and how exact their labels are."""

from pathlib import Path

import pytest

from pipeline.errors import UserError
from pipeline.evaluation.cases import COLUMNS, Ignored, read_cases, read_tolerances, usual_tolerance
from pipeline.evaluation.phrases import exactness
from pipeline.evaluation.spans import Span
from pipeline.settings import Evaluating

HEADER = ",".join(COLUMNS) + "\n"
LABELS = "start,end,entity_type,entity,kind,source\n2024-02-08T02:00:00Z,2024-02-08T15:00:00Z,country,PK,shutdown,x\n"


def case(folder: Path, name: str = "one") -> Path:
    (folder / name).mkdir(parents=True)
    (folder / name / "labels.csv").write_text(LABELS)
    return folder / name


def tolerances(folder: Path, *lines: str) -> Path:
    path = folder / "TOLERANCE.csv"
    path.write_text(HEADER + "\n".join(lines) + "\n")
    return path


def test_the_table_beside_the_cases_says_how_exact_their_labels_are(tmp_path: Path) -> None:
    folder = case(tmp_path)
    tolerances(tmp_path, "one,5,30,30,60,0.9,,,late", "other,1,1,1,1,1,,,")
    (read,) = read_cases([folder])
    assert read.tolerance is not None
    assert tuple(read.tolerance) == (300, 1800, 1800, 3600, 0.9, ())
    assert read.labels[0].entity == "PK"


def test_a_case_that_the_table_does_not_name_has_no_tolerance(tmp_path: Path) -> None:
    folder = case(tmp_path)
    assert read_cases([folder])[0].tolerance is None
    tolerances(tmp_path, "other,1,1,1,1,1,,,", "another,1,1,1,1,1,,,")
    (read,) = read_cases([folder])
    assert read.tolerance is None
    assert "TOLERANCE.csv has another; other, and not one)" in exactness(usual_tolerance(300, Evaluating()), read)


def test_several_lines_of_a_case_ignore_several_windows(tmp_path: Path) -> None:
    lines = [f"one,5,30,30,60,0.9,2024-02-08T0{h}:00:00Z,2024-02-08T0{h}:30:00Z,dip" for h in (2, 3)]
    first = Span(1707357600, 1707359400)
    second = Span(first.start + 3600, first.end + 3600)
    assert read_tolerances(tolerances(tmp_path, *lines))["one"].ignored == (
        Ignored(first, "dip"),
        Ignored(second, "dip"),
    )


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("one,five,30,30,60,0.9,,,", "line 2: onset_early_min is 'five', wanted whole minutes"),
        ("one,5,30,30,60,,,,", "line 2: cover_min is '', wanted a share"),
        ("one,-5,30,30,60,0.9,,,", "below 0"),
        ("one,5,30,30,60,1.9,,,", "within 0 and 1"),
        ("one,5,30,30,60,nan,,,", "within 0 and 1"),
        ("one,5,30,30,60,0.9,yesterday,today,", "line 2"),
        ("one,5,30,30,60,0.9,2024-01-01T00:00:00Z,,", "line 2: ignore_end is ''"),
        ("one,5,30,30,60,0.9,,2024-01-01T00:00:00Z,", "line 2: ignore_start is ''"),
        ("one,5,30,30,60,0.9,2024-01-02T00:00:00Z,2024-01-01T00:00:00Z,", "is not after ignore_start 2024-01-02"),
        ("one,5,30,30,60,0.9,,,\none,6,30,30,60,0.9,,,", "line 3"),
        ("one,5", "2 cells"),
    ],
)
def test_a_wrong_tolerance_is_refused_with_its_line(tmp_path: Path, line: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        read_tolerances(tolerances(tmp_path, line))


def test_what_is_no_case_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no folder of a case"):
        read_cases([tmp_path / "nowhere"])
    with pytest.raises(UserError, match="without labels"):
        read_cases([tmp_path])
    inside = case(tmp_path, "inside")
    tolerances(inside, "inside,1,1,1,1,1,,,")
    with pytest.raises(UserError, match="belongs beside the folders of cases, not in one"):
        read_cases([inside])
    with pytest.raises(UserError, match="several cases of the name"):
        read_cases([case(tmp_path / "a"), case(tmp_path / "b")])


def test_a_label_that_comes_twice_is_refused(tmp_path: Path) -> None:
    folder = case(tmp_path)
    (folder / "labels.csv").write_text(LABELS + LABELS.splitlines()[1].replace("shutdown,x", "unknown,y") + "\n")
    with pytest.raises(UserError, match=r"labels.csv line 3: 2024-02-08T02:00:00Z to .* of PK is a label already"):
        read_cases([folder])
