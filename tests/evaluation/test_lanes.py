"""The bars below a picture: who could not judge, who only suspected, and the key of what occurs."""

import re
from pathlib import Path

import pytest
from matplotlib.figure import Figure

from pipeline.codec import iso
from pipeline.evaluation.figures import Bar, _lane, bars_of, days, picture
from pipeline.evaluation.spans import Span
from pipeline.evaluation.story import Story, stories
from tests.evaluation.made import BACK, FALL, STEP, case
from tests.evaluation.test_report import judged

HOUR = 3600


def since(folder: Path, first: int) -> Path:
    """Only the rows from a time on [s]."""
    table = folder / "signals.csv"
    lines = table.read_text().splitlines()
    table.write_text("".join(f"{line}\n" for line in lines if not line[0].isdigit() or line[:20] >= iso(first)))
    return folder


def young(folder: Path) -> Path:
    """An outage of the first day, in three signals: suspected, and never confirmed."""
    table = since(case(folder), FALL - 12 * HOUR) / "signals.csv"
    rows = table.read_text()
    traffic = [row.replace("probing.ioda", "traffic.radar") for row in rows.splitlines() if "probing.ioda" in row]
    table.write_text(rows + "".join(f"{row}\n" for row in traffic))
    return folder


def drawn(folder: Path, *detectors: str) -> tuple[Story, list[Bar], list[str]]:
    """The story of a case, its bars, and all words of its picture."""
    both = judged(folder, *detectors)
    (told,) = stories(both[0])
    bars = bars_of(told, both)
    return told, bars, re.findall(r"<!-- (.+) -->", picture(told, bars).decode())


def test_who_could_not_judge_has_a_hatch_and_the_word(tmp_path: Path) -> None:
    told, (_, ours, slow), words = drawn(case(tmp_path / "dark"), "chocolatine")
    assert slow.word(told.window) == "refused"
    assert slow.refused == (Span(told.window.start, told.window.end),)
    assert ours.refused == ()
    assert "refused: could not judge" in words
    assert " refused" in words
    assert " none" not in words


def test_who_found_nothing_though_it_could_judge_has_none(tmp_path: Path) -> None:
    told, (_, ours, median), words = drawn(case(tmp_path / "quiet", left=1.0), "median")
    assert [bar.word(told.window) for bar in (ours, median)] == ["none", "none"]
    assert "refused: could not judge" not in words


def test_what_was_only_suspected_is_a_paler_bar(tmp_path: Path) -> None:
    told, (_, ours, seasonal), words = drawn(young(tmp_path / "young"), "seasonal")
    assert ours.spans == ()
    assert [(span.start, span.end) for span in ours.suspected] == [(FALL, BACK)]
    assert seasonal.suspected[0].start == FALL
    assert ours.word(told.window) == ""
    assert "only suspected" in words
    assert picture(told, [ours]) != picture(told, [ours._replace(suspected=())])
    assert picture(told, [ours]) != picture(told, [ours._replace(spans=ours.suspected)])


def test_what_was_confirmed_is_not_drawn_as_suspected_too(tmp_path: Path) -> None:
    _, (_, ours, median), words = drawn(case(tmp_path / "dark"), "median")
    assert not ours.suspected
    assert all(span.end <= FALL or span.start >= BACK for span in median.suspected)
    assert "only suspected" not in words


def test_a_country_of_too_few_regions_is_refused_by_ours(tmp_path: Path) -> None:
    folder = case(tmp_path / "parts", "PK-SD", kind="region")
    labels = folder / "labels.csv"
    labels.write_text(labels.read_text().replace('region,"PK-SD"', "country,PK"))
    told, (_, ours, median), _ = drawn(folder, "median")
    assert (ours.word(told.window), median.word(told.window)) == ("refused", "refused")
    table = folder / "signals.csv"
    rows = table.read_text().splitlines()
    more = [row.replace("PK-SD", f"PK-{name}") for name in ("PB", "KP", "BA") for row in rows[1:]]
    table.write_text("".join(f"{row}\n" for row in [*rows, *more]))
    told, (_, ours, median), _ = drawn(folder, "median")
    assert ours.word(told.window) == "", "four of its seven regions: it is judged, and called out"
    assert ours.spans[0].start == FALL
    assert (median.name, median.spans[0].start) == ("median, fused", FALL)


def test_a_line_tells_when_it_was_confirmed_also_at_the_very_end() -> None:
    figure = Figure()
    ax = figure.add_subplot()
    for row, known in enumerate((HOUR, 3 * HOUR)):
        _lane(ax, row, Bar("median", (Span(0, 3 * HOUR),), "#123456", (known,)), Span(0, 6 * HOUR))
    assert [line.get_xdata()[0] for line in ax.lines] == [days(HOUR), days(3 * HOUR)]
    sure = [bar for bar in ax.patches if bar.get_alpha() is None]
    assert [round(bar.get_width() * 24, 6) for bar in sure if bar.get_width()] == [2]


@pytest.mark.parametrize(
    ("left", "there", "absent"),
    [
        (
            1.0,
            {"seen", "expected"},
            {"looks low", "clearly low", "not confirmed yet", "nothing said", "only suspected"},
        ),
        (
            0.3,
            {"seen", "expected", "clearly low", "not confirmed yet"},
            {"nothing said", "too new to judge"},
        ),
    ],
)
def test_the_key_has_only_what_occurs(left: float, there: set[str], absent: set[str], tmp_path: Path) -> None:
    _, _, words = drawn(case(tmp_path / "case", left=left))
    assert there <= set(words)
    assert not absent & set(words)


def test_the_axes_say_what_they_count_and_in_which_bins(tmp_path: Path) -> None:
    _, _, words = drawn(case(tmp_path / "dark"))
    assert {"/24 blocks seen,", "/24 blocks that answer,", f"a bin of {STEP // 60} min"} <= set(words)
