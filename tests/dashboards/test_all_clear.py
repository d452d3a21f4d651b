"""An all-clear needs that somebody could see, and a past to compare with."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dashboards.boards import boards
from pipeline.serve.openmetrics import History
from tests.dashboards.alerts import inputs, promtool_test
from tests.dashboards.servers import Queries, history_prometheus
from tests.dashboards.test_history_on_boards import asked_by
from tests.explain.shown import PK, ZONG, T, verdicts

HOUR = 3600
NO_OUTAGE, CANNOT_SEE, TOO_NEW = 0.0, 3.0, 4.0
PARTS = "Networks, regions and services over time"


def quiet(blind_from: int = 9 * HOUR, settled_from: int = 0) -> History:
    """Six hours in which nothing is low; times from the first bin on [s]."""
    history = History()
    for start in range(T, T + 6 * HOUR, 600):
        dark, settled = start >= T + blind_from, start >= T + settled_from
        history.observe(
            verdicts(
                (PK, ZONG), value=np.nan if dark else 100.0, tense="replay", at=start,
                health=np.full((1, 2), 0.0 if dark else 1.0, np.float32), settled=np.full((1, 2), settled),
            )
        )  # fmt: skip
    return history


def values(asked: Queries, title: str, at: int) -> dict[str, float]:
    """What the one query of a panel gives at a time [s], by the name of the place or signal."""
    (expr,) = asked_by(title)
    found = asked.over(expr, T + at, T + at)
    return {
        series["metric"].get("name") or series["metric"].get("signal", ""): float(series["values"][0][1])
        for series in found
    }


@pytest.mark.system
@pytest.mark.sockets
@pytest.mark.parametrize(
    ("change", "state", "row"),
    [
        ({"blind_from": 3 * HOUR}, CANNOT_SEE, 3.0),
        ({"settled_from": 3 * HOUR}, TOO_NEW, 4.0),
    ],
)
def test_there_is_no_all_clear_for_a_time_that_nobody_could_judge(
    change: dict[str, int], state: float, row: float, tmp_path: Path
) -> None:
    clear, unclear = (HOUR, 4 * HOUR) if "blind_from" in change else (4 * HOUR, HOUR)
    with history_prometheus(quiet(**change), tmp_path) as asked:
        assert values(asked, "Countries out now", clear) == {"No country is out": -1.0}
        assert values(asked, "Countries out now", unclear) == {"Pakistan": -state}
        for title, place in (("Now", "Pakistan"), (PARTS, "AS59257 (Pakistan)")):
            assert values(asked, title, clear) == {place: NO_OUTAGE}
            assert values(asked, title, unclear) == {place: state}
        assert values(asked, "Could we see?", clear) == {"probing.ioda": 0.0}
        assert values(asked, "Could we see?", unclear) == {"probing.ioda": row}
        for title in ("Regions, networks, services out", "Suspected"):
            assert list(values(asked, title, clear).values()) == [0.0]
            assert not values(asked, title, unclear)


def place(code: str, name: str, health: float, settled: int = 1, score: str = "0.5x60") -> list[tuple[str, str]]:
    """The series of a country that are looked at."""
    own = f'entity_type="country",entity="{code}"'
    return [
        (f'netvigil_signal_health_ratio{{signal="bgp.ris",{own}}}', f"{health}x60"),
        (f'netvigil_signal_settled{{signal="bgp.ris",{own}}}', f"{settled}x60"),
        (f'netvigil_signal_score{{signal="bgp.ris",{own}}}', score),
        (f'netvigil_entity_info{{{own},name="{name}"}}', "1x60"),
    ]


def out(code: str, name: str) -> list[tuple[str, str]]:
    own = f'entity_type="country",entity="{code}",tense="live"'
    return [
        (f"netvigil_outage_severity_ratio{{{own}}}", "0.4x60"),
        (f'netvigil_outage_info{{{own},name="{name}",state="confirmed"}}', "1x60"),
    ]


SEEN = place("PK", "Pakistan", 1.0)
MANY = [series for n in range(4) for series in place(f"X{n}", f"Xland {n}", 0.2)]


@pytest.mark.system
@pytest.mark.parametrize(
    ("series", "said"),
    [
        (SEEN, {"No country is out": -1}),
        ([], {}),
        ([*SEEN, *place("IN", "India", 0.2)], {"India": -3}),
        ([*SEEN, *place("IN", "India", 1.0, settled=0)], {"India": -4}),
        ([*SEEN, *place("IN", "India", 1.0, score="NaN " * 60)], {"India": -5}),
        ([*SEEN, *MANY], {"4 countries": -3}),
        ([*SEEN, *MANY, *place("IN", "India", 1.0, settled=0)], {"4 countries": -3, "India": -4}),
        ([*SEEN, ('netvigil_watch_active{country="IQ",name="Exams"}', "1x60")], {"IQ": -3}),
        ([*SEEN, ('netvigil_watch_active{country="PK",name="Election"}', "1x60")], {"No country is out": -1}),
        ([*SEEN, *place("IN", "India", 0.2), *out("PK", "Pakistan")], {"Pakistan": 40, "India": -3}),
    ],
)
def test_calm_is_said_only_where_every_country_can_be_judged(
    series: list[tuple[str, str]], said: dict[str, int], tmp_path: Path
) -> None:
    (panel,) = [p for p in boards()["netvigil-overview"]["panels"] if p["title"] == "Countries out now"]
    expr = "max by (name) (" + panel["targets"][0]["expr"].replace("$tense", "live") + ")"
    samples: list[dict[str, Any]] = [
        {"labels": f'{{name="{name} "}}' if value > 0 else f'{{name="{name}"}}', "value": value}
        for name, value in said.items()
    ]
    own = inputs([*series, ('netvigil_event_timestamp_seconds{tense="live"}', "0+60x60")])
    expected = [{"expr": expr, "eval_time": "30m", "exp_samples": samples}]
    promtool_test(tmp_path, [{"interval": "1m", "input_series": own, "promql_expr_test": expected}])
