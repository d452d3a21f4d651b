"""What a person reads in the terminal, in a narrow and in a wide one."""

import io

import pytest
from rich.console import Console

from pipeline.codec import seconds
from pipeline.records import Entity, Outage, Term
from pipeline.series import known
from pipeline.show import Watching, outages_table

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


def test_a_network_is_called_by_its_name_and_its_country() -> None:
    words = " ".join(" ".join(printed([outage(entity="AS59257")], 80)).split())
    assert "Zong, AS59257" in words
    assert "(Pakistan)" in words


def test_the_table_gives_both_clocks_and_the_length() -> None:
    words = "\n".join(printed([outage()], 80))
    assert "2024-02-08 01:40 – 15:15 UTC" in words
    assert "06:40 – 20:15 there, 13 h 35 min" in words


def test_an_open_outage_is_still_out() -> None:
    words = "\n".join(printed([outage(None, "confirmed")], 80))
    assert "still out" in words
    assert "since 06:40 there" in words


def test_a_wide_terminal_shows_the_evidence_the_heaviest_first() -> None:
    assert "traffic.radar at 50%, probing.ioda at 60%" in " ".join(printed([outage()], 160))
    assert "traffic.radar" not in " ".join(printed([outage()], 80))


def test_nothing_is_drawn_where_nobody_looks() -> None:
    out = io.StringIO()
    with Watching(Console(file=out, width=80), dict) as watching:
        watching.see(outage())
    assert out.getvalue() == ""


def test_a_watched_replay_says_how_far_it_is_before_anything_is_found() -> None:
    out = io.StringIO()
    watching = Watching(Console(file=out, width=80), dict)
    watching.reached = seconds("2024-02-08T02:00:00Z")
    watching.console.print(watching.render())
    assert out.getvalue().strip() == "event time: 2024-02-08 02:00 UTC   outages so far: 0"
