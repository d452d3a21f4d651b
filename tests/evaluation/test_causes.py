"""Why so late, why not, and what a detector got used to: the reasons that the figures give."""

import gzip
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest

from pipeline.codec import iso
from pipeline.evaluation.causes import comes_to, learnt, long_outages
from pipeline.evaluation.phrases import remarks
from pipeline.evaluation.runs import Judged
from pipeline.evaluation.story import Story, stories
from pipeline.evaluation.traces import Trace
from pipeline.records import Outage, Term
from pipeline.settings import Fusing
from tests.evaluation import imitated
from tests.evaluation.made import BEGIN, FALL, LABELS, case
from tests.evaluation.test_lanes import HOUR, since, young
from tests.evaluation.test_report import judged

DAY = 24 * HOUR
LOW, HIGH, PAST = BEGIN + 10 * DAY, BEGIN + 22 * DAY, BEGIN + 25 * DAY
"""An outage of twelve days in hourly bins, and three days after."""


def long(folder: Path, left: float = 0.05, labels: Iterable[tuple[int, int]] = ((LOW, HIGH),)) -> Judged:
    folder.mkdir()
    lines = ["time,signal,entity_type,entity,value"]
    rng = np.random.default_rng(3)
    for time in range(BEGIN, PAST, HOUR):
        share = left if LOW <= time < HIGH else 1.0
        wave = 1000 + 500 * np.sin(2 * np.pi * time / DAY)
        lines.append(f"{iso(time)},traffic.radar,country,SD,{share * wave * (1 + 0.02 * rng.standard_normal()):.1f}")
        lines.append(f"{iso(time)},probing.ioda,country,SD,{round(share * (800 + 8 * rng.standard_normal()))}")
    (folder / "signals.csv").write_text("\n".join(lines) + "\n")
    rows = [f"{iso(start)},{iso(end)},country,SD,shutdown,made\n" for start, end in labels]
    (folder / "labels.csv").write_text(LABELS + "".join(rows))
    return judged(folder)[0]


@pytest.fixture(scope="module")
def sudan(tmp_path_factory: pytest.TempPathFactory) -> Judged:
    return long(tmp_path_factory.mktemp("long") / "sudan")


def said(story: Story, begin: str) -> list[str]:
    return [sentence for sentence in story.sentences if sentence.startswith(begin)]


def test_that_the_detector_has_got_used_to_a_long_outage_is_said(sudan: Judged) -> None:
    (told,) = stories(sudan)
    (used,) = said(told, "From ")
    assert "the detector has got used to the low level of " in used
    assert used.endswith("calls it low no more; ours holds on to what was expected before, and to the outage.")


def test_after_a_long_outage_the_low_level_is_not_drawn_as_what_is_usual(sudan: Judged) -> None:
    (told,) = stories(sudan)
    (sentence,) = said(told, "What the detector expects from ")
    assert sentence.endswith("is not drawn until it has learnt anew.")
    first = HIGH + 2 * HOUR  # until it is over ours is held against what was usual before, and so drawn
    for signal in ("probing.ioda", "traffic.radar"):
        bare, own = (
            next(t for t in traces if t.signal == signal and t.detector == sudan.first)
            for traces in (told.traces, sudan.traces)
        )
        at = int(np.flatnonzero(own.start == first)[0])
        assert own.expected[at] < 0.2 * own.value[at], "what the detector expects is the low level"
        assert np.isnan(bare.expected[at])
        assert np.allclose(bare.expected[at - 2 : at] / own.value[at - 2 : at], 1, atol=0.05)
        before = own.start < LOW
        assert np.array_equal(bare.expected[before], own.expected[before], equal_nan=True)


def test_a_short_outage_is_no_level_to_get_used_to(tmp_path: Path) -> None:
    (ours,) = judged(case(tmp_path / "dark", left=0.3))
    (told,) = stories(ours)
    assert not said(told, "From ")
    assert not said(told, "What the detector expects")
    assert not long_outages(ours, told.entity)
    drawn: list[Trace] = list(told.traces)
    assert drawn == [trace for trace in ours.traces if trace in drawn]
    assert not any(learnt(trace, [], 6 * DAY).any() for trace in drawn)


