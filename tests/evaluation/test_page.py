"""The page of a report: it loads and runs nothing, trusts no word of its input, and can be read on a small screen."""

import base64
import re
import xml.etree.ElementTree as ET
from html import escape
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipeline.cli.arguments import app
from pipeline.errors import UserError
from pipeline.evaluation.cases import COLUMNS
from pipeline.evaluation.command import Options, evaluate
from pipeline.evaluation.figures import picture
from pipeline.evaluation.phrases import BROAD, LEGEND
from pipeline.evaluation.report import STYLE, report
from pipeline.evaluation.story import stories
from pipeline.evaluation.tables import COLUMNS as COLUMNS_SHOWN
from pipeline.explain.terms import LIMITS
from tests.evaluation.made import case
from tests.evaluation.test_report import judged

HOSTILE = "PK-<script>alert($1$)</script>&'_x"


def test_the_page_is_whole_and_loads_and_runs_nothing(tmp_path: Path) -> None:
    page = report(judged(case(tmp_path / "dark"), "median"))
    assert page.count("<figure ") == 1
    assert escape(LIMITS) in page
    assert "median, any signal" in page
    assert set(re.findall(r'(?:src|href)="([a-z/+]*[:;])', page)) == {"data:"}
    assert "default-src 'none'" in page
    assert "<script" not in page
    for picture_ in re.findall(r'src="data:image/svg\+xml;base64,([^"]+)"', page):
        drawn = ET.fromstring(base64.b64decode(picture_))
        linked = {value for element in drawn.iter() for name, value in element.attrib.items() if name.endswith("href")}
        assert all(link.startswith("#") for link in linked)


def test_a_report_of_several_cases_begins_with_links_to_them_and_a_missed_label_leads_to_its_picture(
    tmp_path: Path,
) -> None:
    first = judged(case(tmp_path / "dark", left=0.3))
    page = report([*first, *judged(case(tmp_path / "shallow", left=0.999))])
    places = set(re.findall(r' id="([^"]+)"', page))
    links = re.findall(r'href="#([^"]+)">([^<]+)<', page)
    assert links == [("words", "What the words mean"), ("case1", "dark"), ("case2", "shallow"), ("case2-1", "missed")]
    assert {place for place, _ in links} <= places
    assert "1 of 1 met, 0 false" in page
    assert "<nav>" not in report(first)


def test_on_a_small_screen_pictures_and_tables_keep_their_width_and_move_within_their_box(tmp_path: Path) -> None:
    assert re.search(r"img {[^}]*min-width: 55rem", STYLE)
    assert re.search(r"\.wide {[^}]*overflow-x: auto", STYLE)
    page = report(judged(case(tmp_path / "dark")))
    assert page.count('<div class="wide"><img') == page.count("<img") == 1
    assert page.count('<div class="wide"><table') == page.count("<table") == 1


def test_what_a_picture_tells_is_text_beside_it_and_none_in_it(tmp_path: Path) -> None:
    both = judged(case(tmp_path / "dark", left=0.3))
    (told,) = stories(both[0])
    page = report(both)
    assert f"<figcaption><h3>{escape(told.headline)}</h3>" in page
    assert all(f"<p>{escape(sentence)}</p>" in page for sentence in told.sentences)
    assert f'<img alt="{escape(told.headline)}"' in page
    assert "Called out as" not in picture(told, []).decode()


def test_columns_of_minutes_say_so(tmp_path: Path) -> None:
    page = report(judged(case(tmp_path / "dark", left=0.3)))
    assert re.findall(r"<th>(\w+) \[min\]</th>", page) == ["suspected", "confirmed", "onset", "end"]


def test_every_column_is_explained_and_one_case_is_counted_once(tmp_path: Path) -> None:
    explained = re.findall(r"(?:labels )?[a-z]+(?=[,:] )", f"{LEGEND} {BROAD}")
    assert set(COLUMNS_SHOWN) - {"false per entity-month"} <= set(explained)
    assert report(judged(case(tmp_path / "dark", left=0.3))).count("<table") == 1


def test_no_word_of_the_input_becomes_markup(tmp_path: Path) -> None:
    page = report(judged(case(tmp_path / "a<b>", HOSTILE, kind="region")))
    assert "<script" not in page
    assert "a<b>" not in page
    assert "&lt;script&gt;alert($1$)&lt;/script&gt;&amp;&#x27;_x" in page
    for picture_ in re.findall(r'src="data:image/svg\+xml;base64,([^"]+)"', page):
        assert b"<script" not in base64.b64decode(picture_)


def test_a_report_is_left_where_it_was_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    words = ["evaluate", str(case(tmp_path / "dark")), "--detector", "ours", "--report", str(path)]
    done = CliRunner().invoke(app, words, catch_exceptions=False)
    assert done.exit_code == 0
    assert f"left in {path}" in done.stdout.replace("\n", "")
    assert path.read_text().endswith("</html>\n")


def test_a_report_that_cannot_be_written_is_said_before_the_work(tmp_path: Path) -> None:
    folder = case(tmp_path / "dark")
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
