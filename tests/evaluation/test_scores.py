"""The open cases, each replayed once by ours and by the median of IODA: golden figures of every label."""

import csv
import os
import re
from pathlib import Path

import pytest

from pipeline.codec import iso
from pipeline.engine import Engine
from pipeline.evaluation.cases import read_cases
from pipeline.evaluation.figures import MOVED, picture
from pipeline.evaluation.phrases import minutes, remarks
from pipeline.evaluation.runs import ANY, OURS, Judged, judge_all
from pipeline.evaluation.story import stories
from tests.conftest import FOLDERS

GOLDEN = Path(__file__).with_name("scores.csv")
DOCS = Path(__file__).parents[2] / "docs" / "evaluate.md"

Row = dict[str, str]
COLUMNS = (
    "case", "entity", "start", "hit", "met", "fragments", "suspected_min", "confirmed_min", "onset_min", "end_min",
    "cover", "false", "others", "median_met", "median_false",
)  # fmt: skip
"""A line for each label, and one for the whole case, which has no entity; the median by any signal."""

UNTOUCHED = ("control-youtube-ge", "control-youtube-nl")
"""Two years in which nothing happened: there is not even a suspicion."""

TOLD = {
    "iraq-2023-exams": [
        "It was over at Mon 21 Aug 2023, 05:00 UTC, by what came back then or in the next bin. Still low: probes "
        "(probing.ioda) at "
    ],
    "louisiana-2020-laura": ["Why 7 h after its start: probes (probing.monash) first looked low in its bin of Thu 27 "],
    "myanmar-2021-coup": [
        "Why 7 h 40 min after its start: its narrowest bins are of 6 h",
        "Still low after its end: routes (bgp.routeviews) for 6 h, at ",
    ],
}
"""Beginnings of sentences beside the pictures of a case."""


def rows(ours: Judged, median: Judged) -> list[Row]:
    """The lines of a case."""
    made = ours.account
    (other,) = (read.account for read in median.readings if read.reading == ANY)
    counts = (len(made.false), len(made.others), other.met, len(other.false))
    lines = [(ours.case.name, "", "", str(made.hits), str(made.met), *("",) * 6, *map(str, counts))]
    for a in made.answers:
        times = (minutes(time).replace("−", "-") for time in (a.suspected, a.confirmed, a.onset_error, a.end_error))
        place = (ours.case.name, f"{a.label.entity_type}/{a.label.entity}", iso(a.label.start))
        answer = (str(int(a.hit)), str(int(a.met)), str(a.fragments), *times, f"{a.cover:.3f}", "", "", "", "")
        lines.append((*place, *answer))
    return [dict(zip(COLUMNS, line, strict=True)) for line in lines]


def read() -> list[Row]:
    with GOLDEN.open(newline="") as file:
        return list(csv.DictReader(file))


def write(case: str, lines: list[Row]) -> None:
    """Write the lines of a case in place of the golden ones."""
    kept = [row for row in read() if row["case"] != case]
    with GOLDEN.open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(sorted(kept + lines, key=lambda row: (row["case"], row["start"])))


PATHS = {path.parent.name: path.parent for folder in FOLDERS for path in folder.glob("*/labels.csv")}
CASES = sorted({row["case"] for row in read()} | PATHS.keys())


MISSED = {
    "control-youtube-ge": "some hours are suspected, and retracted",
    "myanmar-2021-coup": "what is still low after the second end is not told",
}
"""What is not as it should be, by case."""
EACH = [pytest.param(name, marks=pytest.mark.xfail(reason=MISSED[name]) if name in MISSED else ()) for name in CASES]


@pytest.mark.parametrize("case", EACH)
@pytest.mark.usefixtures("data")
def test_every_label_has_its_golden_figures_and_its_reasons(case: str) -> None:
    (found,) = read_cases([PATHS[case]])
    ours, median = judge_all(found, [OURS, "median"], Engine())
    if os.environ.get("NETVIGIL_GOLDEN") == "write":
        write(case, rows(ours, median))
    assert rows(ours, median) == [row for row in read() if row["case"] == case], "see `make golden`"
    assert not (case in UNTOUCHED and ours.outages)
    told = list(stories(ours))
    sentences = [sentence for story in told for sentence in story.sentences]
    for begin in TOLD.get(case, []):
        assert [sentence for sentence in sentences if sentence.startswith(begin)], begin
    if any(remark.startswith("All series of ") for remark in remarks(ours)) and len(told) == 1:
        assert MOVED in picture(told[0], []).decode()
    assert not [remark for remark in remarks(median) if remark.startswith("All series of ")], "it has no common mode"


def test_the_table_in_the_docs_is_the_golden_one() -> None:
    shown = re.findall(r"^\| `([a-z0-9-]+)` \| (\S+) \| (\d+) \| (.*?) ?\| (.*?) ?\|", DOCS.read_text(), re.MULTILINE)
    assert {case: figures for case, *figures in shown} == {case: _figures(case) for case in CASES}


def _figures(case: str) -> list[str]:
    """Met, false, confirmed and end, as the docs have them."""
    (whole,), labels = ([row for row in read() if row["case"] == case and bool(row["entity"]) == own] for own in (0, 1))
    spans = []
    for name in ("confirmed_min", "end_min"):
        minutes = sorted({int(row[name]) for row in labels if row[name]})
        ends = dict.fromkeys([*minutes[:1], *minutes[-1:]])
        spans.append(" to ".join(f"{time:+d}".replace("-", "−") for time in ends))
    return [f"{whole['met']}/{len(labels)}", whole["false"], *spans]