def stories_of(one: Judged) -> list[str]:
    return [sentence for story in stories(one) for sentence in story.sentences]


def test_phones_that_are_cut_off_alone_are_said_to_wait_for_who_stands(tmp_path: Path) -> None:
    (ours,) = judged(imitated.write(tmp_path, "phones", [imitated.Event(7, 3, {"traffic": 0.2})]))
    (told,) = stories(ours)
    (late,) = said(told, "Why ")
    assert (
        "; routes (bgp.ris), probes (probing.ioda) stood, which speaks against it; probes (probing.ioda) less so"
        in late
    )
    assert "traffic.radar stood" not in late, "it is what looked low"
    assert "is not confirmed against probes (probing.ioda); it was confirmed only at " in late


def test_routes_that_stand_are_said_to_hold_up_nothing(tmp_path: Path) -> None:
    """Traffic lacks a seventh for five hours, and then two thirds; nobody probes."""
    folder = imitated.write(tmp_path, "routes", [imitated.Event(7, 10, {"traffic": 0.86})])
    fall = imitated.BEGIN + imitated.QUIET * DAY + 7 * HOUR
    head, *rows = (line.split(",") for line in (folder / "signals.csv").read_text().splitlines())
    deep = [iso(t) for t in range(fall + 5 * HOUR, fall + 10 * HOUR, 900)]
    told = [
        [*row[:-1], str(0.4 * float(row[-1]))] if row[0] in deep and row[1] == "traffic.radar" else row
        for row in rows if row[1] != "probing.ioda"
    ]  # fmt: skip
    (folder / "signals.csv").write_text("".join(f"{','.join(row)}\n" for row in [head, *told]))
    (ours,) = judged(folder)
    (late,) = said(next(stories(ours)), "Why ")
    assert "; routes (bgp.ris) stood, which speaks against it; it was confirmed only at " in late


def test_why_it_was_called_out_hours_after_the_start_is_said(data: Path, tmp_path: Path) -> None:
    (ours,) = judged(data / "signals" / "louisiana-2020-laura")
    (told,) = stories(ours)
    late, early = said(told, "Why ")
    assert late.startswith("Why 10 h after its start: probes (probing.monash) first looked low in its bin of Thu 27 ")
    assert (
        "so little weighs little: a bin counts +0.8 for each standard deviation that it is below usual, +9 at " in late
    )
    assert "it was confirmed only at Thu 27 Aug 2020, 16:00 UTC, when the bin was known in which it was at 72%" in late
    assert early == (
        "Why 1 d 5 h before its end: at Sat 29 Aug 2020, 16:00 UTC probes (probing.monash) had 93% of usual, no "
        "further below it than it often is. But what counts as usual had sunk in the outage: by then it was 8.55 of "
        "probes (probing.monash), and 9.07 at that hour before it."
    )
    coup, *_ = stories(judged(data / "signals" / "myanmar-2021-coup")[0])
    wide, longer = said(coup, "Why ")
    assert wide == (
        "Why 7 h 40 min after its start: its narrowest bins are of 6 h, and what a bin shows is known when it is over."
    )
    assert longer == (
        "Why 5 h 45 min after its end: routes (bgp.routeviews) still looked low until Mon 1 Feb 2021, 14:00 UTC "
        "(bins of 6 h), at 90% of usual at last."
    )
    begun_in = tmp_path / "begun in it"
    begun_in.mkdir()
    iraq = data / "signals" / "iraq-2023-exams"
    rows = gzip.decompress((iraq / "signals.csv.gz").read_bytes()).decode().splitlines(keepends=True)
    later = [row for row in rows if not "2023-08-20" <= row[:19] < "2023-08-21T03"]
    (begun_in / "signals.csv").write_text("".join(later))
    (begun_in / "labels.csv").write_bytes((iraq / "labels.csv").read_bytes())
    told = " ".join(stories_of(judged(begun_in)[0]))
    assert "what was back outweighed what still looked low, traffic.google at 14% of usual" in told
    assert "traffic.google had 14%" not in told, "what still looks low is not back"
    (prompt,) = stories(judged(case(tmp_path / "dark", left=0.3))[0])
    assert not said(prompt, "Why ")


