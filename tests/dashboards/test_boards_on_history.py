"""One written history on all boards, in a real Prometheus.  Its scenes are days apart, so that none sees another."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from pipeline.bins import DAY
from pipeline.records import Entity, Outage, Term
from pipeline.serve.openmetrics import History
from tests.dashboards.servers import Queries, history_prometheus
from tests.dashboards.test_boards import further, panels, queries
from tests.explain.shown import PK, SD, ZONG, T, outage, verdicts

pytestmark = [pytest.mark.system, pytest.mark.sockets]

HOUR = 3600
PAKISTAN, NETWORKS, NEW, BLIND, UNSETTLED, MIXED, PARTS, MOVED, RENAMED = (T + 3 * DAY * n for n in range(9))
"""When each scene begins [s]."""

FIRST, LAST = PAKISTAN - 6 * HOUR, PAKISTAN + 20 * HOUR
VALUES = {
    "$__rate_interval": "30m", "$__range": "26h", "${__interval_ms}": "240000",
    '"$country"': '"PK"', "$signal": ".*", "$tense": "replay",
}  # fmt: skip
ONLY_LIVE = (
    "_feed_up", "_feed_dead_info", "_feed_last_event", "_feed_messages", "_dead_letters_", "_late_records_",
    "_watch_active", "_outages_total", "_latency_", "_build_info",
)  # fmt: skip
NAN = np.full((1, 1), np.nan)
TELESCOPE = {"signal": "telescope.ioda", "feed": "telescope", "score": NAN, "settled": np.zeros((1, 1), np.bool_)}
CANNOT_SEE, TOO_NEW = 3.0, 4.0


def revision(at: int, state: str = "confirmed", number: int = 2, **changed: Any) -> Outage:
    """A revision of an outage that began at a time [s]."""
    times = {"start": at, "detected_at": at + 900, "confirmed_at": at + 1800}
    return outage(state, number, **{"tense": "replay", **times, **changed})


def a_day_of_pakistan(history: History) -> None:
    """An outage of 13 hours, a suspicion by a slow loss, and a country of regions at the end."""
    network = {"id": "n", "entity_type": "asn", "entity": "AS59257"}
    slow = (Term("traffic.radar/daily", 0.7, -14.0, 8.0, 1.0),)
    late = {"id": "s", "start": LAST - 3600, "detected_at": LAST - 3000, "confirmed_at": None, "signals": slow}
    told = {
        T + 900: [revision(T, "suspected", 1, confirmed_at=None)],
        T + 1800: [revision(T), revision(T, **network)],
        T + 13 * HOUR + 1800: [revision(T, "ended", 3, end=T + 13 * HOUR, **one) for one in ({}, network)],
        LAST - 3000: [revision(T, "suspected", 1, **late)],
    }
    for start in range(FIRST, LAST, 600):
        value = 20.0 if T <= start < T + 13 * HOUR else 100.0
        history.observe(verdicts((PK, SD, ZONG), value=value, tense="replay", at=start))
        for at in [at for at in told if start < at <= start + 600]:
            for one in told[at]:
                history.outage(one)
    for name, value in (("VE-A", 20.0), ("VE-B", 80.0)):
        history.observe(verdicts((Entity("region", name, "VE"),), value=value, tense="replay", at=LAST))
    history.outage(revision(T, "retracted", 2, **late, end=LAST))


def written() -> History:
    """All scenes, in order of time."""
    history = History()
    a_day_of_pakistan(history)
    for at in range(NETWORKS, NETWORKS + 6 * HOUR, 600):
        for n in range(1, 8):
            place = Entity("asn", f"AS{n}", "PK")
            history.observe(verdicts((place,), value=100.0 - n, tense="replay", at=at, partition=n))
    for state, number in (("confirmed", 1), ("ended", 2)):
        for name in ("AS2", "AS6"):
            ended = NETWORKS + 6 * HOUR if state == "ended" else None
            history.outage(revision(NETWORKS, state, number, id=name, entity_type="asn", entity=name, end=ended))
    for at in range(NEW, NEW + 2 * HOUR, 600):
        history.observe(verdicts(tense="replay", at=at, expected=NAN, lower=NAN, upper=NAN, score=NAN))
    for scene in (BLIND, UNSETTLED):
        for at in range(scene, scene + 6 * HOUR, 600):
            dark, settled = scene == BLIND and at >= BLIND + 3 * HOUR, scene == BLIND or at >= UNSETTLED + 3 * HOUR
            health, has_past = np.full((1, 2), 0.0 if dark else 1.0, np.float32), np.full((1, 2), settled)
            value = np.nan if dark else 100.0
            history.observe(verdicts((PK, ZONG), value=value, tense="replay", at=at, health=health, settled=has_past))
    for at in range(MIXED, MIXED + HOUR, 600):
        history.observe(verdicts(tense="replay", at=at))
        history.observe(verdicts(tense="replay", at=at, **TELESCOPE))
        dark_bin = {"value": np.nan, "health": np.zeros((1, 1), np.float32), "score": NAN}
        history.observe(verdicts(tense="replay", at=at, signal="bgp.ris", **dark_bin))
    for at in range(PARTS, PARTS + HOUR, 600):
        history.observe(verdicts((SD,), tense="replay", at=at))
        if at == PARTS + 1200:
            history.outage(revision(PARTS, id="p", detected_at=at, confirmed_at=at))
        if at == PARTS + 2400:
            history.outage(revision(PARTS, "ended", 3, id="p", end=at))
    for at in range(MOVED, MOVED + HOUR, 600):
        common = np.full(1, 0.9 if at < MOVED + 1800 else 1.0)
        history.observe(verdicts((Entity("country", "GB", "GB"),), tense="replay", at=at, common=common))
    for at in range(RENAMED, RENAMED + HOUR, 600):
        for n, place in enumerate((PK, PK._replace(title="Pakistan (reconstructed)"))):
            history.observe(verdicts((place,), tense="replay", at=at, partition=n))
    return history


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Queries]:
    with history_prometheus(written(), tmp_path_factory.mktemp("history")) as queries_:
        yield queries_


def expressions(title: str, **values: str) -> list[str]:
    """The expressions of the panels of a title, each once, with their variables filled in."""
    found = list(dict.fromkeys(q["expr"] for _, panel in panels() if panel["title"] == title for q in panel["targets"]))
    for name, value in (VALUES | values).items():
        found = [expr.replace(name, value) for expr in found]
    return found


def shown(asked: Queries, title: str, at: int, **values: str) -> list[dict[str, float]]:
    """The values of each query of a panel at a time [s], by the name of the place or signal."""
    found = []
    for expr in expressions(title, **values):
        series = asked.over(expr, at, at)
        labels = [one["metric"].get("name") or one["metric"].get("signal", "") for one in series]
        found.append(dict(zip(labels, (float(one["values"][0][1]) for one in series), strict=True)))
    return found


def labels(asked: Queries, title: str, at: int) -> list[dict[str, str]]:
    """The labels of the one query of a panel at a time [s]."""
    (expr,) = expressions(title)
    return [series["metric"] for series in asked.over(expr, at, at)]


def word(title: str, value: float) -> str:
    """The text that a panel shows for a value."""
    (one,) = [p for _, p in panels() if p["title"] == title]
    return str(one["fieldConfig"]["defaults"]["mappings"][0]["options"][f"{value:.0f}"]["text"])


def test_every_expression_but_those_on_live_work_returns_something(asked: Queries) -> None:
    empty = []
    for place, expr in queries():
        if not further(expr) and not any(name in expr for name in ONLY_LIVE):
            for name, value in VALUES.items():
                expr = expr.replace(name, value)
            if not asked.over(expr, FIRST, LAST, step=240):
                empty.append((place, expr))
    assert not empty


def test_the_board_of_the_morning_after_says_when_the_outage_of_the_night_ended(asked: Queries) -> None:
    (last,) = labels(asked, "Last outage that ended", LAST - 60)
    assert last["text"] == "Restored Thu 8 Feb 2024, 19:45 (UTC+5), after 13 hours"
    rows = labels(asked, "Ended in this time", LAST - 60)
    assert {row["name"] for row in rows} == {"Pakistan", "AS59257 (Pakistan)"}
    (before,) = labels(asked, "Last outage that ended", T - 600)
    assert before["text"] == "No outage ended in this time"
    assert not labels(asked, "Last outage that ended", FIRST - HOUR), "nothing was observed"


@pytest.mark.parametrize(("country", "regions", "slow"), [("VE", ["0.5"], []), ("PK", [], ["0.7"])])
def test_a_country_of_regions_and_a_slow_loss_are_compared_with_usual(
    asked: Queries, country: str, regions: list[str], slow: list[str]
) -> None:
    exprs = expressions("Connectivity compared with usual", **{'"$country"': f'"{country}"'})
    at = LAST + 60 if country == "VE" else LAST - 60
    found = [[series["values"][-1][1] for series in asked.over(exprs[i], at, at)] for i in (1, 4)]
    assert found == [regions, slow]


def test_a_network_that_was_out_has_a_colour_and_the_others_are_grey(asked: Queries) -> None:
    title, at = "Networks and regions compared with usual", NETWORKS + 3 * HOUR
    coloured, grey = (set(found) for found in shown(asked, title, at, **{"$__range": "3h"}))
    assert coloured == {"AS2 (Pakistan)", "AS6 (Pakistan)"}
    assert grey == {f"AS{n} (Pakistan)" for n in (1, 3, 4, 5, 7)}


def test_a_signal_without_a_past_gives_no_series(asked: Queries) -> None:
    exprs = expressions("Connectivity compared with usual")
    assert [asked.over(expr, NEW, NEW + 7000, 60) for expr in exprs] == [[]] * 5


@pytest.mark.parametrize(
    ("clear", "unclear", "state"),
    [
        (BLIND + HOUR, BLIND + 4 * HOUR, CANNOT_SEE),
        (UNSETTLED + 4 * HOUR, UNSETTLED + HOUR, TOO_NEW),
    ],
)
def test_there_is_no_all_clear_for_a_time_that_could_not_be_judged(
    asked: Queries, clear: int, unclear: int, state: float
) -> None:
    assert shown(asked, "Countries out now", clear) == [{"No country is out": -1.0}]
    assert shown(asked, "Countries out now", unclear) == [{"Pakistan": -state}]
    for title, place in (("Now", "Pakistan"), ("Networks, regions and services over time", "AS59257 (Pakistan)")):
        assert shown(asked, title, clear) == [{place: 0.0}]
        assert shown(asked, title, unclear) == [{place: state}]
    assert shown(asked, "Could we see?", clear) == [{"probing.ioda": 0.0}]
    assert shown(asked, "Could we see?", unclear) == [{"probing.ioda": state}]
    assert shown(asked, "Signals that cannot see", clear) == [{"All signals see": -1.0}]
    for title in ("Regions, networks, services out", "Suspected"):
        assert [list(found.values()) for found in shown(asked, title, clear)] == [[0.0]]
        assert shown(asked, title, unclear) == [{}]


def test_a_signal_that_is_seen_but_not_judged_is_marked_and_not_drawn(asked: Queries) -> None:
    at = MIXED + 1800
    (seen,) = shown(asked, "Could we see?", at)
    assert {signal: word("Could we see?", value) for signal, value in seen.items()} == {
        "probing.ioda": "Seen", "telescope.ioda": "Too new to judge", "bgp.ris": "Not seen",
    }  # fmt: skip
    lines = shown(asked, "Connectivity compared with usual", at)
    assert set(lines[0]) == {"probing.ioda"}
    assert lines[2] == {"": pytest.approx(0.9)}, "the band is that of the judged signal"
    assert shown(asked, "Signals that cannot see", at) == [{"bgp.ris": 0.0}]


def test_evidence_is_above_zero_for_an_outage_below_it_against_and_at_zero_afterwards(asked: Queries) -> None:
    title, zero = "Evidence: above 0 for an outage, below against", {"neither for nor against": 0.0}
    assert shown(asked, title, PARTS + 600) == [zero]
    assert shown(asked, title, PARTS + 1800) == [{"probes (probing.ioda)": 7.0, "routes (bgp.ris)": -0.5, **zero}]
    assert shown(asked, title, PARTS + 3500) == [{"probes (probing.ioda)": 0.0, "routes (bgp.ris)": 0.0, **zero}]


def test_a_country_of_regions_is_on_the_boards_before_its_outage(asked: Queries) -> None:
    info = 'netvigil_entity_info{entity_type="country",entity="PK"}'
    assert [one["metric"]["name"] for one in asked.over(info, PARTS + 600, PARTS + 600)] == ["Pakistan"]
    expr, _ = expressions("What is left, by the lowest signal", **{"$__range": "1h"})
    (left,) = asked.over(expr, PARTS, PARTS + 3500, 600)
    assert int(left["values"][0][0]) == PARTS


def test_what_moves_all_series_of_a_feed_is_shown_as_the_feed_s_on_both_boards(asked: Queries) -> None:
    for country, on_both in (("GB", [{"probing.ioda"}, {"probing.ioda"}]), ("PK", [set(), {"probing.ioda"}])):
        values = {'"$country"': f'"{country}"'}
        for at, moved in ((MOVED + 600, -10.0), (MOVED + 2400, 0.0)):
            found = shown(asked, "Moved by the feed itself", at, **values)
            assert [set(one) for one in found] == on_both
            assert {value for one in found for value in one.values()} == {moved}


def test_a_second_name_of_a_country_does_not_blank_its_panels(asked: Queries) -> None:
    assert len(shown(asked, "Now", RENAMED + 1800)[0]) == 1
