"""Written history on the same boards, in a real Prometheus."""

from pathlib import Path

import numpy as np
import pytest

from pipeline.records import Entity, Term
from pipeline.serve.openmetrics import History
from tests.dashboards.servers import Queries, history_prometheus
from tests.dashboards.test_boards import further, panels, queries
from tests.explain.shown import PK, SD, ZONG, T, outage, verdicts

pytestmark = [pytest.mark.system, pytest.mark.sockets]

FIRST, LAST = T - 6 * 3600, T + 20 * 3600
VALUES = {
    "$__rate_interval": "30m", "$__range": "26h", "$__interval": "4m",
    '"$country"': '"PK"', "$signal": ".*", "$tense": "replay",
}  # fmt: skip
ONLY_LIVE = (
    "_feed_up",
    "_feed_last_event",
    "_feed_messages",
    "_dead_letters_",
    "_late_records_",
    "_watch_active",
    "_outages_total",
    "_latency_",
    "_build_info",
)


def recorded() -> History:
    """A day of Pakistan with its outage, and a suspicion."""
    history = History()
    ended = {"tense": "replay", "end": T + 13 * 3600}
    last = {"tense": "replay", "start": LAST - 3600, "detected_at": LAST - 3000, "confirmed_at": None}
    told = {
        T + 900: [outage("suspected", 1, tense="replay", confirmed_at=None)],
        T + 1800: [outage(tense="replay"), outage(id="n", tense="replay", entity_type="asn", entity="AS59257")],
        T + 13 * 3600 + 1800: [
            outage("ended", 3, **ended), outage("ended", 3, id="n", entity_type="asn", entity="AS59257", **ended)
        ],
        LAST - 3000: [outage("suspected", 1, id="s", **last)],
    }  # fmt: skip
    for start in range(FIRST, LAST, 600):
        value = 20.0 if T <= start < T + 13 * 3600 else 100.0
        history.observe(verdicts((PK, SD, ZONG), value=value, tense="replay", at=start))
        for at in [at for at in told if start < at <= start + 600]:
            for revision in told[at]:
                history.outage(revision)
    return history


def test_every_expression_but_those_on_live_work_returns_something(tmp_path: Path) -> None:
    silent = []
    with history_prometheus(recorded(), tmp_path) as asked:
        for place, expr in queries():
            if not further(expr) and not any(name in expr for name in ONLY_LIVE):
                for name, value in VALUES.items():
                    expr = expr.replace(name, value)
                if not asked.over(expr, FIRST, LAST, step=240):
                    silent.append((place, expr))
    assert not silent


def test_a_country_of_regions_and_a_slow_loss_are_seen_beside_what_is_usual(tmp_path: Path) -> None:
    history = recorded()
    slow = (Term("traffic.radar/cusum", 0.7, -14.0, 8.0, 1.0),)
    history.outage(outage("suspected", 2, id="s", tense="replay", start=LAST - 3600, confirmed_at=None, signals=slow))
    for entity, value in ((Entity("region", "VE-A", "VE"), 20.0), (Entity("region", "VE-B", "VE"), 80.0)):
        history.observe(verdicts((entity,), value=value, tense="replay", at=LAST))
    (compared,) = [p["targets"] for _, p in panels() if p["title"] == "Connectivity compared with usual"]
    with history_prometheus(history, tmp_path) as asked:
        for country, found in (("VE", ["0.5", None]), ("PK", [None, "0.7"])):
            for i, value in zip((1, 4), found, strict=True):
                expr = compared[i]["expr"].replace("$country", country).replace("$tense", "replay")
                said = asked.over(expr, LAST + 60, LAST + 60)
                assert [series["values"][-1][1] for series in said] == [value] * (value is not None)


def test_nothing_is_lost_between_two_bins_of_an_hour(tmp_path: Path) -> None:
    history = History()
    for start in range(T, T + 10 * 3600, 3600):
        history.observe(verdicts(at=start, width=3600))
    with history_prometheus(history, tmp_path) as asked:
        (series,) = asked.over("netvigil_signal_value", T, T + 10 * 3600 - 60, step=60)
    assert len(series["values"]) == 600


