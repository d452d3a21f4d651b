"""The report: a page that loads and runs nothing, its pictures, and their bars and key."""

import base64
import re
import xml.etree.ElementTree as ET
from html import escape
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipeline.cli.arguments import app
from pipeline.codec import iso
from pipeline.errors import UserError
from pipeline.evaluation.cases import COLUMNS
from pipeline.evaluation.command import Options, evaluate
from pipeline.evaluation.figures import Bar, bars_of, picture
from pipeline.evaluation.report import report
from pipeline.evaluation.spans import Span
from pipeline.evaluation.story import Story, stories
from pipeline.explain.terms import LIMITS
from tests.evaluation.made import BACK, FALL, STEP, case, judged

HOSTILE = "PK-<script>alert($1$)</script>&'_x"


def drawn(folder: Path, *detectors: str) -> tuple[Story, list[Bar], set[str]]:
    """The story of a case, its bars, and all words of its picture."""
    both = judged(folder, *detectors)
    (told,) = stories(both[0])
    bars = bars_of(told, both)
    return told, bars, set(re.findall(r"<!-- (.+) -->", picture(told, bars).decode()))


def test_the_page_is_whole_and_loads_and_runs_nothing(tmp_path: Path) -> None:
    both = judged(case(tmp_path / "a<b>", HOSTILE, kind="region", left=0.3), "median")
    (told,) = stories(both[0])
    page = report(both)
    assert page.count("<figure ") == page.count('<div class="wide"><img') == page.count('<div class="wide"><table') == 1
    marks = [f"<h3>{escape(told.headline)}</h3>", "<img", f"<p>{escape(told.sentences[0])}</p>", "allowed", "<table"]
    assert sorted(map(page.index, marks)) == list(map(page.index, marks)), "the picture comes before its words"
    assert all(f"<p>{escape(sentence)}</p>" in page for sentence in told.sentences)
    assert escape(LIMITS) in page
    assert "median, any signal" in page
    assert re.findall(r"<th>(\w+) \[min\]</th>", page) == ["suspected", "confirmed", "onset", "end"]
    assert set(re.findall(r'(?:src|href)="([a-z/+]*[:;])', page)) == {"data:"}
    assert "default-src 'none'" in page
    assert "<script" not in page
    assert "a<b>" not in page
    assert "&lt;script&gt;alert($1$)&lt;/script&gt;&amp;&#x27;_x" in page
    for svg in map(base64.b64decode, re.findall(r'src="data:image/svg\+xml;base64,([^"]+)"', page)):
        assert b"<script" not in svg
        linked = {value for e in ET.fromstring(svg).iter() for name, value in e.attrib.items() if name.endswith("href")}
        assert all(link.startswith("#") for link in linked)


def test_a_report_of_several_cases_begins_with_links_and_a_missed_label_leads_to_its_picture(tmp_path: Path) -> None:
    first = judged(case(tmp_path / "dark", left=0.3))
    page = report([*first, *judged(case(tmp_path / "shallow", left=0.999))])
    links = re.findall(r'href="#([^"]+)">([^<]+)<', page)
    assert links == [
        ("words", "What the words mean"), ("case1", "dark"), ("case2", "shallow"), ("all", "all cases"),
        ("case2-1", "missed"),
    ]  # fmt: skip
    assert {place for place, _ in links} <= set(re.findall(r' id="([^"]+)"', page))
    assert "1 of 1 met, 0 false" in page
    assert "<nav>" not in report(first)


def test_a_report_is_written_where_it_was_asked_for(tmp_path: Path) -> None:
    path, folder = tmp_path / "report.html", case(tmp_path / "dark")
    words = ["evaluate", str(folder), "--detector", "ours", "--report", str(path)]
    done = CliRunner().invoke(app, words, catch_exceptions=False)
    assert done.exit_code == 0
    assert f"wrote the report to {path}" in done.stdout.replace("\n", "")
    assert path.read_text().endswith("</html>\n")
    with pytest.raises(UserError, match="cannot be written"):
        evaluate([str(folder)], Options(report=tmp_path / "nowhere" / "report.html"))


@pytest.mark.parametrize("name", ["dark/signals.csv", "TOLERANCE.csv"])
def test_no_file_of_a_case_is_written_over(tmp_path: Path, name: str) -> None:
    folder = case(tmp_path / "dark")
    if not (tmp_path / name).exists():
        (tmp_path / name).write_text(",".join(COLUMNS) + "\n")
    before = (tmp_path / name).read_text()
    with pytest.raises(UserError, match="a file of a case"):
        evaluate([str(folder)], Options(report=tmp_path / name))
    assert (tmp_path / name).read_text() == before


def test_a_picture_is_the_same_every_time_and_has_a_bar_for_each_detector(tmp_path: Path) -> None:
    told, bars, words = drawn(case(tmp_path / "dark"), "median")
    assert [(bar.name, len(bar.spans)) for bar in bars] == [("label", 1), ("ours", 1), ("median, any signal", 1)]
    assert bars[0].spans[0].start == FALL
    assert abs(bars[2].spans[0].start - FALL) <= STEP
    ((suspected, confirmed),) = bars[1].known
    assert bars[1].spans == (Span(FALL, BACK),), "the bar is the outage's own time"
    assert FALL < suspected <= confirmed <= FALL + 2 * STEP
    assert {"out, as ours has it", "confirmed"} <= words
    assert picture(told, bars) == picture(told, bars) != picture(told, bars[:1])
    assert picture(told, bars) != picture(told, [bar._replace(known=()) for bar in bars])
    assert not bars[1].suspected
    assert all(span.end <= FALL or span.start >= BACK for span in bars[2].suspected)
    assert "only suspected" not in words
    assert {"/24 blocks seen,", "/24 blocks that answer,", f"a bin of {STEP // 60} min"} <= words


def test_a_detector_that_could_not_judge_has_a_hatch_and_the_word(tmp_path: Path) -> None:
    told, (_, ours, slow), words = drawn(case(tmp_path / "dark"), "chocolatine")
    assert slow.word(told.window) == "refused"
    assert slow.refused == (Span(told.window.start, told.window.end),)
    assert ours.refused == ()
    assert {"refused: could not judge", " refused"} <= words
    assert " none" not in words


def test_a_suspected_outage_has_a_paler_bar(tmp_path: Path) -> None:
    told, (_, ours, median), words = drawn(case(tmp_path / "shallow", left=0.7), "median")
    assert ours.spans == (Span(FALL, BACK),)
    assert (median.spans, median.suspected) == ((), (Span(FALL, BACK),))
    assert "only suspected" in words
    assert picture(told, [median]) != picture(told, [median._replace(spans=median.suspected)])


def test_an_ignored_window_is_drawn_where_a_picture_shows_it(tmp_path: Path) -> None:
    spans = [(iso(FALL - 7200), iso(FALL - 3600)), (iso(FALL - 86400), iso(FALL - 80000))]
    lines = [f"dark,0,0,0,0,0.9,{start},{end},made" for start, end in spans]
    folder = case(tmp_path / "dark")
    (tmp_path / "TOLERANCE.csv").write_text("\n".join([",".join(COLUMNS), *lines]))
    _, (_, uncounted, _), _ = drawn(folder)
    assert (uncounted.name, [span.start for span in uncounted.spans]) == ("not counted", [FALL - 7200])
