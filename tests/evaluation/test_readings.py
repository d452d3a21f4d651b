"""What a detector calls out by itself, and where it refused to."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.base import HIGH, LOW_CONFIRMED, LOW_PROVISIONAL, NORMAL, UNKNOWN
from pipeline.engine import Engine
from pipeline.evaluation.accounting import LOW, events, fused, plain
from pipeline.evaluation.cases import read_cases
from pipeline.evaluation.runs import judge_all
from pipeline.evaluation.spans import Span, Spans, joined, seconds_within
from pipeline.evaluation.traces import Silence, Trace
from pipeline.records import Entity, Outage
from pipeline.replay.coverage import Past
from tests.evaluation.made import case

PK = Entity("country", "PK", "PK")
IQ = Entity("country", "IQ", "IQ")
CODES = {"?": UNKNOWN, ".": NORMAL, "w": LOW_PROVISIONAL, "L": LOW_CONFIRMED, "^": HIGH}
BIN = 300


def trace(states: str, signal: str = "bgp.ris", entity: Entity = PK, missing: str = "") -> Trace:
    """A trace with one sign a bin; ``missing`` marks with ``x`` those without a value."""
    state = np.array([CODES[sign] for sign in states], np.int8)
    value = np.array([math.nan if sign == "x" else 1.0 for sign in missing.ljust(len(states))])
    start = np.arange(len(states)) * BIN
    one = np.ones(len(value))
    return Trace(signal, "median", entity, BIN, start, value, value, value, value, value, state, one > 0, one)


def bins(states: str, called_by: tuple[int, ...] = (LOW_CONFIRMED,)) -> list[tuple[int, int | None, int, int]]:
    """Events as ``(start, end, suspected, confirmed)`` in bins."""
    found = events(trace(states), called_by)
    return [
        (e.start // BIN, None if e.end is None else e.end // BIN, e.suspected // BIN, e.confirmed // BIN) for e in found
    ]


@pytest.mark.parametrize(
    ("states", "found"),
    [
        ("....", []),
        ("..LL..", [(2, 4, 3, 3)]),
        (".wwL.", [(3, 4, 2, 4)]),
        ("LL", [(0, None, 1, 1)]),
        ("L?L.", [(0, 3, 1, 1)]),
        ("L?.", [(0, 2, 1, 1)]),
        ("LwL.", [(0, 1, 1, 1), (2, 3, 1, 3)]),
        ("L^", [(0, 1, 1, 1)]),
    ],
)
def test_an_event_is_a_run_of_what_is_confirmed(states: str, found: list[tuple[int, int | None, int, int]]) -> None:
    assert bins(states) == found


def test_warnings_make_events_of_their_own() -> None:
    assert bins(".wwL.w", LOW) == [(1, 4, 2, 2), (5, None, 6, 6)]


def test_an_entity_is_out_while_any_signal_says_so() -> None:
    (outage,) = plain([trace("..LL...."), trace("...LLL..", "probing.ioda")], gap=0)
    assert (outage.start, outage.end, outage.confirmed) == (2 * BIN, 6 * BIN, 3 * BIN)


def test_stretches_that_are_close_are_one_outage() -> None:
    assert [(o.start, o.end) for o in plain([trace("L..L.")], gap=2 * BIN)] == [(0, 4 * BIN)]
    assert len(plain([trace("L..L.")], gap=2 * BIN - 1)) == 2


def test_one_that_never_ends_takes_in_what_follows() -> None:
    assert [(o.start, o.end) for o in plain([trace("LLLL"), trace("..L.", "probing.ioda")], gap=0)] == [(0, None)]


def test_a_signal_that_ends_low_before_the_others_leaves_nothing_open() -> None:
    found = plain([trace("..LL"), trace("......LL..", "probing.ioda")], gap=0)
    assert [(o.start, o.end) for o in found] == [(2 * BIN, 4 * BIN), (6 * BIN, 8 * BIN)]
    assert [(o.start, o.end) for o in plain([trace("..LL"), trace(".....", "probing.ioda")], gap=BIN)] == [
        (2 * BIN, None)
    ]


def test_entities_are_called_out_apart() -> None:
    assert {o.entity.name for o in plain([trace("L."), trace("L.", entity=IQ)], gap=900)} == {"PK", "IQ"}


def test_fusion_calls_out_what_was_confirmed_and_not_taken_back() -> None:
    made = [outage("ended", 900), outage("retracted", 900), outage("suspected", None), outage("confirmed", 1200)]
    assert [called.confirmed for called in fused(made, {}, Past())] == [900, 1200]
    assert fused(made, {}, Past())[0].entity.country == "UA"


def outage(state: str, confirmed: int | None) -> Outage:
    return Outage("id", "region", "UA-18", state, "partial", "replay", 300, None, 600, confirmed, 0.9, 0.5, (), 1)


def test_refused_is_the_share_of_observed_time_without_a_verdict() -> None:
    assert Silence([trace("??..")]).refused([Span(0, 4 * BIN)]) == 0.5
    assert Silence([trace("??..")]).refused([Span(0, 2 * BIN)]) == 1.0


def test_what_was_not_observed_was_not_refused() -> None:
    assert Silence([trace("??..", missing="x")]).refused([Span(0, 4 * BIN)]) == pytest.approx(1 / 3)
    assert math.isnan(Silence([trace("??", missing="xx")]).refused([Span(0, 2 * BIN)]))


def test_an_entity_is_refused_only_where_every_signal_is_silent() -> None:
    assert Silence([trace("??.."), trace("?...", "probing.ioda")]).refused([Span(0, 4 * BIN)]) == 0.25


def test_refusals_are_of_the_entities_that_are_asked_for() -> None:
    both = [trace("????"), trace("....", entity=IQ)]
    assert Silence(both).refused([Span(0, 4 * BIN)]) == 0.5
    assert Silence(both).refused([Span(0, 4 * BIN)], of=lambda entity: entity == IQ) == 0.0


def test_a_bin_of_an_uneven_series_lasts_no_longer_than_to_the_next() -> None:
    uneven = trace("?.")
    assert uneven.stretches(np.array([True, False])) == [Span(0, BIN)]
    late = replace(uneven, width=600)
    assert late.stretches(np.array([True, True])) == [Span(0, BIN + 600)]
    assert late.stretches(np.array([True, False])) == [Span(0, BIN)]


@given(st.lists(st.tuples(st.integers(1, 4), st.booleans()), max_size=40))
def test_stretches_are_those_of_the_bins_one_by_one(bins: list[tuple[int, bool]]) -> None:
    start = 100 * np.cumsum([step for step, _ in bins])
    chosen, one = np.array([there for _, there in bins], bool), np.ones(len(bins))
    uneven = Trace("bgp.ris", "median", PK, 200, start, one, one, one, one, one, one, one > 0, one)
    on_a_grid, after = len(set((start % 200).tolist())) <= 1, [*start[1:].tolist(), 2**40]
    each = [
        Span(a, min(b, a + 200) if on_a_grid or b > a + 600 else b) for a, b in zip(start.tolist(), after, strict=False)
    ]
    assert uneven.stretches(chosen) == joined(span for span, there in zip(each, chosen, strict=True) if there)


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(1, 9)), max_size=20), st.integers(0, 60), st.integers(1, 30))
def test_many_windows_are_told_as_one_is(spans: list[tuple[int, int]], start: int, length: int) -> None:
    found, window = joined(Span(a, a + b) for a, b in spans), Span(start, start + length)
    assert Spans(found).within(window) == seconds_within(found, window)


def test_the_stretches_of_a_trace_are_worked_out_once_however_many_labels_there_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, asked = case(tmp_path / "many"), []
    line = (folder / "labels.csv").read_text().splitlines()[1]
    later = [line.replace("T00:", f"T{hour:02}:").replace("T03:", f"T{hour + 1:02}:") for hour in range(4, 22, 2)]
    with (folder / "labels.csv").open("a") as file:
        file.writelines(f"{one}\n" for one in later)
    stretches = Trace.stretches

    def counted(trace: Trace, bins: np.ndarray) -> list[Span]:
        asked.append(trace.signal)
        return stretches(trace, bins)

    monkeypatch.setattr(Trace, "stretches", counted)
    (read,) = read_cases([folder])
    (median,) = judge_all(read, ["median"], Engine())
    assert len(read.labels) == 10
    assert len(asked) <= 2 * len(median.traces)
