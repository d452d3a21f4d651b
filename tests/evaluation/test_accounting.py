"""The accounting, on examples that a person can check in the head: seconds of one day, and verdicts bin by bin."""

import math

import numpy as np
import pytest

from detectors.base import HIGH, LOW_CONFIRMED, LOW_PROVISIONAL, NORMAL, UNKNOWN
from pipeline.evaluation.accounting import (
    END,
    LOW,
    MONTH,
    ONSET,
    Account,
    Called,
    Observed,
    account,
    events,
    fused,
    plain,
)
from pipeline.evaluation.cases import Ignored, Tolerance
from pipeline.evaluation.spans import Span
from pipeline.evaluation.traces import Trace, refused
from pipeline.feeds import Label
from pipeline.records import Entity, Outage

UA = Entity("country", "UA", "UA")
ZHYTOMYR = Entity("region", "UA-18", "UA")
KYIV = Entity("region", "UA-32", "UA")
NETWORK = Entity("asn", "AS1", "UA")
ABROAD = Entity("country", "PL", "PL")
LOST = Entity("asn", "AS2", "")

EXACT = Tolerance(onset_early=60, onset_late=120, end_early=180, end_late=240, cover=0.75)
DAY = 24 * 3600


def label(start: int, end: int, entity: Entity = ZHYTOMYR) -> Label:
    return Label(start, end, entity.type, entity.name, "shutdown", "")


def out(start: int, end: int | None, entity: Entity = ZHYTOMYR, suspected: int = 0, confirmed: int = 0) -> Called:
    return Called(entity, start, end, suspected or start, confirmed or start)


def held(called: list[Called], labels: list[Label], exact: Tolerance = EXACT, end: int = DAY) -> Account:
    return account(called, labels, exact, Observed(0, end - 300, end, 2, 2 * MONTH), lambda _: "UA")


def test_an_exact_outage_meets_its_label() -> None:
    made = held([out(10_030, 20_060, suspected=10_300, confirmed=10_600)], [label(10_000, 20_000)])
    (answer,) = made.answers
    assert (answer.hit, answer.met, answer.fragments) == (True, True, 1)
    assert (answer.onset_error, answer.end_error) == (30, 60)
    assert (answer.suspected, answer.confirmed) == (300, 600)
    assert answer.cover == pytest.approx(0.997)
    assert (made.hits, made.met, made.false, made.others, made.months) == (1, 1, (), (), 2.0)


@pytest.mark.parametrize(
    ("start", "end", "met"),
    [
        (9_940, 20_000, True), (9_939, 20_000, False), (10_120, 20_000, True), (10_121, 20_000, False),
        (10_000, 19_820, True), (10_000, 19_819, False), (10_000, 20_240, True), (10_000, 20_241, False),
    ],
)  # fmt: skip
def test_onset_and_end_within_the_tolerance_meet_the_label(start: int, end: int, met: bool) -> None:
    made = held([out(start, end)], [label(10_000, 20_000)])
    assert (made.hits, made.met) == (1, int(met))


@pytest.mark.parametrize(
    ("called", "labels", "found"),
    [
        pytest.param([out(10_000, 14_000), out(14_300, 20_000)], [label(10_000, 20_000)], (1, 0, 0, 0), id="fragments"),
        pytest.param([out(10_000, 20_000), out(20_100, 20_200)], [label(10_000, 20_000)], (1, 0, 0, 0), id="after"),
        pytest.param([out(20_000, 20_200)], [label(10_000, 20_000)], (0, 0, 0, 0), id="only near"),
        pytest.param(
            [out(10_000, 40_000)], [label(10_000, 20_000), label(30_000, 40_000)], (2, 0, 0, 0), id="over two labels"
        ),
        pytest.param([out(10_000, 20_000, KYIV)], [label(10_000, 20_000)], (0, 0, 1, 0), id="another region"),
        pytest.param([out(10_000, 20_000, ABROAD)], [label(10_000, 20_000)], (0, 0, 1, 0), id="another country"),
        pytest.param([out(10_000, 20_000, LOST)], [label(10_000, 20_000)], (0, 0, 1, 0), id="of no country"),
        pytest.param([out(10_000, 20_000, NETWORK)], [label(10_000, 20_000)], (0, 0, 1, 0), id="network, region"),
        pytest.param([out(10_000, 20_000, UA)], [label(10_000, 20_000)], (0, 0, 0, 1), id="the whole"),
        pytest.param([out(10_000, 20_000)], [label(10_000, 20_000, UA)], (0, 0, 0, 1), id="a region of it"),
        pytest.param([out(10_000, 20_000, NETWORK)], [label(10_000, 20_000, UA)], (0, 0, 0, 1), id="a network of it"),
        pytest.param([out(30_000, 40_000, NETWORK)], [label(10_000, 20_000, UA)], (0, 0, 1, 0), id="at another time"),
    ],
)
def test_hits_met_false_and_others(called: list[Called], labels: list[Label], found: tuple[int, ...]) -> None:
    made = held(called, labels)
    assert (made.hits, made.met, len(made.false), len(made.others)) == found


