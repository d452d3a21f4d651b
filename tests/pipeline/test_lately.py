"""How much is left now of what is still out, beside what was lost at the worst."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.lately import SPAN, Lately, Now, now_of
from pipeline.records import Entity, Verdicts
from tests.pipeline.shown import PK, SD, T, outage, verdicts
from tests.pipeline.test_telling import replayed, series, without

NAN = float("nan")


def frame(i: int, *values: float, entities: tuple[Entity, ...] = (PK,), signal: str = "probing.ioda") -> Verdicts:
    return verdicts(entities, at=T + 600 * i, value=np.array([values]), signal=signal)  # type: ignore[arg-type]


def seen(*frames: Verdicts) -> Lately:
    lately = Lately()
    for one in frames:
        lately.take(one)
    return lately


def joined(*frames: Verdicts) -> Verdicts:
    columns = {name: np.concatenate([getattr(one, name) for one in frames]) for name in Verdicts.COLUMNS}
    return replace(frames[-1], **columns)


def test_it_is_the_mean_of_the_last_hour_and_of_no_bin_before() -> None:
    frames = [frame(i, 2.0 if i < 6 else 40.0 + 20 * (i % 2)) for i in range(12)]
    told = [Now("probing.ioda", T + SPAN, T + 2 * SPAN, 0.5)]
    assert seen(*frames).shown(outage()) == told
    assert seen(joined(*frames)).shown(outage()) == told, "one frame of many bins"
    assert seen(*frames, *frames).shown(outage()) == told, "what comes again changes nothing"


def test_a_place_keeps_its_own_values_where_others_are_born() -> None:
    lately = seen(frame(0, 50.0), frame(1, 90.0, 30.0, entities=(SD, PK)))
    assert lately.shown(outage()) == [Now("probing.ioda", T, T + 1200, 0.4)]
    of_region = outage(entity_type="region", entity="PK-SD")
    assert lately.shown(of_region) == [Now("probing.ioda", T + 600, T + 1200, 0.9)]


@pytest.mark.parametrize(("bins", "known"), [(6, True), (7, False)])
def test_a_signal_that_is_silent_for_an_hour_shows_nothing_now(bins: int, known: bool) -> None:
    dead = seen(frame(0, 10.0), frame(bins - 1, 50.0, signal="traffic.radar"))
    assert bool(dead.shown(outage())) is known
    empty = seen(frame(0, 10.0), *(frame(i, NAN) for i in range(1, bins)))
    assert bool(empty.shown(outage())) is known


def test_bins_longer_than_an_hour_show_their_last_one() -> None:
    long = [replace(frame(36 * i, value), width=6 * SPAN) for i, value in enumerate((10.0, 70.0))]
    fine = frame(72 + 30, 50.0, signal="traffic.radar")
    assert seen(*long, fine).shown(outage()) == [Now("probing.ioda", T + 6 * SPAN, T + 12 * SPAN, 0.7)]


def test_what_speaks_against_the_outage_and_what_is_over_is_not_told() -> None:
    lately = seen(frame(0, 20.0), frame(0, 100.0, signal="bgp.ris"))
    (said,) = now_of([outage()], lately, {})
    assert said == "Now in Pakistan: probes (probing.ioda) at 20% of usual, 2024-02-08 01:45 to 2024-02-08 01:55 UTC."
    assert list(now_of([outage("ended", end=T + 600)], lately, {})) == []


def test_of_five_it_is_told_and_the_others_are_counted() -> None:
    places = tuple(Entity("country", name, name) for name in ("AF", "BD", "IN", "IQ", "IR", "LK", "NP"))
    found = [outage(id=place.name, entity=place.name) for place in places]
    said = list(now_of(found, seen(frame(0, *[20.0] * 7, entities=places)), {}))
    assert len(said) == 6
    assert said[-1] == "So it is known of 2 others: --json has them all (now)."


def test_a_month_leaves_no_more_than_an_hour() -> None:
    lately = seen(*(frame(i, 50.0) for i in range(30 * 144)))
    assert len(lately.recent["probing.ioda", 0].start) == 6


def test_a_replay_tells_what_is_left_of_what_is_still_out(tmp_path: Path) -> None:
    half = series(72, low=range(9)).splitlines()
    rows = [row if i < len(half) - 24 else row.removesuffix("20") + "45" for i, row in enumerate(half)]
    table = "".join(f"{row}\n" for row in rows)
    said = replayed(tmp_path, table)
    assert "80%" in said, "the worst of it"
    assert "Now in Pakistan: probes (probing.ioda) at 45% of usual, 2024-02-07 23:00 to 2024-02-08 00:00 UTC." in said
    (now,) = json.loads(replayed(tmp_path, table, 0, "--json"))["now"]
    assert (now["signal"], now["start"], now["ratio"]) == (
        "probing.ioda",
        "2024-02-07T23:00:00Z",
        pytest.approx(0.45, abs=0.01),
    )
    assert "Now in" not in replayed(tmp_path, series(72, low=range(4, 9)))
    gone = without(table, 5, 0) + series(72, signal="traffic.radar")
    assert "Now in" not in replayed(tmp_path, gone, 1)
