"""What a person reads in the terminal, in a narrow and in a wide one."""

import io

import pytest
from msgspec.structs import replace
from rich.console import Console

from pipeline.codec import seconds
from pipeline.explain.terminal import FOLDED, Watching, because, how_folded, outages_table, when
from pipeline.records import Entity, Outage, Progress, Run, Term, known
from pipeline.replay.report import ReplayReport, by_country

PLACES = known([Entity("asn", "AS59257", "PK", title="Zong")])
TERMS = (Term("traffic.radar", 0.5, -30.0, 9.0, 1.0), Term("probing.ioda", 0.6, -12.0, 6.0, 1.0))


def outage(end: str | None = "2024-02-08T15:15:00Z", state: str = "ended", entity: str = "PK") -> Outage:
    start, stop = seconds("2024-02-08T01:40:00Z"), None if end is None else seconds(end)
    kind = "asn" if entity.startswith("AS") else "country"
    return Outage(entity, kind, entity, state, "mobile", "replay", start, stop, start, start, 0.999, 0.47, TERMS, 3)


def printed(found: list[Outage], width: int) -> list[str]:
    out = io.StringIO()
    Console(file=out, width=width).print(outages_table(found, PLACES, width))
    return [line.rstrip() for line in out.getvalue().splitlines() if line.strip()]


@pytest.mark.parametrize("width", [80, 120])
def test_an_outage_takes_two_lines_and_no_more(width: int) -> None:
    lines = printed([outage(), outage(entity="AS59257")], width)
    assert len(lines) == 2 + 2 * 2
    assert max(map(len, lines)) <= width


@pytest.mark.parametrize("width", [40, 60, 66, 79, 80, 120])
def test_no_terminal_is_so_narrow_that_it_cuts_a_number(width: int) -> None:
    lines = printed([outage(state="recovering"), outage(entity="AS59257")], width)
    assert max(map(len, lines)) <= width
    words = " ".join(" ".join(lines).split())
    assert words.count(" 47%") == words.count(">99% sure") == 2
    assert lines[0].split()[:4] == ["where", "what", "when", "lost"]


def test_a_long_name_does_not_fill_a_narrow_terminal_and_keeps_its_number() -> None:
    places = known([Entity("asn", "AS59257", "PK", title="Société congolaise " * 9)])
    out = io.StringIO()
    Console(file=out, width=80).print(outages_table([outage(entity="AS59257")], places, 80))
    lines = out.getvalue().splitlines()
    assert len(lines) <= 2 + 3
    assert "Soci…, AS59257" in out.getvalue()


def test_a_network_is_called_by_its_name_and_its_country() -> None:
    words = " ".join(" ".join(printed([outage(entity="AS59257")], 80)).split())
    assert "Zong, AS59257" in words
    assert "(Pakistan)" in words


def test_the_table_gives_both_clocks_and_the_length() -> None:
    words = "\n".join(printed([outage()], 80))
    assert "2024-02-08 01:40 – 15:15 UTC" in words
    assert "06:40 – 20:15 there, 13 h 35 min" in words


def ended(start: str, end: str, country: str) -> list[str]:
    times = {"start": seconds(start + ":00Z"), "end": seconds(end + ":00Z")}
    return when(replace(outage(), **times), country).splitlines()


def test_local_times_on_another_day_than_utcs_have_their_date() -> None:
    assert ended("2024-02-08T17:00", "2024-02-08T21:00", "PK") == [
        "2024-02-08 17:00 – 21:00 UTC", "22:00 – 02-09 02:00 there, 4 h",
    ]  # fmt: skip
    assert ended("2024-02-08T20:00", "2024-02-08T22:30", "PK")[1:] == [
        "02-09 01:00 – 03:30 there",
        "2 h 30 min",
    ]
    assert ended("2024-02-08T17:00", "2024-02-09T01:00", "PK")[0] == "2024-02-08 17:00 – 02-09 01:00 UTC"


@pytest.mark.parametrize(
    ("country", "below"), [("US", "4 h (clocks in US differ)"), ("Pakistan", "4 h"), ("", "4 h")]
)  # fmt: skip
def test_nothing_is_said_of_local_times_where_there_is_no_one_clock(country: str, below: str) -> None:
    assert ended("2024-02-08T17:00", "2024-02-08T21:00", country)[1:] == [below]


def test_a_length_of_which_an_end_is_not_exact_is_marked_and_makes_no_third_line() -> None:
    times = {"start": seconds("2024-05-07T03:00:00Z"), "end": seconds("2024-05-08T12:00:00Z")}
    assert when(replace(outage(), **times), "SD", (False, True)).splitlines() == [
        "2024-05-07 03:00 – 05-08 12:00* UTC", "05:00 – 05-08 14:00 there, 1 d 9 h*",
    ]  # fmt: skip


