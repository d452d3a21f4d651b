"""What `Feed.items` checks for every feed: times far ahead, values out of range, signals of no kind."""

from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.bins import DAY
from pipeline.errors import DecodeError
from pipeline.feeds import Feed
from pipeline.feeds.base import joined
from pipeline.records import Entity, Rows, Run

T0, STEP = 1_700_006_400, 900
YEARS_AHEAD = T0 + 20 * 366 * DAY
STEPS = [T0 + STEP * i for i in range(200)]


def rows(times: list[int], signal: str = "traffic.radar", value: float = 7.0, width: int = STEP) -> Iterator[Rows]:
    """A batch for each row."""
    for time in times:
        cells = np.array([time]), np.zeros(1, np.int32), np.array([value])
        yield Rows(Run(), "toy", 0, signal, width, (), 0, (Entity("country", "PK", "PK"),), *cells)


def checked(given: list[Rows], size: int = 1) -> tuple[list[Rows], list[DecodeError]]:
    """The rows that pass, in batches of ``size``, and the damage."""
    batches = [joined(given[i : i + size]) for i in range(0, len(given), size)]
    feed = Feed("toy", ("traffic.radar",), lambda *_: True, lambda _: iter(batches))
    items = list(feed.items(BytesIO()))
    return [i for i in items if isinstance(i, Rows)], [i for i in items if isinstance(i, DecodeError)]


def times(given: list[int], size: int = 1) -> tuple[list[int], list[int]]:
    """Times that pass, in order, and numbers of the records that are damage."""
    used, damage = checked(list(rows(given)), size)
    assert {error.reason for error in damage} <= {"bad-time"}
    numbers = [int(error.place.removeprefix("record ").replace(",", "")) for error in damage]
    return [int(time) for batch in used for time in batch.time], numbers


@pytest.mark.parametrize(
    ("signal", "value", "is_used"),
    [("ooni.whatsapp", 0.0, True), ("ooni.whatsapp", 1.0, True), ("ooni.whatsapp", 1.0001, False),
     ("traffic.radar", 1000.0, True), ("traffic.radar", -1.0, False), ("traffic.radar", np.inf, False)],
)  # fmt: skip
def test_a_value_out_of_the_range_of_its_signal_is_not_observed(signal: str, value: float, is_used: bool) -> None:
    (found,), damage = checked(list(rows([T0], signal, value)))
    assert (np.isfinite(found.value).tolist(), damage) == ([is_used], [])


def test_a_signal_of_no_known_kind_is_damage() -> None:
    given = [*rows([T0], "trafic.radar"), *rows([T0]), *rows([T0], "traffic")]
    used, damage = checked(given)
    assert len(used) == 1
    assert [str(error) for error in damage] == [
        "toy: bad-signal at records 1 to 1: trafic.radar", "toy: bad-signal at records 3 to 3: traffic"
    ]  # fmt: skip


@pytest.mark.parametrize("size", [1, 7, 1000])
@pytest.mark.parametrize("place", [0, 1, 60, 100, 199, 200])
def test_one_time_that_is_years_ahead_is_one_dead_letter(place: int, size: int) -> None:
    assert times([*STEPS[:place], YEARS_AHEAD, *STEPS[place:]], size) == (STEPS, [place + 1])


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
@pytest.mark.parametrize("wrong", [2, 8, 30])
def test_several_first_times_a_year_ahead_are_damage(wrong: int, size: int) -> None:
    given = [*(time + 400 * DAY for time in STEPS[:wrong]), *STEPS[wrong:]]
    assert times(given, size) == (STEPS[wrong:], list(range(1, wrong + 1)))


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_a_clock_that_is_days_ahead_now_and_then_costs_its_own_rows(size: int) -> None:
    given = [each for i, time in enumerate(STEPS) for each in (time, *[time + 3 * DAY] * (i % 50 == 20))]
    assert times(given, size) == (STEPS, [22, 73, 124, 175])


@pytest.mark.parametrize("size", [1, 7, 1000])
@pytest.mark.parametrize("gap", [2 * DAY, 3 * 365 * DAY])
def test_a_gap_in_a_recording_passes_and_a_stray_time_behind_it_does_not(size: int, gap: int) -> None:
    later = [time + gap for time in STEPS]
    assert times([*STEPS, *later], size) == ([*STEPS, *later], [])
    given = [*STEPS, YEARS_AHEAD, *later[:3], YEARS_AHEAD, *later[3:]]
    assert times(given, size) == ([*STEPS, *later], [201, 205])


@pytest.mark.parametrize("size", [1, 1000])
def test_one_country_after_the_other_passes(size: int) -> None:
    months = [T0 + STEP * i for i in range(30 * 96)] * 2
    assert times(months, size) == (months, [])


AT = st.sampled_from([T0, T0 + DAY, T0 + 2 * DAY, T0 + 300 * DAY, T0 + 400 * DAY, YEARS_AHEAD, YEARS_AHEAD + 400 * DAY])


@given(st.lists(st.tuples(AT, st.integers(1, 60)), max_size=8), st.sampled_from([1, 7, 1000]))
def test_every_row_either_passes_or_is_damage(runs: list[tuple[int, int]], size: int) -> None:
    stamps = [begin + STEP * i for begin, many in runs for i in range(many)]
    used, dead = times(stamps, size)
    assert len(set(dead)) == len(dead)
    assert sorted([*used, *(stamps[i - 1] for i in dead)]) == sorted(stamps)


def test_a_batch_with_times_in_milliseconds_is_damage_and_the_others_pass() -> None:
    first, wrong, last = (joined(list(rows(STEPS[i : i + 5]))) for i in (0, 5, 10))
    feed = Feed("toy", (), lambda *_: True, lambda _: iter([first, replace(wrong, time=wrong.time * 1000), last]))
    damage, *used = feed.items(BytesIO())  # the first times are given when others have come
    assert str(damage) == "toy: bad-batch at records 6 to 10: a time is out of range"
    assert [int(time) for batch in used for time in batch.time] == [*STEPS[:5], *STEPS[10:15]]