def test_what_history_does_not_record_is_not_claimed_to_be_nothing() -> None:
    titles = ("Dead feeds", "On watch", "Time to confirm", "Suspicions taken back")
    said = {p["title"]: p["fieldConfig"]["defaults"]["noValue"] for _, p in panels() if p["title"] in titles}
    assert said == dict.fromkeys(titles, "Not recorded")


def asked_by(title: str, **values: str) -> list[str]:
    """The expressions of a panel with its variables filled in."""
    filled = []
    for panel in (panel for _, panel in panels() if panel["title"] == title):
        for query in panel["targets"]:
            expr = query["expr"]
            for name, value in {**VALUES, **values}.items():
                expr = expr.replace(name, value)
            filled.append(expr)
    return filled


def shown_at(asked: Queries, expr: str, at: int) -> list[dict[str, str]]:
    """Labels of what an expression gives at a time."""
    return [series["metric"] for series in asked.over(expr, at, at)]


def test_the_morning_after_still_finds_when_the_night_s_outage_ended(tmp_path: Path) -> None:
    last, table = asked_by("Last outage that ended") + asked_by("Ended in this time")
    with history_prometheus(recorded(), tmp_path) as asked:
        (told,) = shown_at(asked, last, LAST - 60)
        assert told["text"] == "Restored Thu 8 Feb 2024, 19:45 (UTC+5), after 13 hours"
        assert {row["name"] for row in shown_at(asked, table, LAST - 60)} == {"Pakistan", "AS59257 (Pakistan)"}
        (told,) = shown_at(asked, last, T - 600)
        assert told["text"] == "No outage ended in this time"
        assert not shown_at(asked, last, FIRST - 3600), "nobody looked"


def test_a_network_that_was_out_has_a_colour_wherever_it_fell_and_no_other_has(tmp_path: Path) -> None:
    networks = tuple(Entity("asn", f"AS{n}", "PK") for n in range(1, 8))
    history = History()
    for start in range(T, T + 6 * 3600, 600):
        for n, network in enumerate(networks):
            frame = verdicts((network,), value=100.0 - n, tense="replay", at=start, partition=n)
            history.observe(frame)
    for name in ("AS2", "AS6"):
        history.outage(outage(id=name, tense="replay", entity_type="asn", entity=name))
    with history_prometheus(history, tmp_path) as asked:
        coloured, grey = (
            {series["name"] for series in shown_at(asked, expr, T + 3 * 3600)}
            for expr in asked_by("Networks and regions compared with usual", **{"$__range": "3h"})
        )
    assert coloured == {"AS2 (Pakistan)", "AS6 (Pakistan)"}
    assert grey == {f"AS{n} (Pakistan)" for n in (1, 3, 4, 5, 7)}


def test_a_time_without_a_past_gives_no_series_and_so_a_sentence(tmp_path: Path) -> None:
    nan = np.full((1, 1), np.nan)
    history = History()
    for start in range(T, T + 7200, 600):
        history.observe(verdicts(tense="replay", at=start, expected=nan, lower=nan, upper=nan, score=nan))
    with history_prometheus(history, tmp_path) as asked:
        found = [asked.over(expr, T, T + 7000, 60) for expr in asked_by("Connectivity compared with usual")]
    assert found == [[]] * 5


def test_a_replay_that_brings_another_name_of_a_country_does_not_blank_its_panels(tmp_path: Path) -> None:
    history, made = History(), PK._replace(title="Pakistan (reconstructed)")
    for start in range(T, T + 7200, 600):
        for partition, place in enumerate((PK, made)):
            history.observe(verdicts((place,), tense="replay", at=start, partition=partition))
    with history_prometheus(history, tmp_path) as asked:
        found = [shown_at(asked, expr, T + 3600) for expr in asked_by("Now")]
    assert [len(series) for series in found] == [1]
