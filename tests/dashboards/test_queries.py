"""What a query of a board gives for series that are written here, with promtool's own clock."""

import re
from pathlib import Path
from typing import Any

import pytest

from dashboards.boards import boards
from dashboards.boards.states import fresh
from tests.dashboards.alerts import inputs, promtool_test

pytestmark = pytest.mark.system

LIVE, REPLAY = (f'netvigil_event_timestamp_seconds{{tense="{tense}"}}' for tense in ("live", "replay"))
NOW = "0+60x600"
"""Event time that keeps up with promtool's clock, a sample a minute."""

Series = list[tuple[str, str]]


def gives(folder: Path, expr: str, series: Series, *said: dict[str, float], at: str = "") -> None:
    """Fails unless an expression gives just these values, by their labels, at minutes 0, 1, 2 ..., or at a time."""
    tests = []
    for minute, one in enumerate(said):
        samples = [{"labels": labels, "value": value} for labels, value in one.items()]
        tests.append({"expr": expr, "eval_time": at or f"{minute}m", "exp_samples": samples})
    promtool_test(
        folder, [{"interval": "1m", "input_series": inputs(series), "promql_expr_test": tests}], with_rules=False
    )


@pytest.mark.parametrize(
    ("chosen", "series", "is_fresh"),
    [
        ("live", [(LIVE, NOW)], True),
        ("live", [(LIVE, "0x600")], False),
        ("live", [(REPLAY, NOW)], False),
        ("replay", [(REPLAY, "7x600")], True),
        ("replay", [(LIVE, NOW)], False),
        (".*", [(LIVE, "0x600"), (REPLAY, NOW)], False),
        (".*", [(LIVE, "0x100 stale"), (REPLAY, NOW)], False),
        (".*", [(LIVE, NOW), (REPLAY, "7x600")], True),
    ],
)
def test_a_replay_never_gives_the_all_clear_for_what_is_live(
    chosen: str, series: Series, is_fresh: bool, tmp_path: Path
) -> None:
    expr = "count(" + fresh(f'tense=~"{chosen}"') + ")"
    gives(tmp_path, expr, series, {"{}": 1} if is_fresh else {}, at="5h")


def country(code: str, name: str, health: float, settled: int = 1) -> Series:
    """The series of a country that its state is read from."""
    own = f'entity_type="country",entity="{code}"'
    return [
        (f'netvigil_signal_health_ratio{{signal="bgp.ris",{own}}}', f"{health}x60"),
        (f'netvigil_signal_settled{{signal="bgp.ris",{own}}}', f"{settled}x60"),
        (f'netvigil_signal_score{{signal="bgp.ris",{own}}}', "0.5x60"),
        (f'netvigil_entity_info{{{own},name="{name}"}}', "1x60"),
    ]


OUT = 'entity_type="country",entity="PK",tense="live"'
IS_OUT = [
    (f"netvigil_outage_severity_ratio{{{OUT}}}", "0.4x60"),
    (f'netvigil_outage_info{{{OUT},name="Pakistan",state="confirmed"}}', "1x60"),
]
SEEN, UNSEEN = country("PK", "Pakistan", 1.0), country("IN", "India", 0.2)
TOO_NEW = country("IN", "India", 1.0, settled=0)
MANY = [series for n in range(4) for series in country(f"X{n}", f"Xland {n}", 0.2)]


@pytest.mark.parametrize(
    ("series", "said"),
    [
        (SEEN, {"No country is out": -1}),
        ([], {}),
        (SEEN + UNSEEN, {"India": -3}),
        (SEEN + TOO_NEW, {"India": -4}),
        (SEEN + MANY + TOO_NEW, {"4 countries": -3, "India": -4}),
        ([*SEEN, ('netvigil_watch_active{country="IQ",name="Exams"}', "1x60")], {"IQ": -3}),
        ([*SEEN, ('netvigil_watch_active{country="PK",name="Election"}', "1x60")], {"No country is out": -1}),
        (SEEN + UNSEEN + IS_OUT, {"Pakistan ": 40, "India": -3}),
    ],
)
def test_all_is_calm_only_where_every_country_can_be_judged(
    series: Series, said: dict[str, float], tmp_path: Path
) -> None:
    (panel,) = [p for p in boards()["netvigil-overview"]["panels"] if p["title"] == "Countries out now"]
    expr = "max by (name) (" + panel["targets"][0]["expr"].replace("$tense", "live") + ")"
    named = {f'{{name="{name}"}}': value for name, value in said.items()}
    gives(tmp_path, expr, [*series, (LIVE, NOW)], named, at="30m")


def out(entity: str, start: int, active: str, end: str = "") -> Series:
    """An outage: its begin [min], the samples of its state as it became known, and those of its end [s]."""
    own = f'entity_type="country",entity="{entity}",tense="live"'
    begin = re.sub(r"\b[01]\b", str(60 * start), active)
    made = [(f"netvigil_outage_active{{{own}}}", active), (f"netvigil_outage_start_timestamp_seconds{{{own}}}", begin)]
    return [*made, (f"netvigil_outage_restored_timestamp_seconds{{{own}}}", end)] if end else made


PAKISTAN = out("PK", 1, "_x2 0 1 1 1 stale", end="_x6 240 240")
"""Out from minute 1 to minute 4, suspected at 3, confirmed at 4, and known to be over at 7."""


@pytest.mark.parametrize(
    ("uid", "name", "series", "said"),
    [
        ("netvigil-country", "Outages", PAKISTAN, ("", "PK", "PK", "PK", "", "", "", "")),
        ("netvigil-country", "Suspicions", PAKISTAN, ("", "", "", "", "", "", "", "")),
        ("netvigil-country", "Suspicions", out("PK", 1, "_x2 0 0 stale"), ("", "PK", "PK", "PK", "", "")),
        ("netvigil-overview", "Outages", PAKISTAN, ("", "PK", "", "", "", "", "", "")),
        (
            "netvigil-overview", "Outages",
            [*PAKISTAN, *out("IQ", 3, "_x5 1 1"), *out("CU", 3, "_x4 0 1"), *out("ET", 5, "_x4 1")],
            ("", "PK", "", "2 countries", "", "ET", ""),
        ),
        ("netvigil-overview", "Suspicions", out("PK", 1, "_x2 0 0 stale"), ("", "PK", "", "", "", "")),
    ],
)  # fmt: skip
def test_an_outage_is_marked_in_its_own_time_or_where_it_begins_and_not_when_it_was_known(
    uid: str, name: str, series: Series, said: tuple[str, ...], tmp_path: Path
) -> None:
    marks: list[dict[str, Any]] = boards()[uid]["annotations"]["list"]
    (expr,) = [mark["expr"] for mark in marks if mark["name"] == name]
    for variable, value in {"$tense": "live", "$country": "PK", "${__interval_ms}": "60000"}.items():
        expr = expr.replace(variable, value)
    minutes = [{f'{{entity="{entity}"}}': 1.0} if entity else {} for entity in said]
    gives(tmp_path, f"max by (entity) ({expr}) > bool 0", series, *minutes)
