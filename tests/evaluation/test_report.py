"""The report: a page that loads nothing, says it in words, and trusts no word of its input."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from detectors import REGISTRY
from pipeline.codec import iso
from pipeline.engine import Engine
from pipeline.evaluation.accounting import Answer
from pipeline.evaluation.cases import COLUMNS, Tolerance, read_cases
from pipeline.evaluation.figures import MOVED, NAMES, SAYS, WIDTH, Bar, bars_of, left_of, panels_of, picture
from pipeline.evaluation.phrases import PICTURED, remarks, why
from pipeline.evaluation.report import report
from pipeline.evaluation.runs import ANY, OURS, Judged, judge_all
from pipeline.evaluation.story import Story, stories
from pipeline.evaluation.tables import who
from pipeline.evaluation.traces import Trace, together
from pipeline.explain.terms import signal_name
from pipeline.feeds import Label
from pipeline.records import Entity
from pipeline.replay.report import STUCK, Incident
from tests.evaluation.made import FALL, LABELS, STEP, case


def judged(folder: Path, *detectors: str) -> list[Judged]:
    return list(judge_all(read_cases([folder])[0], [OURS, *detectors], Engine()))


def story(folder: Path) -> Story:
    (told,) = stories(judged(folder)[0])
    return told


def test_a_story_says_what_was_expected_what_was_seen_and_why_it_was_called_out(tmp_path: Path) -> None:
    told = story(case(tmp_path / "dark", left=0.3))
    assert told.headline == (
        "Pakistan: labelled (shutdown), 3 h from Thu 8 Feb 2024, 00:00 UTC. Called out 10 min after its start, and "
        "back at its end."
    )
    when, seen, why, like = told.sentences
    assert when == "Ours: 2024-02-08 00:00 – 03:00 UTC, confirmed 00:10."
    assert seen == (
        "Seen when it was lowest, of what was expected: routes (bgp.ioda) 1,500 of 5,000 (30%); "
        "probes (probing.ioda) 900 of 3,000 (30%)."
    )
    assert re.fullmatch(
        r"Called out as blackout \(half of it down or more, and routes fell too\) because of routes "
        r"\(bgp.ioda\) at 30% of usual \(\+9.0\), probes .* \[log-odds, as it stood when the evidence "
        r"weighed most\]: together >99% \(with −4.0 before anything is "
        r"seen\); it takes 95% to confirm\.",
        why,
    )
    assert like.startswith("Looks like a shutdown: likely (+1.3): +0.6 it lasted three hours or more (SIGCOMM 2023, ")
    assert told.window.start < FALL < told.window.end
    assert told.label is not None


def test_how_far_an_answer_is_off_is_said_in_days_and_hours() -> None:
    label = Label(0, 0, "country", "VE", "shutdown", "")
    off = Answer(label, hit=True, onset_error=-6 * 86400, end_error=90 * 60, cover=1.0, fragments=1)
    assert why(off, Tolerance(0, 0, 0, 0, 0.9)) == "onset 6 d early, end 1 h 30 min late"


def test_what_was_not_observed_is_drawn_and_said(tmp_path: Path) -> None:
    folder = case(tmp_path / "hole", left=0.3)
    table = folder / "signals.csv"
    hole = [iso(FALL + 600 * i) for i in range(-6, 9)]
    table.write_text("".join(line + "\n" for line in table.read_text().split() if line.partition(",")[0] not in hole))
    (ours,) = judged(folder)
    assert list(remarks(ours))[:2] == [
        "No all-clear for Pakistan: not observed from 2024-02-07 23:00 to 2024-02-08 01:30 UTC.",
        "Start not exactly dated: the outage of Pakistan began between 2024-02-07 23:00 and 2024-02-08 01:30 UTC, "
        "not observed.",
    ]
    assert "not observed" in key(*stories(ours))
    assert "not observed" not in key(story(case(tmp_path / "whole", left=0.3)))


def key(told: Story) -> list[str]:
    """The words of a picture's legend."""
    svg = picture(told, [])
    return re.findall(r"<!-- ([a-z ]+) -->", svg.decode())


def test_what_was_missed_says_why(tmp_path: Path) -> None:
    told = story(case(tmp_path / "shallow", left=0.999))
    assert "Missed." in told.headline
    assert told.sentences[-1].startswith("Not called out: no signal was low, the lowest score is")


