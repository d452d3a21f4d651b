"""The open cases, replayed once by ours and by the median of IODA: no label is worse than it was, and the report gives
its reasons."""

import os
from pathlib import Path

import pytest

from pipeline.engine import Engine
from pipeline.evaluation.cases import read_cases
from pipeline.evaluation.figures import MOVED, bars_of, picture
from pipeline.evaluation.phrases import remarks
from pipeline.evaluation.runs import ANY, FUSED, OURS, Judged, judge_all
from pipeline.evaluation.story import stories
from pipeline.evaluation.tables import totals
from tests.evaluation.scores import COLUMNS, Row, read, rows, worse, write

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
def test_no_case_is_worse_than_before(case: str, judged: dict[str, list[Judged]]) -> None:
    before, after = [row for row in read() if row["case"] == case], rows(judged[case][0])
    assert worse(before, after) == []
    assert after == before, "not worse, but other than in scores.csv: see `make golden`"


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


def row(**cells: str) -> Row:
    label = {"case": "one", "entity": "country/PK", "hit": "1", "met": "1", "fragments": "1", "cover": "0.990"}
    times = {"suspected_min": "+5", "confirmed_min": "+10", "onset_min": "0", "end_min": "-30"}
    return dict.fromkeys(COLUMNS, "") | label | times | cells


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ({"hit": "0", "confirmed_min": ""}, "hit 1 -> 0"),
        ({"met": "0"}, "met 1 -> 0"),
        ({"fragments": "2"}, "fragments 1 -> 2"),
        ({"confirmed_min": "+11"}, "confirmed_min +10 -> +11"),
        ({"suspected_min": "+600"}, "suspected_min +5 -> +600"),
        ({"onset_min": "-55"}, "onset_min 0 -> -55"),
        ({"end_min": "+170"}, "end_min -30 -> +170"),
        ({"cover": "0.760"}, "cover 0.990 -> 0.760"),
        ({"entity": "country/IQ"}, "gone"),
    ],
)
def test_what_is_worse_is_told(cells: Row, said: str) -> None:
    assert worse([row()], [row(**cells)]) == [f"one country/PK: {said}"]


def test_one_more_false_outage_is_worse() -> None:
    whole = row(entity="", false="0", fragments="", confirmed_min="")
    assert worse([whole], [whole | {"false": "1"}]) == ["one: false 0 -> 1"]
    assert worse([whole | {"false": "1"}], [whole]) == []


def test_what_is_better_or_equal_is_not_worse() -> None:
    missed = row(hit="0", met="0", fragments="0", confirmed_min="")
    for after in (row(), row(confirmed_min="-5"), row(end_min="+10", cover="0.995")):
        assert worse([row()], [after]) == []
        assert worse([missed], [after]) == []
