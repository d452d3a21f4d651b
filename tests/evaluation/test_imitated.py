"""What has happened elsewhere is told, and what was none is not: imitations, held against what they imitate."""

from pathlib import Path

import pytest

from tests.evaluation import imitated
from tests.evaluation.test_report import judged

HITS = {"exams": 35, "nights": 32, "once": 5, "nothing": 0}
"""Of 36, 32, 5 and 0: on Good Friday what phones lose in Kenya is suspected only."""


@pytest.mark.slow
@pytest.mark.parametrize("name", HITS)
def test_what_has_happened_elsewhere_is_met_and_nothing_false_is_told(name: str, tmp_path: Path) -> None:
    (ours,) = judged(imitated.write(tmp_path, name, imitated.ways()[name]))
    made = ours.readings[0].account
    assert (made.met, len(made.false), len(made.others)) == (HITS[name], 0, 0)
    late = [answer.confirmed or 0 for answer in made.answers if answer.hit]
    assert all(delay <= 3.25 * imitated.HOUR for delay in late), "told only hours later"
