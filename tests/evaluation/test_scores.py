"""No change makes a labelled case worse; what is better is written down."""

import os
import re
from pathlib import Path

import numpy as np
import pytest

from pipeline.engine import Engine
from pipeline.evaluation.cases import read_cases
from pipeline.evaluation.runs import OURS, judge_all
from pipeline.fusion import prior
from tests.evaluation.scores import COLUMNS, Row, read, rows, worse, write
from tests.evaluation.tune import Score, recorded, score

README = Path(__file__).parents[2] / "docs" / "evaluate.md"
CASES = sorted({row["case"] for row in read()})


@pytest.fixture(scope="module")
def measured(data: Path) -> list[Row]:
    """Every case of ours, judged now."""
    cases = read_cases(sorted(path.parent for path in (data / "signals").glob("*/labels.csv")))
    found = [row for case in cases for judged in judge_all(case, [OURS], Engine()) for row in rows(judged)]
    if os.environ.get("NETVIGIL_GOLDEN") == "write":
        write(found)
    return found


@pytest.mark.slow
def test_the_table_has_every_case(measured: list[Row]) -> None:
    assert {row["case"] for row in measured} == {row["case"] for row in read()}


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_no_case_is_worse_than_it_was_and_what_is_better_is_written_down(case: str, measured: list[Row]) -> None:
    before, after = ([row for row in table if row["case"] == case] for table in (read(), measured))
    assert worse(before, after) == []
    assert after == before, "not worse, but not what stands in scores.csv: see `make golden`"


@pytest.mark.slow
@pytest.mark.parametrize("case", [case for case in CASES if case.startswith("control")])
def test_a_control_is_silent_though_every_day_were_one_of_a_coup(
    case: str, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (found,) = read_cases([data / "signals" / case])
    recording = recorded(found, Engine())
    usual = score(recording, Engine())
    monkeypatch.setattr(prior.Prior, "at", lambda self, rows, now, since=None: np.full((len(now), len(rows)), -2.0))
    assert score(recording, Engine()) == usual == Score(0, 0, 0, 0)


def test_the_table_in_the_readme_is_the_golden_one() -> None:
    shown = re.findall(r"^\| `([a-z0-9-]+)` \| (\S+) \| (\d+) \| (.*?) ?\| (.*?) ?\|", README.read_text(), re.MULTILINE)
    assert {case: figures for case, *figures in shown} == {case: _figures(case) for case in CASES}


def _figures(case: str) -> list[str]:
    """Met, false, confirmed and end, as the README has them."""
    (whole,), labels = ([row for row in read() if row["case"] == case and bool(row["entity"]) == own] for own in (0, 1))
    spans = []
    for name in ("confirmed_min", "end_min"):
        minutes = sorted({int(row[name]) for row in labels})
        spans.append(
            " to ".join(f"{time:+d}".replace("-", "−") for time in dict.fromkeys([*minutes[:1], *minutes[-1:]]))
        )
    return [f"{whole['met']}/{len(labels)}", whole["false"], *spans]


def row(**cells: str) -> Row:
    usual = dict.fromkeys(COLUMNS, "") | {
        "case": "one",
        "entity": "country/PK",
        "hit": "1",
        "met": "1",
        "fragments": "1",
    }
    times = {"suspected_min": "+5", "confirmed_min": "+10", "onset_min": "0", "end_min": "-30"}
    return usual | times | {"cover": "0.990"} | cells


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
def test_what_is_worse_is_said(cells: Row, said: str) -> None:
    (sentence,) = worse([row()], [row(**cells)])
    assert said in sentence
    assert "one country/PK" in sentence


def test_one_more_false_outage_is_worse() -> None:
    whole = row(entity="", false="0", fragments="", confirmed_min="")
    assert worse([whole], [whole | {"false": "1"}]) == ["one: false 0 -> 1"]
    assert worse([whole | {"false": "1"}], [whole]) == []
    assert worse([whole | {"others": "0"}], [whole | {"others": "9"}]) == ["one: others 0 -> 9"]


def test_what_is_better_or_the_same_is_not_worse() -> None:
    missed = row(hit="0", met="0", fragments="0", confirmed_min="")
    for after in (row(), row(confirmed_min="-5"), row(end_min="+10", cover="0.995")):
        assert worse([row()], [after]) == []
        assert worse([missed], [after]) == []
