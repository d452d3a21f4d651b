"""The open cases, replayed once by ours and by the median of IODA: the golden figures of every label, and what is told."""

import csv
import os
import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from pipeline.codec import iso
from pipeline.engine import Engine
from pipeline.evaluation.cases import read_cases
from pipeline.evaluation.figures import MOVED, bars_of, picture
from pipeline.evaluation.phrases import minutes, remarks
from pipeline.evaluation.runs import ANY, FUSED, OURS, Judged, judge_all
from pipeline.evaluation.story import stories
from pipeline.evaluation.tables import totals

GOLDEN = Path(__file__).with_name("scores.csv")

Row = dict[str, str]
COLUMNS = (
    "case", "entity", "start", "hit", "met", "fragments", "suspected_min", "confirmed_min", "onset_min", "end_min",
    "cover", "false", "others",
)  # fmt: skip
"""A line for each label, and one for the whole case, which has no entity."""

DOCS = Path(__file__).parents[2] / "docs" / "evaluate.md"


def rows(judged: Judged) -> list[Row]:
    """What fusion made of a case."""
    made = judged.account
    whole = (str(made.hits), str(made.met), *("",) * 6, str(len(made.false)), str(len(made.others)))
    lines = [(judged.case.name, "", "", *whole)]
    for a in made.answers:
        times = (minutes(time).replace("−", "-") for time in (a.suspected, a.confirmed, a.onset_error, a.end_error))
        place = (judged.case.name, f"{a.label.entity_type}/{a.label.entity}", iso(a.label.start))
        lines.append((*place, str(int(a.hit)), str(int(a.met)), str(a.fragments), *times, f"{a.cover:.3f}", "", ""))
    return [dict(zip(COLUMNS, line, strict=True)) for line in lines]


def read() -> list[Row]:
    with GOLDEN.open(newline="") as file:
        return list(csv.DictReader(file))


def write(lines: Iterable[Row]) -> None:
    with GOLDEN.open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(lines)


CASES = sorted({row["case"] for row in read()})


@pytest.fixture(scope="module")
def judged(data: Path) -> dict[str, list[Judged]]:
    """Every open case by ours and by the median."""
    cases = read_cases(sorted(path.parent for path in (data / "signals").glob("*/labels.csv")))
    found = {case.name: list(judge_all(case, [OURS, "median"], Engine())) for case in cases}
    if os.environ.get("NETVIGIL_GOLDEN") == "write":
        write(row for ours, _ in found.values() for row in rows(ours))
    return found


def test_the_table_has_every_case(judged: dict[str, list[Judged]]) -> None:
    assert sorted(judged) == CASES


@pytest.mark.parametrize("case", CASES)
def test_every_label_has_the_golden_figures(case: str, judged: dict[str, list[Judged]]) -> None:
    before = [row for row in read() if row["case"] == case]
    assert rows(judged[case][0]) == before, "see `make golden`"


def test_ours_meets_more_labels_than_the_median_of_ioda_with_fewer_false_outages(
    judged: dict[str, list[Judged]],
) -> None:
    found = {
        (total.detector, total.reading): total for total in totals(one for case in judged.values() for one in case)
    }
    ours, median = found[OURS, FUSED], found["median", ANY]
    assert ours.labels == median.labels > 0
    assert ours.met > median.met > 0
    assert ours.false < median.false


def test_the_table_in_the_docs_is_the_golden_one() -> None:
    shown = re.findall(r"^\| `([a-z0-9-]+)` \| (\S+) \| (\d+) \| (.*?) ?\| (.*?) ?\|", DOCS.read_text(), re.MULTILINE)
    assert {case: figures for case, *figures in shown} == {case: _figures(case) for case in CASES}


def _figures(case: str) -> list[str]:
    """Met, false, confirmed and end, as the docs have them."""
    (whole,), labels = ([row for row in read() if row["case"] == case and bool(row["entity"]) == own] for own in (0, 1))
    spans = []
    for name in ("confirmed_min", "end_min"):
        minutes = sorted({int(row[name]) for row in labels})
        ends = dict.fromkeys([*minutes[:1], *minutes[-1:]])
        spans.append(" to ".join(f"{time:+d}".replace("-", "−") for time in ends))
    return [f"{whole['met']}/{len(labels)}", whole["false"], *spans]


def said(judged: Judged, begin: str, at: int = 0) -> list[str]:
    """Sentences beside a picture that begin so."""
    return [sentence for sentence in list(stories(judged))[at].sentences if sentence.startswith(begin)]


def test_a_late_or_inexact_outage_is_explained(judged: dict[str, list[Judged]]) -> None:
    late, early = said(judged["louisiana-2020-laura"][0], "Why ")
    assert late.startswith("Why 10 h after its start: probes (probing.monash) first looked low in its bin of Thu 27 ")
    assert "it was confirmed only at Thu 27 Aug 2020, 16:00 UTC, when the bin was known in which it was at 72%" in late
    assert early.startswith("Why 1 d 5 h before its end: at Sat 29 Aug 2020, 16:00 UTC probes (probing.monash) had 93%")
    wide, longer = said(judged["myanmar-2021-coup"][0], "Why ")
    assert wide.startswith("Why 7 h 40 min after its start: its narrowest bins are of 6 h")
    assert longer == (
        "Why 5 h 45 min after its end: routes (bgp.routeviews) still looked low until Mon 1 Feb 2021, 14:00 UTC "
        "(bins of 6 h), at 90% of usual at last."
    )
    (parts,) = said(judged["venezuela-2019-blackout"][0], "Why ")
    assert parts.startswith("Why 7 h before its end: at Wed 24 Jul 2019, 06:00 UTC 5 of its 13 parts that have series ")
    (over,) = said(judged["iraq-2023-exams"][0], "It was over at")
    assert over == (
        "It was over at Mon 21 Aug 2023, 05:30 UTC: what was back outweighed what still looked low, "
        "probes (probing.ioda) at 77% of usual."
    )


def test_an_ignored_window_is_told_beside_the_picture_that_shows_it(judged: dict[str, list[Judged]]) -> None:
    ours = judged["zhytomyr-2022"][0]
    (ignored,) = said(ours, "Not counted either way: ", at=1)
    assert ignored.endswith("2022-03-23 15:00 to 2022-03-23 21:40 UTC, an unlabelled dip of probing to 0.81.")
    assert not said(ours, "Not counted")


def test_a_common_mode_is_told_and_drawn_as_one_of_the_feed(judged: dict[str, list[Judged]]) -> None:
    ours, median = judged["control-britain-2020-peerloss"]
    (told,) = stories(ours)
    (sentence,) = [said for said in told.sentences if said.startswith("All series of routes (bgp.routeviews) ")]
    assert "from 2020-08-18 06:00 to 2020-08-19 06:00 UTC" in sentence
    assert MOVED in picture(told, []).decode()
    assert any("(bgp.routeviews) moved at once 17 times" in remark for remark in remarks(ours))
    assert not list(remarks(median)), "the median has its series as they are: nothing is taken out"


def test_of_another_detector_the_reading_that_hit_more_is_drawn(judged: dict[str, list[Judged]]) -> None:
    both = judged["venezuela-2019-blackout"]
    (told,) = stories(both[0])
    assert [(bar.name, bool(bar.spans)) for bar in bars_of(told, both)][-1] == ("median, fused", True)