def test_of_what_was_missed_though_it_looked_low_it_says_what_stood(data: Path, tmp_path: Path) -> None:
    told = "start,end,entity_type,entity,kind,source\n2022-03-23T15:00:00Z,2022-03-23T21:40:00Z,region,UA-18,outage,x\n"
    (tmp_path / "tail").mkdir()
    (tmp_path / "tail" / "labels.csv").write_text(told)
    (tmp_path / "tail" / "signals.csv.gz").symlink_to((data / "signals" / "zhytomyr-2022" / "signals.csv.gz").resolve())
    said = next(stories(judged(tmp_path / "tail")[0])).sentences[-1]
    assert said.startswith("Not called out, though probing.ioda looked low")
    assert said.endswith("it is suspected, as bgp.ioda stood, which speaks against it.")


def test_every_word_of_a_key_is_explained(tmp_path: Path) -> None:
    words = {*SAYS.values(), *key(story(case(tmp_path / "dark", left=0.3)))}
    assert {word for word in words if word not in PICTURED} == {"begin and end labelled"}


def test_what_is_over_although_one_signal_is_still_low_says_so(data: Path) -> None:
    (iraq,) = judged(data / "signals" / "iraq-2023-exams")
    said = [[s for s in told.sentences if s.startswith("It was over at")] for told in stories(iraq)]
    assert said[0] == [
        "It was over at Mon 21 Aug 2023, 05:30 UTC: what was back outweighed what still looked low, "
        "probes (probing.ioda) at 77% of usual."
    ]


def test_a_false_outage_and_a_quiet_control_have_a_picture_too(tmp_path: Path) -> None:
    assert "called out falsely" in story(case(tmp_path / "false", labelled=False)).headline
    assert "Rightly not called out." in story(case(tmp_path / "quiet", labelled=False, left=1.0)).headline


def test_what_a_feed_does_to_all_its_series_is_told_and_drawn_as_the_feed_s(data: Path) -> None:
    ours, median = judged(data / "signals" / "control-britain-2020-peerloss", "median")
    (told,) = stories(ours)
    (sentence,) = [said for said in told.sentences if said.startswith("All series of routes (bgp.routeviews) stood")]
    assert "at 91% of their level at once from 2020-08-18 06:00 to 2020-08-19 06:00 UTC" in sentence
    assert "no country is called out for it" in sentence
    assert MOVED in picture(told, []).decode()
    quiet = told._replace(traces=tuple(replace(t, common=np.ones_like(t.common)) for t in told.traces))
    assert MOVED not in picture(quiet, []).decode()
    assert any("(bgp.routeviews) moved at once 17 times" in remark for remark in remarks(ours))
    assert not list(remarks(median)), "it is alone with its series: nothing is taken out"


def test_a_feed_that_was_stuck_is_told_of_the_case_and_of_the_pictures_whose_time_it_touches(tmp_path: Path) -> None:
    (ours,) = judged(case(tmp_path / "dark"))
    signal = ours.traces[0].signal
    then, before = (Incident("table", signal, STUCK, at, at + 3600) for at in (FALL, FALL - 5 * 86400))
    told = replace(ours, doings=(before, then))
    assert any(said.startswith(f"No all-clear by {signal_name(signal)} from ") for said in remarks(told))
    (sentence,) = [
        said for (one,) in [tuple(stories(told))] for said in one.sentences if said.startswith("No all-clear")
    ]
    assert iso(FALL)[:10] in sentence
    assert iso(before.start)[:10] not in sentence


def test_regions_count_together_as_they_are_seen() -> None:
    start, one = np.arange(3) * STEP, np.ones(3)

    def region(name: str, *values: float) -> Trace:
        columns = (np.array(values), 10 * one, one, one, one, one.astype(int), one > 0, one)
        return Trace("probing.x", "seasonal", Entity("region", name, "VE"), STEP, start, *columns)

    nan = float("nan")
    at, share = together([region("VE-A", 10, 2, nan), region("VE-B", 10, nan, nan)])
    assert at.tolist() == start.tolist()
    assert np.array_equal(share, [1.0, 0.2, nan], equal_nan=True)


def test_a_country_without_a_series_shows_those_of_its_parts(tmp_path: Path) -> None:
    folder = case(tmp_path / "parts", "PK-SD")
    for name in ("signals.csv", "labels.csv"):
        path = folder / name
        path.write_text(path.read_text().replace('country,"PK-SD"', "region,PK-SD"))
    (folder / "labels.csv").write_text((folder / "labels.csv").read_text().replace("region,PK-SD", "country,PK"))
    told = story(folder)
    assert told.is_of_parts
    assert told.sentences[0] == (
        "It has no series of its own; of the 1 region that has, 1 was clearly low; together, at the "
        "lowest: routes (bgp.ioda) at 0% of usual, probes (probing.ioda) at 0% of usual."
    )
    assert picture(told, [])