def test_an_outage_that_covers_too_little_does_not_meet_its_label() -> None:
    made = held([out(10_000, 11_000)], [label(10_000, 11_000 + 400)], EXACT._replace(end_early=3600))
    assert (made.hits, made.met, made.answers[0].cover) == (1, 0, pytest.approx(1000 / 1400))


def test_an_ignored_window_counts_neither_way() -> None:
    exact = EXACT._replace(ignored=(Ignored(Span(10_000, 20_000)), Ignored(Span(30_000, 31_000))))
    called = [out(10_000, 20_000), out(30_500, 32_000), out(31_000, 32_000)]
    made = held(called, [label(10_000, 20_000), label(19_000, 20_001)], exact)
    assert [answer.label.start for answer in made.answers] == [19_000]
    assert [outage.start for outage in made.false] == [31_000]


def test_an_open_outage_lasts_to_the_end_of_the_recording() -> None:
    made = held([out(10_000, None)], [label(10_000, 20_000)], EXACT._replace(end_late=400), end=20_400)
    assert (made.met, made.answers[0].end_error, made.answers[0].cover) == (1, 400, 1.0)
    to_the_last_bin = held([out(10_000, None)], [label(10_000, DAY - 300)], EXACT._replace(end_late=0))
    assert (to_the_last_bin.met, to_the_last_bin.answers[0].end_error) == (1, 0)


def test_time_outside_the_recording_need_not_be_covered() -> None:
    (answer,) = held([out(10_000, None)], [label(10_000, 2 * DAY)]).answers
    assert (answer.met, answer.end_error, answer.cover, answer.open) == (True, None, 1.0, True)
    (late,) = held([out(10_500, None)], [label(10_000, 2 * DAY)]).answers
    assert (late.hit, late.met, late.onset_error) == (True, False, 500)
    (over,) = held([out(10_000, 40_000)], [label(10_000, 2 * DAY)]).answers
    assert (over.met, over.end_error) == (False, 40_000 - 2 * DAY)
    assert over.cover == pytest.approx(30_000 / (DAY - 10_000))
    (before,) = held([out(0, 20_000)], [label(-20_000, 20_000)]).answers
    assert (before.cover, before.onset_error) == (1.0, 20_000)


@pytest.mark.parametrize(
    ("first", "last", "undated"),
    [
        ((), (), ()), ((ONSET,), (), (ONSET,)), ((END,), (), ()), ((), (ONSET,), ()),
        ((ONSET, END), (END,), (ONSET, END)),
    ],
)  # fmt: skip
def test_the_onset_of_the_first_and_the_end_of_the_last_outage_may_be_undated(
    first: tuple[str, ...], last: tuple[str, ...], undated: tuple[str, ...]
) -> None:
    found = [out(10_000, 14_000)._replace(undated=first), out(15_000, 20_000)._replace(undated=last)]
    assert held(found, [label(10_000, 20_000)]).answers[0].undated == undated


PK, IQ = Entity("country", "PK", "PK"), Entity("country", "IQ", "IQ")
CODES = {"?": UNKNOWN, ".": NORMAL, "w": LOW_PROVISIONAL, "L": LOW_CONFIRMED, "^": HIGH}
BIN = 300