def test_what_an_offset_changed_within_has_both_offsets() -> None:
    assert ended("2024-03-31T00:00", "2024-03-31T02:00", "DE")[1:] == ["01:00 (UTC+1) – 04:00 (UTC+2) there", "2 h"]


@pytest.mark.parametrize(("probability", "sure"), [(0.999, ">99% sure"), (0.992, ">99% sure"), (0.98, " 98% sure")])
def test_nobody_is_ever_a_hundred_percent_sure(probability: float, sure: str) -> None:
    assert sure in "\n".join(printed([replace(outage(), probability=probability)], 80))


def test_a_country_stands_before_its_parts_and_countries_stand_as_they_began() -> None:
    found = [
        replace(outage(entity=entity), start=start)
        for entity, start in (("IR", 2), ("AS59257", 1), ("PK", 3), ("AS1", 0))
    ]
    assert [o.entity for o in by_country(found, PLACES)] == ["PK", "AS59257", "IR", "AS1"]


def networks(n: int, part_of: str = "whole", probability: float = 0.999) -> list[Outage]:
    """Networks that were out in one outage of their country, each ten minutes later and a percent deeper."""
    found = [outage(entity=f"AS{i}") for i in range(1, n + 1)]
    found = [replace(o, start=o.start + 600 * i, severity=0.5 + 0.01 * i) for i, o in enumerate(found)]
    return [
        replace(o, end=o.end + 600 * i, part_of=part_of, probability=probability)
        for i, o in enumerate(found) if o.end
    ]  # fmt: skip


@pytest.mark.parametrize("width", [80, 120])
def test_many_networks_of_one_outage_share_a_row_and_what_is_still_out_does_not(width: int) -> None:
    country, many = outage(), networks(FOLDED + 1, probability=0.96)
    still = replace(many.pop(), end=None, state="confirmed")
    words = " ".join(" ".join(printed([country, *many, still], width)).split())
    assert words.count(" sure") == 3
    for said in ("5 networks", "AS1;", "01:40 – 15:55 UTC", "14 h 15 min", "50%–54%", "96% sure", "still out"):
        assert said in words, said
    assert "in one row" in how_folded([country, *many, still])
    for few in (many[1:], networks(9, part_of=""), [country, *networks(9, part_of="")], []):
        assert how_folded(few) == ""
        assert " ".join(printed(few, width)).count(" sure") == len(few)


def test_networks_that_share_a_row_are_of_one_outage_and_all_that_differs_is_told() -> None:
    one, other = networks(FOLDED), networks(FOLDED, part_of="other")
    one[2] = replace(one[2], state="recovering", kind="unknown")
    lines = printed([*one, *other], 80)
    assert " ".join(lines).count(" sure") == 2
    assert [word for word in " ".join(lines).split() if word in ("mobile", "unknown", "ended", "recovering")] == [
        "mobile", "unknown", "ended", "recovering", "mobile", "ended",
    ]  # fmt: skip


def test_an_open_outage_is_still_out() -> None:
    words = "\n".join(printed([outage(None, "confirmed")], 80))
    assert "still out" in words
    assert "since 06:40 there" in words


def test_a_wide_terminal_shows_the_evidence_the_heaviest_first() -> None:
    assert "traffic.radar at 50%, probes (probing.ioda) at 60%" in " ".join(printed([outage()], 160))
    assert "traffic.radar" not in " ".join(printed([outage()], 80))


def test_a_watched_replay_says_how_far_it_is_and_shows_a_country_before_its_parts() -> None:
    out, report = io.StringIO(), ReplayReport(Run("r"), places=PLACES)
    watching = Watching(Console(file=out, width=80), report)
    report.take(Progress("r", 0, seconds("2024-02-08T02:00:00Z")))
    watching.console.print(watching.render())
    assert out.getvalue().strip() == "event time: 2024-02-08 02:00 UTC   outages so far: 0"
    report.take(replace(outage(entity="AS59257"), start=1))
    report.take(outage())
    with watching:
        assert out.getvalue().count("\n") == 1, "nothing is drawn but in a terminal"
    watching.console.print(watching.render())
    assert out.getvalue().index("Pakistan  ") < out.getvalue().index("Zong")


def test_a_reason_is_said_once_for_all_detectors_of_a_signal_and_parts_in_words() -> None:
    terms = (Term("traffic.radar", 0.38, -22.0, 9.0, 1.0), Term("traffic.radar/cusum", 0.4, -28.0, 8.0, 1.0),
             Term("parts.together", 0.4, None, 1.2, 1.0), Term("bgp.ris", 1.0, 0.0, -0.5, 1.0))  # fmt: skip
    found = replace(outage(), signals=terms)
    assert because(found) == "traffic.radar at 38%, 60% of its parts at once"
