"""The table of outages, in a narrow terminal and in a wide one, and the live picture of a replay."""

import io

import pytest
from msgspec.structs import replace
from rich.console import Console

from pipeline.codec import seconds
from pipeline.explain.terminal import Watching, most_important, outages_table
from pipeline.records import Entity, Outage, Progress, Run, known
from pipeline.replay.report import ReplayReport, by_country
from tests.explain.shown import outage

PLACES = known([Entity("asn", "AS59257", "PK", title="Zong"), Entity("region", "PK-SD", "PK")])
ZONG = {"entity_type": "asn", "entity": "AS59257"}


def over(start: str = "2024-02-08T01:40:00Z", end: str = "2024-02-08T15:15:00Z", **changed: object) -> Outage:
    return outage("ended", start=seconds(start), end=seconds(end), **changed)


def printed(found: list[Outage], width: int = 80, **options: object) -> list[str]:
    out = io.StringIO()
    Console(file=out, width=width).print(outages_table(found, PLACES, width, **options))  # type: ignore[arg-type]
    return [line.rstrip() for line in out.getvalue().splitlines()]


def test_an_outage_is_one_line_with_both_clocks() -> None:
    assert [line.split() for line in printed([over(), over(**ZONG)])] == [
        ["where", "what", "since–until,", "UTC", "2024", "local", "time", "lost", "sure"],
        ["Pakistan", "mobile", "02-08", "01:40–15:15", "06:40–20:15", "80%", "97%"],
        ["Zong,", "AS59257", "(Pakistan)", "mobile", "02-08", "01:40–15:15", "06:40–20:15", "80%", "97%"],
    ]


@pytest.mark.parametrize("width", [40, 60, 66, 79, 80, 120])
def test_no_terminal_is_so_narrow_that_it_cuts_a_number(width: int) -> None:
    lines = printed([outage("recovering"), outage(**ZONG), over()], width)
    assert len(lines) == 4
    assert max(map(len, lines)) <= width
    assert [line.split()[-2:] for line in lines] == [["lost", "sure"]] + [["80%", "97%"]] * 3


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (outage(), "02-08 01:45–still out  since 06:45"),
        (outage("recovering"), "02-08 01:45–recovering  since 06:45"),
        (over("2024-02-08T17:00:00Z", "2024-02-08T21:00:00Z"), "02-08 17:00–21:00      22:00–02-09 02:00"),
        (over(entity="US"), "02-08 01:40–15:15      several clocks"),
        (over("2023-12-31T20:00:00Z", "2024-01-01T02:00:00Z"), "12-31 20:00–2024-01-01 02:00  01-01 01:00–07:00"),
    ],
)
def test_times_have_a_date_where_it_differs_and_what_goes_on_has_no_end(found: Outage, said: str) -> None:
    assert said in printed([found], 100)[1]


def test_of_many_outages_the_country_what_is_still_out_and_the_deepest_are_shown() -> None:
    parts = [over(id=f"{i}", entity_type="asn", entity=f"AS{i}", severity=i / 100) for i in range(30)]
    still = outage(id="out", entity_type="asn", entity="AS99", severity=0.0)
    shown = most_important([*parts, still, over(id="pk", severity=0.0)], 5)
    assert [o.id for o in shown] == ["28", "29", "out", "pk"]
    assert most_important(parts[:5], 5) == parts[:5]


def test_a_country_stands_before_its_parts_and_what_has_no_country_is_last() -> None:
    found = [
        over(id=name, entity_type=kind, entity=name, start=f"2024-02-08T0{hour}:00:00Z")
        for name, kind, hour in (
            ("AS64500", "asn", 0), ("AS59257", "asn", 1), ("IQ", "country", 2), ("PK", "country", 3),
            ("PK-SD", "region", 4),
        )
    ]  # fmt: skip
    assert [o.id for o in by_country(reversed(found), PLACES)] == ["PK", "AS59257", "PK-SD", "IQ", "AS64500"]


def test_a_watched_replay_says_how_far_it_is_and_what_it_has_found() -> None:
    out, report = io.StringIO(), ReplayReport(Run("r"), places=PLACES)
    watching = Watching(Console(file=out, width=80), report, end=seconds("2024-02-09T00:00:00Z"))
    watching.console.print(watching.render())
    report.take(Progress("r", 0, seconds("2024-02-08T02:00:00Z")))
    watching.console.print(watching.render())
    assert out.getvalue().splitlines() == [
        "the worker starts ...   outages so far: 0",
        "event time: 2024-02-08 02:00 UTC of 2024-02-09 00:00   outages so far: 0",
    ]
    report.take(replace(outage(**ZONG), id="zong", start=1))
    report.take(outage())
    with watching:
        assert out.getvalue().count("\n") == 2, "nothing is drawn but in a terminal"
    watching.console.print(watching.render())
    assert out.getvalue().index("Pakistan  ") < out.getvalue().index("Zong")
