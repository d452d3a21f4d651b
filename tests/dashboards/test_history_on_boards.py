"""Written history on the same boards, in a real Prometheus."""

from pathlib import Path

import pytest

from pipeline.history import History
from tests.dashboards.servers import history_prometheus
from tests.dashboards.test_boards import panels, queries
from tests.pipeline.shown import PK, SD, ZONG, T, outage, verdicts

pytestmark = [pytest.mark.system, pytest.mark.sockets]

FIRST, LAST = T - 6 * 3600, T + 20 * 3600
VALUES = {
    "$__rate_interval": "30m", "$__range": "26h", "$__interval": "4m",
    '"$country"': '"PK"', "$signal": ".*", "$tense": "replay",
}  # fmt: skip
ONLY_LIVE = (
    "_feed_",
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
            if not any(name in expr for name in ONLY_LIVE):
                for name, value in VALUES.items():
                    expr = expr.replace(name, value)
                if not asked.over(expr, FIRST, LAST, step=240):
                    silent.append((place, expr))
    assert not silent


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
