"""A replay tells what a feed did by itself: its moves are nobody's outage, and a stuck one gives no all-clear."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from pipeline.cli.arguments import app
from pipeline.codec import iso
from pipeline.explain.feed_incidents import blind, moves
from pipeline.replay.report import BROKEN, MOVED, STUCK, Incident
from tests.explain.shown import T

HOUR = 3600
BEGIN = 1706745600
BRITAIN = "control-britain-2020-peerloss"
LARGEST = "91% of their level from 2020-08-18 06:00 to 2020-08-19 06:00 UTC"


def replayed(folder: Path, *options: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["replay", str(folder), *options], catch_exceptions=False)
    return done.exit_code, done.stdout if "--json" in options else " ".join(done.stdout.split())


def frozen(folder: Path, begin: int, end: int, bins: int = 5 * 144, out: slice = slice(0)) -> Path:
    """Probing of three countries that breathe by ten minutes, and repeats itself from one bin to another; the first of
    them is ``out``."""
    rng = np.random.default_rng(1)
    x = rng.poisson(1000, (bins, 3))
    x[out, 0] //= 20
    x[begin:end] = x[begin - 1]
    rows = [
        f"{iso(BEGIN + 600 * i)},probing.ioda,country,{name},{value}\n"
        for i, row in enumerate(x) for name, value in zip(("PK", "IQ", "MM"), row, strict=True)
    ]  # fmt: skip
    folder.mkdir()
    (folder / "signals.csv").write_text("time,signal,entity_type,entity,value\n" + "".join(rows))
    return folder


def test_who_replays_a_lost_peer_reads_that_the_feed_moved_and_no_country_is_called_out(data: Path) -> None:
    code, said = replayed(data / "signals" / BRITAIN)
    assert code == 0
    assert "no outages confirmed" in said
    assert "All series of routes (bgp.routeviews) moved at once 17 times" in said
    assert "the moves are taken out and are no country's outage. The largest: " + LARGEST in said
    moved = json.loads(replayed(data / "signals" / BRITAIN, "--json")[1])[MOVED]
    assert len(moved) == 17
    assert {
        "feed": "table", "signal": "bgp.routeviews", "start": "2020-08-18T06:00:00Z", "end": "2020-08-19T06:00:00Z",
    }.items() <= max(moved, key=lambda one: abs(one["share"] - 1)).items()  # fmt: skip


def test_who_replays_a_frozen_feed_reads_from_when_to_when_it_was_stuck(tmp_path: Path) -> None:
    code, said = replayed(frozen(tmp_path / "frozen", 500, 572))
    assert code == 1, "no all-clear"
    assert "no outages confirmed" in said
    sentence = "No all-clear by probes (probing.ioda) from 2024-02-04 11:50 to 2024-02-04 23:20 UTC"
    assert sentence in said
    (stuck,) = json.loads(replayed(tmp_path / "frozen", "--json")[1])[STUCK]
    assert (stuck["start"], stuck["end"]) == ("2024-02-04T11:50:00Z", "2024-02-04T23:20:00Z")
    code, said = replayed(frozen(tmp_path / "calm", 500, 500))
    assert (code, "stuck" in said, "moved" in said) == (0, False, False)


@pytest.mark.parametrize(("out", "word"), [(slice(530, 640), "began"), (slice(440, 540), "ended")])
def test_what_falls_or_returns_while_its_feed_is_frozen_is_not_exactly_dated(
    tmp_path: Path, out: slice, word: str
) -> None:
    _, said = replayed(frozen(tmp_path / "frozen", 500, 572, out=out))
    assert "1 outage confirmed" in said
    assert f"not exactly dated: the outage of Pakistan {word} between 2024-02-04 11:50 and 2024-02-04 23:20 UTC" in said
    (id_,) = json.loads(replayed(tmp_path / "frozen", "--json")[1])["undated"]
    assert id_


def test_what_is_out_when_its_feed_freezes_for_good_may_be_out_by_that_alone(tmp_path: Path) -> None:
    _, said = replayed(frozen(tmp_path / "frozen", 600, 720, out=slice(560, 720)))
    assert (
        "still out, as far as is known: Pakistan. Its signals were last observed: probing.ioda until 2024-02-05" in said
    )


@pytest.mark.sockets
@pytest.mark.slow
def test_through_kafka_the_same_is_told(tmp_path: Path) -> None:
    folder = frozen(tmp_path / "frozen", 500, 572)
    through, memory = (json.loads(replayed(folder, "--json", *options)[1]) for options in (("--through", "kafka"), ()))
    assert through == memory
    assert through[STUCK]


def test_who_replays_a_feed_that_halves_reads_that_it_was_broken(tmp_path: Path) -> None:
    names = ("PK", "IQ", "MM", "VE", "BR", "KE")
    x = np.random.default_rng(1).poisson(1000, (5 * 144, len(names)))
    x[500:512] //= 2
    cells = [(i, name, value) for i, row in enumerate(x) for name, value in zip(names, row, strict=True)]
    lines = [f"{iso(BEGIN + 600 * i)},probing.ioda,country,{name},{value}\n" for i, name, value in cells]
    (tmp_path / "signals.csv").write_text("time,signal,entity_type,entity,value\n" + "".join(lines))
    code, said = replayed(tmp_path)
    assert code == 1, "no all-clear"
    assert "no outages confirmed" in said
    assert "its feed was broken, countries fell or rose alike at once: " in said
    assert "from 2024-02-04 11:20 to 2024-02-04 13:20 UTC (48% of their level)" in said


@pytest.mark.parametrize(("lasts", "sure"), [(HOUR, False), (HOUR + 600, True)])
def test_a_bin_in_which_all_fell_may_not_be_that_of_a_stuck_feed(lasts: int, sure: bool) -> None:
    (said,) = blind([Incident("table", "probing.ioda", STUCK, T, T + lasts)])
    assert ("all places fell in one bin" in said) is not sure


def test_feeds_of_several_kinds_that_break_at_once_are_all_countries_that_may_be_out() -> None:
    def fell(signal: str, start: int, end: int, share: float = 0.1) -> Incident:
        return Incident("table", signal, BROKEN, T + start, T + end, share)

    told = [fell("bgp.ris", 0, 1800), fell("probing.ioda", 600, 2400), fell("traffic.radar", 4800, 6000)]
    first, *others = blind(told)
    assert first.startswith(
        "All countries may be out together, as by a cable, from 2024-02-08 01:45 to 2024-02-08 02:25"
    )
    assert "probes (probing.ioda) and routes (bgp.ris) fell alike" in first
    assert len(others) == 3
    of_one_kind = [fell("bgp.ris", 0, 1800), fell("bgp.ioda", 0, 1800), fell("probing.ioda", 0, 1800, share=2.0)]
    assert not any(said.startswith("All countries") for said in blind(of_one_kind))


def test_of_several_moves_the_small_ones_are_counted_and_not_listed() -> None:
    shares = (0.995, 0.9, 0.99, 1.03)
    own = [
        Incident("table", "bgp.ris", MOVED, T + i * HOUR, T + (i + 1) * HOUR, share) for i, share in enumerate(shares)
    ]
    (said,) = moves(own)
    assert "moved at once 4 times, 4 h in all" in said
    assert said.endswith("The largest: 90% of their level from 2024-02-08 02:45 to 2024-02-08 03:45 UTC; 103% of their "
                         "level from 2024-02-08 04:45 to 2024-02-08 05:45 UTC.")  # fmt: skip
    (said,) = moves(own[::2])
    assert said.endswith("The largest: 99% of their level from 2024-02-08 03:45 to 2024-02-08 04:45 UTC.")


@pytest.mark.parametrize(
    ("share", "said"), [(0.908, "91%"), (0.9962, "99.6%"), (1.003, "100.3%"), (1e300, "more than 9,900%")]
)
def test_a_small_move_is_not_rounded_away(share: float, said: str) -> None:
    (sentence,) = moves([Incident("table", "bgp.ris", MOVED, T, T + HOUR, share)])
    assert f"were at {said} of their level" in sentence