def test_a_country_of_regions_that_was_called_over_early_says_how_many_were_low_then(data: Path) -> None:
    (told,) = stories(judged(data / "signals" / "venezuela-2019-blackout")[0])
    (early,) = said(told, "Why ")
    assert early.startswith("Why 7 h before its end: at Wed 24 Jul 2019, 06:00 UTC 5 of its 13 parts that have series ")


def test_what_counts_neither_way_is_said_beside_its_picture(data: Path) -> None:
    first, second = stories(judged(data / "signals" / "zhytomyr-2022")[0])
    (ignored,) = said(second, "Not counted either way: ")
    assert ignored.endswith("2022-03-23 15:00 to 2022-03-23 21:40 UTC, an unlabelled dip of probing to 0.81.")
    assert not said(first, "Not counted")


def test_a_first_day_is_a_reason_and_is_given(tmp_path: Path) -> None:
    (told,) = stories(judged(since(case(tmp_path / "young"), FALL - 12 * HOUR))[0])
    (reason,) = said(told, "Nothing is confirmed in a series' first day")
    assert "it was first seen at Wed 7 Feb 2024, 12:00 UTC. No expected line is drawn of that day." in reason
    assert said(told, "Seen when it was lowest")[0].count("(of a first day, in which nothing is usual yet)") == 2
    (old,) = stories(judged(case(tmp_path / "old"))[0])
    assert not said(old, "Nothing is confirmed")


def test_what_was_only_suspected_says_what_it_comes_to_and_what_it_takes(tmp_path: Path) -> None:
    (told,) = stories(judged(young(tmp_path / "young"))[0])
    (why,) = said(told, "Only suspected, because of ")
    assert why.endswith("% (with −4.0 before anything is seen); it takes 95% to confirm.")


@pytest.mark.parametrize(
    ("country", "reason"),
    [("PK", "50% of them are known: here 1 of its 7."), ("XK", "here nobody knows how many it has.")],
)
def test_a_country_of_too_few_regions_says_that_it_cannot_be_judged(country: str, reason: str, tmp_path: Path) -> None:
    folder = case(tmp_path / "parts", f"{country}-SD", kind="region")
    labels = folder / "labels.csv"
    labels.write_text(labels.read_text().replace(f'region,"{country}-SD"', f"country,{country}"))
    (ours,) = judged(folder)
    (told,) = stories(ours)
    why = told.sentences[-1]
    (missed,) = [remark for remark in remarks(ours) if remark.startswith("missed: ")]
    assert missed.endswith(": it has no series of its own, and only 1 region known")
    assert ours.readings[0].refused_labels == 1
    assert "cannot be judged" in why
    assert "looked low" not in why
    assert reason in why


def test_a_country_of_which_too_few_regions_were_low_says_how_many_that_was(tmp_path: Path) -> None:
    folder = case(tmp_path / "parts", "PK-SD", kind="region")
    labels, table = folder / "labels.csv", folder / "signals.csv"
    labels.write_text(labels.read_text().replace('region,"PK-SD"', "country,PK"))
    quiet = case(tmp_path / "quiet", "PK-SD", kind="region", left=1.0) / "signals.csv"
    rows = quiet.read_text().splitlines()[1:]
    more = [row.replace("PK-SD", f"PK-{name}") for name in ("PB", "KP", "BA") for row in rows]
    table.write_text(table.read_text() + "".join(f"{row}\n" for row in more))
    (told,) = stories(judged(folder)[0])
    (how_many,) = said(told, "Parts that were low at once make up")
    assert "probes (probing.ioda) 25%" in how_many
    assert how_many.endswith("50% make the country low.")


def test_a_day_counts_into_what_was_there_before_and_not_into_what_is_bounded() -> None:
    probes = [Term(f"probing.{name}", 1.0, 0.0, -2.0, 1.0) for name in "ab"]
    terms = (Term("traffic.radar", 0.3, -9.0, 9.0, 1.0), *probes, Term("day.holiday", None, None, -1.0, 1.0))
    told = Outage("id", "country", "IR", "suspected", "partial", "replay", 0, None, 0, None, 0.3, 0.5, terms, 1)
    assert comes_to(told, Fusing()).startswith("together 50% (with −5.0 before anything is seen)")
