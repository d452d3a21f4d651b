"""How much is left now of what is still out, beside what was lost at the worst."""

import json
from pathlib import Path

import pytest

from pipeline.explain.residual_loss import SPAN, Lately, now_of, plain_now
from pipeline.records import Left, Progress, Run, Term
from pipeline.replay.replay import Result
from pipeline.settings import Fusing
from tests.explain.shown import T, outage
from tests.explain.test_summary import replayed, series, without


def seen(ratio: float = 0.2, at: int = T, signal: str = "probing.ioda", width: int = 600, id_: str = "a1") -> Left:
    return Left(id_, signal, at, at + width, ratio)


def lately(*own: Left, until: int = T + 600) -> Lately:
    return Lately(own, until)


@pytest.mark.parametrize(("later", "known"), [(SPAN - 1, True), (SPAN, False)])
def test_a_signal_that_is_silent_for_an_hour_shows_nothing_now(later: int, known: bool) -> None:
    assert bool(lately(seen(), until=T + 600 + later).shown(outage())) is known


@pytest.mark.parametrize(("later", "known"), [(6 * SPAN - 1, True), (6 * SPAN, False)])
def test_bins_longer_than_an_hour_show_something_for_as_long_as_they_are(later: int, known: bool) -> None:
    assert bool(lately(seen(width=6 * SPAN), until=T + 6 * SPAN + later).shown(outage())) is known


def test_each_outage_has_its_own_and_what_is_over_has_none() -> None:
    both = lately(seen(), seen(0.3, id_="b2"), seen(0.4, signal="bgp.ris"))
    assert [one.ratio for one in both.shown(outage())] == [0.2, 0.4]
    assert [one.ratio for one in both.shown(outage(id="b2"))] == [0.3]
    assert both.shown(outage("ended", end=T + 600)) == []


def test_it_is_what_every_partition_told_at_the_end_of_the_run() -> None:
    result, other = Result(Run()), seen(0.3, id_="b2")
    for progress in (
        Progress("r", 1, T + 600, ended=True, left=(other,)), Progress("r", 0, T + 1200, ended=True, left=(seen(),)),
        Progress("r", 0, T, left=()),
    ):  # fmt: skip
        result.take(progress)
    assert Lately.of(result) == Lately((seen(), other), T + 1200)


FELL = (
    Term("bgp.ris", 0.7, -9.0, 9.0, 1.0), Term("probing.ioda", 0.1, -9.0, 9.0, 1.0),
    Term("probing.ioda/cusum", 0.1, -9.0, 8.0, 1.0), Term("parts.together", 1.0, None, 2.0, 1.0),
    Term("traffic.radar", 1.0, 0.0, -2.0, 1.0),
)  # fmt: skip


@pytest.mark.parametrize(
    ("routes", "probes", "least"), [(1.0, 0.56, 56), (0.86, 0.9, 86), (0.84, 0.9, 0), (1.0, 0.54, 0), (1.0, None, 0)]
)
def test_it_is_mostly_back_once_each_signal_that_fell_has_most_of_it_again(
    routes: float, probes: float | None, least: int
) -> None:
    now = lately(seen(routes, signal="bgp.ris"), *([] if probes is None else [seen(probes)]))
    said = f" (more than half back: what fell is at {least}% of usual or more)" if least else ""
    assert now.back_again(outage(signals=FELL), Fusing()) == said
    assert now.back_again(outage("recovering", signals=FELL), Fusing()) == "", "its own word says so"


def test_what_fell_by_little_is_back_when_nearly_all_of_it_is() -> None:
    (routes,) = fell = (Term("bgp.ris", 0.97, -4.0, 0.5, 1.0),)
    assert lately(seen(0.96, signal=routes.signal)).back_again(outage(signals=fell), Fusing())
    assert not lately(seen()).back_again(outage(signals=()), Fusing())


def returned() -> str:
    """A series that fell to a fifth, and is at four fifths in its last hour."""
    half = series(72, low=range(9)).splitlines()
    rows = [row if i < len(half) - 6 else row.removesuffix("20") + "80" for i, row in enumerate(half)]
    return "".join(f"{row}\n" for row in rows)


def test_the_headline_says_what_is_mostly_back(tmp_path: Path) -> None:
    said = replayed(tmp_path, returned())
    assert "UTC: Pakistan (more than half back: what fell is at 80% of usual or more)." in said, said
    assert "UTC: Pakistan." in replayed(tmp_path, series(72, low=range(9)))


def test_how_much_must_be_back_is_a_setting(tmp_path: Path) -> None:
    settings = tmp_path / "mine.toml"
    settings.write_text("[fusing]\nbottom = 0.2\n")
    assert "UTC: Pakistan." in replayed(tmp_path, returned(), 0, "--settings", str(settings)), "it lacks a fifth"


def test_a_person_reads_it_in_a_sentence_and_a_program_as_rows() -> None:
    found, now = [outage()], lately(seen(0.204), seen(0.5, T + 300, "bgp.ris", 300))
    (said,) = now_of(found, now, {})
    assert said == (
        "Now in Pakistan: probes (probing.ioda) at 20%, routes (bgp.ris) at 50% of usual, 2024-02-08 01:45 to "
        "2024-02-08 01:55 UTC."
    )
    first, _ = plain_now(found, now)
    assert first == {
        "id": "a1", "signal": "probing.ioda", "start": "2024-02-08T01:45:00Z", "end": "2024-02-08T01:55:00Z",
        "ratio": 0.204,
    }  # fmt: skip


def test_of_five_it_is_told_and_the_others_are_counted() -> None:
    names = ("AF", "BD", "IN", "IQ", "IR", "LK", "NP")
    said = list(now_of([outage(id=name, entity=name) for name in names], lately(*(seen(id_=n) for n in names)), {}))
    assert len(said) == 6
    assert said[-1] == "So it is known of 2 others: --json has them all (now)."


def test_what_fell_just_before_the_end_is_told_without_what_was_there_before(tmp_path: Path) -> None:
    """Two bins of ten minutes are in the outage, and four of that hour before it: their mean was 68 %."""
    rows = series(72).splitlines()
    for at in (-2, -1):
        rows[at] = rows[at].removesuffix("100") + "5"
    said = replayed(tmp_path, "".join(f"{row}\n" for row in rows))
    assert "Now in Pakistan: probes (probing.ioda) at 5% of usual, 2024-02-07 23:50 to 2024-02-08 00:00 UTC." in said


def test_a_replay_tells_what_is_left_of_what_is_still_out(tmp_path: Path) -> None:
    half = series(72, low=range(9)).splitlines()
    rows = [row if i < len(half) - 24 else row.removesuffix("20") + "45" for i, row in enumerate(half)]
    table = "".join(f"{row}\n" for row in rows)
    said = replayed(tmp_path, table)
    assert "80%" in said, "the worst of it"
    assert "Now in Pakistan: probes (probing.ioda) at 45% of usual, 2024-02-07 23:50 to 2024-02-08 00:00 UTC." in said
    (now,) = json.loads(replayed(tmp_path, table, 0, "--json"))["now"]
    assert (now["signal"], now["start"], now["ratio"]) == (
        "probing.ioda",
        "2024-02-07T23:50:00Z",
        pytest.approx(0.45, abs=0.01),
    )
    assert "Now in" not in replayed(tmp_path, series(72, low=range(4, 9)))
    gone = without(table, 5, 0) + series(72, signal="traffic.radar")
    assert "Now in" not in replayed(tmp_path, gone, 1)
