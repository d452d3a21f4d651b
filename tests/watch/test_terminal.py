"""A watch in a terminal of 80 x 24, and as lines where the output is no terminal."""

import io

import pytest
from rich.console import Console

from pipeline.records import DEAD, Entity
from pipeline.watch.picture import Picture
from pipeline.watch.terminal import Changes, screen
from tests.watch.pictures import FEEDS, NOW, ZONG, outage, picture, status, verdicts


def shown(made: Picture, now: int = NOW, note: str = "") -> list[str]:
    console = Console(width=80, height=24, file=io.StringIO(), color_system=None)
    console.print(screen(made.view(now), 80, 24, "http://127.0.0.1:8080", note))
    return console.file.getvalue().splitlines()  # type: ignore[attr-defined]


def test_a_screen_says_state_onset_loss_signals_and_what_cannot_be_seen() -> None:
    dead = status("rislive", DEAD, "no connection")
    lines = shown(picture(verdicts(value=20), verdicts(entity=ZONG, value=10), outage(), outage(entity=ZONG), dead))
    assert [" ".join(line.split()) for line in lines] == [
        "netvigil watch 2024-02-08 02:30 UTC http://127.0.0.1:8080",
        "where state since lost worst sure",
        "Pakistan out 06:30 (UTC+5) 60% 80% 97%",
        "mobile networks down",
        "Zong, AS59257 out 06:30 (UTC+5) 60% 80% 97%",
        "mobile networks down",
        "signal state value usual of usual age",
        "traffic.radar low 20 100 20% 0 min",
        "What cannot be seen",
        "routes (bgp.ris): no connection.",
    ]


@pytest.mark.parametrize("places", [0, 40])
def test_everything_fits_into_80_by_24(places: int) -> None:
    made = Picture(("PK", "IN"), FEEDS | {f"f{n}": (f"traffic.f{n}",) for n in range(40)})
    made.take(verdicts())
    for n in range(places):
        made.take_now(outage(entity=ZONG._replace(name=f"AS{n}"), id=f"{n}"), "")
    lines = shown(made, note="ingest ended with exit code 1, and was started again")
    assert len(lines) <= 24
    assert max(map(len, lines)) <= 80
    assert "more: see the page" in "\n".join(lines)
    assert lines[-1].startswith("ingest ended with exit code 1")


def test_an_old_onset_has_its_date() -> None:
    (line,) = [line for line in shown(picture(verdicts(value=20, until=NOW + 86400), outage()), NOW + 86400)
               if line.startswith("Pakistan")]  # fmt: skip
    assert "8 Feb 06:30 (UTC+5)" in line


def test_country_state_onset_loss_and_chance_are_whole_beside_long_names_and_long_words() -> None:
    """A country of 40 letters whose phones are out, and which cannot be seen any more."""
    nowhere = "United Kingdom of Great Britain and More"
    made = picture(verdicts(value=20), outage(), status("radar", DEAD, "no connection"))
    made.places[("country", "PK")] = Entity("country", "PK", "PK", False, nowhere)
    lines = shown(made, NOW + 86400)
    assert lines[2:6] == [
        "United Kingdom of Great       cannot see  8 Feb 06:30 (UTC+5)   60%    80%   97%",
        "  Britain and More",
        "  out when last seen: mobile networks down",
        "signal         state     value  usual  of usual  age",
    ]
    ended = outage("ended", end=NOW - 900)
    assert "  restored Thu 8 Feb 2024, 07:15 (UTC+5) after 45 minutes" in shown(picture(verdicts(), ended))


def test_each_change_is_one_line() -> None:
    changes, made = Changes(), picture(verdicts())

    def said(now: int = NOW) -> list[str]:
        return [line.partition("UTC  ")[2] for line in changes.lines(made.view(now))]

    assert said() == ["Pakistan: up", "feed rislive: waiting", "feed radar: up"]
    assert said(NOW + 60) == []
    made.take(verdicts(value=20, until=NOW + 900))
    made.take_now(outage(), "")
    made.take_now(outage("suspected", entity=ZONG, confirmed_at=None), "")
    made.take(status("rislive", DEAD, "no connection"))
    assert said(NOW + 900) == [
        "Pakistan: out: mobile networks down, since Thu 8 Feb 2024, 06:30 (UTC+5)",
        "Zong, AS59257: cannot see; perhaps out when last seen: mobile networks down, "
        "since Thu 8 Feb 2024, 06:30 (UTC+5)",
        "feed rislive: dead: no connection",
    ]
    made.take(verdicts(until=NOW + 1800))
    made.take_now(outage("ended", end=NOW + 900, revision=3), "")
    made.take_now(outage("retracted", entity=ZONG, revision=3), "")
    assert said(NOW + 1800) == [
        "Pakistan: up, restored Thu 8 Feb 2024, 07:45 (UTC+5) after 1 hour 15 minutes",
        "Zong, AS59257: no longer suspected",
    ]