def trace(states: str, signal: str = "bgp.ris", entity: Entity = PK, missing: str = "") -> Trace:
    """A trace with one sign a bin; ``missing`` marks with ``x`` those without a value."""
    state = np.array([CODES[sign] for sign in states], np.int8)
    value = np.array([math.nan if sign == "x" else 1.0 for sign in missing.ljust(len(states))])
    start, one = np.arange(len(states)) * BIN, np.ones(len(value))
    return Trace(signal, "median", entity, BIN, start, value, value, value, value, value, state, one > 0, one)


@pytest.mark.parametrize(
    ("states", "called_by", "found"),
    [
        ("....", LOW[1:], []), ("..LL..", LOW[1:], [(2, 4, 3, 3)]), (".wwL.", LOW[1:], [(3, 4, 2, 4)]),
        ("LL", LOW[1:], [(0, None, 1, 1)]), ("L?L.", LOW[1:], [(0, 3, 1, 1)]), ("L?.", LOW[1:], [(0, 2, 1, 1)]),
        ("LwL.", LOW[1:], [(0, 1, 1, 1), (2, 3, 1, 3)]), ("L^", LOW[1:], [(0, 1, 1, 1)]),
        (".wwL.w", LOW, [(1, 4, 2, 2), (5, None, 6, 6)]),
    ],
)  # fmt: skip
def test_an_event_is_a_run_of_low_bins(
    states: str, called_by: tuple[int, ...], found: list[tuple[int | None, ...]]
) -> None:
    times = [(e.start, e.end, e.suspected, e.confirmed) for e in events(trace(states), called_by)]
    assert [tuple(None if time is None else time // BIN for time in event) for event in times] == found


@pytest.mark.parametrize(
    ("traces", "gap", "found"),
    [
        pytest.param([trace("..LL...."), trace("...LLL..", "probing.ioda")], 0, [(2, 6)], id="any signal"),
        pytest.param([trace("L..L.")], 2 * BIN, [(0, 4)], id="close"),
        pytest.param([trace("L..L.")], 2 * BIN - 1, [(0, 1), (3, 4)], id="apart"),
        pytest.param([trace("LLLL"), trace("..L.", "probing.ioda")], 0, [(0, None)], id="never ends"),
        pytest.param(
            [trace("..LL"), trace("......LL..", "probing.ioda")], 0, [(2, 4), (6, 8)], id="a signal that ends low"
        ),
        pytest.param([trace("..LL"), trace(".....", "probing.ioda")], BIN, [(2, None)], id="ends low just before"),
        pytest.param([trace("L."), trace("L.", entity=IQ)], 900, [(0, 1), (0, 1)], id="two entities"),
    ],
)
def test_an_entity_is_out_while_any_signal_is(
    traces: list[Trace], gap: int, found: list[tuple[int | None, ...]]
) -> None:
    assert [(o.start // BIN, None if o.end is None else o.end // BIN) for o in plain(traces, gap)] == found


def test_fusion_calls_out_what_was_confirmed_and_not_retracted() -> None:
    def outage(state: str, confirmed: int | None) -> Outage:
        return Outage("id", "region", "UA-18", state, "partial", "replay", 300, None, 600, confirmed, 0.9, 0.5, (), 1)

    made = [outage("ended", 900), outage("retracted", 900), outage("suspected", None), outage("confirmed", 1200)]
    called = fused(made, {})
    assert [one.confirmed for one in called] == [900, 1200]
    assert called[0].entity.country == "UA"


def test_refused_is_the_share_of_observed_time_without_a_verdict() -> None:
    whole = Span(0, 4 * BIN)
    assert refused([trace("??..")], whole) == 0.5
    assert refused([trace("??..")], Span(0, 2 * BIN)) == 1.0
    assert refused([trace("??..", missing="x")], whole) == pytest.approx(1 / 3), "not observed, not refused"
    assert math.isnan(refused([trace("??", missing="xx")], whole))
    assert refused([trace("??.."), trace("?...", "probing.ioda")], whole) == 0.25, "one signal is enough"
    assert refused([trace("????"), trace("....", entity=IQ)], whole) == 0.5
