"""Written history: what Prometheus makes of it."""

import io
import itertools
import math

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from pipeline.records import Entity
from pipeline.serve.exposition import RESTORED_FOR, TOLD_FOR
from pipeline.serve.metrics import Metrics
from pipeline.serve.openmetrics import History
from tests.explain.shown import PK, T, outage, verdicts

LAST = 301
"""Prometheus shows a sample for 300 s: the last one of a state comes this long before its end [s]."""


def text(history: History) -> str:
    file = io.StringIO()
    history.write(file)
    return file.getvalue()


def lines(history: History, *names: str) -> list[str]:
    return [line for line in text(history).splitlines() if line.startswith(tuple("netvigil_" + n for n in names))]


def times(found: list[str], value: str = "") -> list[int]:
    """The times of these samples, or of those with a value."""
    return [int(line.split()[-1]) for line in found if value in ("", line.split()[-2])]


def test_samples_are_sorted_within_their_series_and_names_are_escaped() -> None:
    history = History()
    for at, value in ((600, math.nan), (0, 1.0)):
        history.observe(verdicts((PK._replace(name='a"b\\c\nd'),), at=at, value=value))
    found = lines(history, "signal_value")
    assert times(found) == sorted(times(found))
    assert all('entity="a\\"b\\\\c\\nd"}' in line for line in found)
    assert text(history).endswith("\n# EOF\n")


def test_a_wide_bin_is_repeated_until_its_end() -> None:
    history = History()
    history.observe(verdicts(at=0, value=50.0))
    history.observe(verdicts(at=600, value=math.nan))
    assert [line.split()[-2:] for line in lines(history, "signal_value")] == [
        ["50.0", "0"], ["50.0", "240"], ["50.0", "480"], ["NaN", "600"], ["NaN", "840"], ["NaN", "1080"],
    ]  # fmt: skip


def test_a_bin_is_repeated_until_the_next_where_bins_are_uneven() -> None:
    history = History()
    hours = (6, 10, 16, 20, 30)
    for hour in hours:
        history.observe(verdicts(at=hour * 3600, width=4 * 3600, value=float(hour)))
    for name in ("signal_value", "event_timestamp", "bin_health"):
        of = times(lines(history, name))
        assert (of[0], of[-1]) == (6 * 3600, 34 * 3600 - 240)
        assert max(b - a for a, b in itertools.pairwise(of)) <= 240, "Prometheus would show a hole"
    shown = {int(line.split()[-1]): float(line.split()[-2]) for line in lines(history, "signal_value")}
    assert all(shown[at] == max(hour for hour in hours if hour * 3600 <= at) for at in shown)


def test_a_bin_is_not_repeated_over_days_without_bins_nor_over_what_was_not_observed() -> None:
    history = History()
    for at, value in ((0, 50.0), (600, math.nan), (3 * 86400, 70.0)):
        history.observe(verdicts(at=at, value=value))
    found = lines(history, "signal_value")
    assert times(found, "NaN") == [600, 840, 1080]
    assert max(at for at in times(found) if at < 3 * 86400) < 1200


@pytest.fixture(scope="module")
def lived() -> History:
    """An outage from T on, detected at T + 900, confirmed at T + 1800, known at T + 7800 to have ended at T + 6000."""
    history = History()
    history.observe(verdicts(at=T + 300))
    history.outage(outage("suspected", 1, kind="unknown", confirmed_at=None, severity=0.3))
    history.observe(verdicts(at=T + 1200))
    history.outage(outage("confirmed", 2, severity=0.5))
    history.observe(verdicts(at=T + 2400))
    history.outage(outage("confirmed", 3, severity=0.8))
    history.observe(verdicts(at=T + 7200))
    history.outage(outage("ended", 4, end=T + 6000))
    return history


def test_an_outage_is_shown_as_it_was_known_and_not_with_hindsight(lived: History) -> None:
    active = lines(lived, "outage_active")
    suspected, confirmed = times(active, "0.0"), times(active, "1.0")
    assert (suspected[0], suspected[-1]) == (T + 900, T + 1800 - LAST)
    assert (confirmed[0], confirmed[-1]) == (T + 1800, T + 7800 - LAST)
    of = sorted(suspected + confirmed)
    assert len(of) == len(active)
    assert max(b - a for a, b in itertools.pairwise(of)) <= LAST
    found = lines(lived, "outage_severity")
    assert [min(times(found, value)) for value in ("0.3", "0.5", "0.8")] == [T + 900, T + 1800, T + 3000]
    found = lines(lived, "outage_start")
    assert {float(line.split()[-2]) for line in found} == {float(T)}
    assert min(times(found)) == T + 900


def test_an_outage_that_ended_is_shown_as_restored_from_when_that_was_known(lived: History) -> None:
    first, *_, last = lines(lived, "restored_info")
    assert 'outcome="restored"' in first
    assert times([first, last]) == [T + 7800, T + 6000 + RESTORED_FOR - LAST]


def test_an_end_that_is_known_only_hours_later_is_shown_too() -> None:
    history = History()
    history.observe(verdicts(at=T + 1200))
    history.outage(outage())
    history.observe(verdicts(at=T + 5 * 3600, width=6 * 3600))
    history.outage(outage("ended", 3, end=T + 5 * 3600))
    first, *_, last = lines(history, "restored_info")
    assert times([first, last]) == [T + 11 * 3600, T + 11 * 3600 + TOLD_FOR - LAST]


def test_an_outage_that_is_open_when_the_recording_ends_is_shown_to_its_end() -> None:
    history = History()
    history.observe(verdicts(at=T + 1200))
    history.outage(outage())
    history.observe(verdicts(at=T + 3000))
    assert lines(history, "outage_active")[-1].endswith(f" 1.0 {T + 3600 - LAST}")


def test_of_hundreds_of_networks_none_is_written() -> None:
    history = History()
    history.observe(verdicts((PK, *(Entity("asn", f"AS{i}", "PK") for i in range(600)))))
    assert {line.partition('entity="')[2].partition('"')[0] for line in lines(history, "signal_value")} == {"PK"}


def series(line: str) -> tuple[str, frozenset[str]]:
    name, _, labels = line.partition("{")
    return name, frozenset(pair.rstrip('"') for pair in labels.partition("} ")[0].split('",'))


def test_history_has_the_series_of_the_live_metrics() -> None:
    registry, history = CollectorRegistry(), History()
    for part in (Metrics.on(registry, tense="replay"), history):
        part.observe(verdicts(tense="replay"))
        part.outage(outage(tense="replay"))
        part.observe(verdicts(tense="replay", at=T + 1800))
    exposed = generate_latest(registry).decode().splitlines()
    live = {series(line) for line in exposed if line.startswith(("netvigil_signal", "netvigil_outage_"))}
    told = {one for one in live if one[0] == "netvigil_outage_grown"}  # only alerts read it, and no replay notifies
    assert len(live) > 10
    assert live - told <= {series(line) for line in text(history).splitlines() if not line.startswith("#")}