def test_a_picture_is_the_same_every_time_and_has_a_bar_for_each_who_was_asked(tmp_path: Path) -> None:
    both = judged(case(tmp_path / "dark"), "median")
    (told,) = stories(both[0])
    bars = bars_of(told, both)
    assert [(bar.name, len(bar.spans)) for bar in bars] == [("label", 1), ("ours", 1), ("median, any signal", 1)]
    assert bars[0].spans[0].start == FALL
    assert abs(bars[2].spans[0].start - FALL) <= STEP
    (known,) = bars[1].known
    assert FALL < known <= FALL + 2 * STEP, "its onset is looked back for, and what was known when is shown"
    assert picture(told, bars) != picture(told, [bar._replace(known=()) for bar in bars])
    assert picture(told, bars) == picture(told, bars)
    assert picture(told, bars) != picture(told, bars[:1])


def test_of_a_rival_the_reading_that_hit_more_is_drawn(data: Path) -> None:
    both = judged(data / "signals" / "venezuela-2019-blackout", "median")
    (told,) = stories(both[0])
    assert [(bar.name, bool(bar.spans)) for bar in bars_of(told, both)][-1] == ("median, fused", True)


def test_what_is_not_counted_is_drawn_where_a_picture_shows_it(tmp_path: Path) -> None:
    line = "dark,0,0,0,0,0.9,{},{},made"
    spans = [(iso(FALL - 7200), iso(FALL - 3600)), (iso(FALL - 86400), iso(FALL - 80000))]
    folder = case(tmp_path / "dark")
    (tmp_path / "TOLERANCE.csv").write_text("\n".join([",".join(COLUMNS), *(line.format(*span) for span in spans)]))
    both = judged(folder)
    (told,) = stories(both[0])
    _, uncounted, _ = bars_of(told, both)
    assert (uncounted.name, [span.start for span in uncounted.spans]) == ("not counted", [FALL - 7200])


@pytest.mark.parametrize("detector", sorted(REGISTRY))
def test_the_name_of_a_bar_is_whole(detector: str) -> None:
    figure = Figure(figsize=(WIDTH, 4))
    name = figure.text(0, 0, who(detector, ANY), fontsize=NAMES)
    room = left_of([Bar(who(detector, ANY), (), "")]) * WIDTH * figure.dpi
    assert name.get_window_extent(FigureCanvasAgg(figure).get_renderer()).width < room - 0.1 * figure.dpi


@pytest.mark.parametrize(
    ("start", "end", "entity"),
    [
        ("2024-02-08T00:00:00Z", "2024-02-08T03:00:00Z", "country,PL"),
        ("2024-03-08T00:00:00Z", "2024-03-08T03:00:00Z", "country,PK"),
        ("2023-03-08T00:00:00Z", "2023-03-08T03:00:00Z", "country,PK"),
        ("2024-02-05T00:00:00Z", "2024-02-20T03:00:00Z", "country,PK"),
    ],
)
def test_a_label_of_what_was_not_observed_is_drawn_as_far_as_it_was(
    start: str, end: str, entity: str, tmp_path: Path
) -> None:
    folder = case(tmp_path / "odd")
    (folder / "labels.csv").write_text(f"{LABELS}{start},{end},{entity},shutdown,x\n")
    both = judged(folder, "median")
    assert "<figure " in report(both)
    first, *_ = stories(both[0])
    assert first.window.start < first.window.end
    if not start.startswith("2024-02"):
        assert first.sentences[0] == "Nothing of it was observed then."


def test_a_series_that_is_nowhere_judged_has_a_picture(tmp_path: Path) -> None:
    folder = case(tmp_path / "short", labelled=False)
    lines = (folder / "signals.csv").read_text().splitlines()
    (folder / "signals.csv").write_text("\n".join(lines[:5]) + "\n")
    assert "no outage, and none was called out" in report(judged(folder))


def test_a_detector_beside_the_first_is_drawn_where_it_alone_found_something(tmp_path: Path) -> None:
    (ours,) = judged(case(tmp_path / "dark"))
    slow = [replace(trace, detector="cusum") for trace in ours.traces]
    calm = [replace(trace, detector="burst", state=np.ones_like(trace.state)) for trace in ours.traces]
    used_to = [t if t.signal != "bgp.ioda" else replace(t, state=np.ones_like(t.state)) for t in ours.traces]
    (told,) = stories(replace(ours, traces=(*calm, *slow, *used_to)))
    found = [(trace.signal, trace.detector) for trace in told.traces]
    assert found == [("bgp.ioda", "seasonal"), ("bgp.ioda", "cusum"), ("probing.ioda", "seasonal")]
    assert [name for name, _ in panels_of(told)] == [
        "routes (bgp.ioda)", "routes (bgp.ioda), summed over days", "probes (probing.ioda)",
    ]  # fmt: skip
    assert told.sentences[1].count("bgp.ioda") == 1
    assert picture(told, []) != picture(told._replace(traces=told.traces[1:]), [])
