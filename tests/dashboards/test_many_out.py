"""The board of all countries on a night on which many are out."""

from pathlib import Path
from typing import Any

import pytest

from dashboards.boards import boards
from tests.dashboards.alerts import inputs, promtool_test

OVERVIEW = boards()["netvigil-overview"]
COUNTRY = boards()["netvigil-country"]


def active(entity: str, values: str) -> tuple[str, str]:
    return (f'netvigil_outage_active{{entity_type="country",entity="{entity}",tense="live"}}', values)


def marked(board: dict[str, Any], name: str, series: list[tuple[str, str]], folder: Path, *said: str) -> None:
    """Fails unless a mark stands at just these places at minutes 0, 1, 2 ...; of Grafana's marks all values are 1."""
    (expr,) = [mark["expr"] for mark in board["annotations"]["list"] if mark["name"] == name]
    for name_, value in {"$tense": "live", "$country": "PK", "$__interval": "1m"}.items():
        expr = expr.replace(name_, value)
    tests = [
        {
            "expr": f"max by (entity) ({expr})",
            "eval_time": f"{minute}m",
            "exp_samples": [
                {"labels": f'{{entity="{entity}"}}', "value": 1} for entity in entities.split(", ") if entity
            ],
        }
        for minute, entities in enumerate(said)
    ]
    promtool_test(folder, [{"interval": "1m", "input_series": inputs(series), "promql_expr_test": tests}])


@pytest.mark.system
def test_of_many_outages_only_the_beginnings_are_marked(tmp_path: Path) -> None:
    series = [active("PK", "_ 0 1 1 1 stale"), active("IQ", "_x3 1 1"), active("CU", "_x3 1 1"), active("ET", "_x4 1")]
    marked(OVERVIEW, "Outages", series, tmp_path, "", "", "PK", "2 countries", "ET")


@pytest.mark.system
@pytest.mark.parametrize(
    ("board", "said"), [(OVERVIEW, ("", "PK", "", "", "")), (COUNTRY, ("", "PK", "PK", "", ""))]
)  # fmt: skip
def test_a_suspicion_is_marked(board: dict[str, Any], said: tuple[str, ...], tmp_path: Path) -> None:
    marked(board, "Suspicions", [active("PK", "_ 0 0 1 1")], tmp_path, *said)


def test_names_of_the_countries_that_are_out_are_as_large_beside_others_as_alone() -> None:
    (tiles,) = [panel for panel in OVERVIEW["panels"] if panel["title"] == "Countries out now"]
    assert min(tiles["options"]["text"].values()) >= 16
    assert tiles["gridPos"]["h"] >= 9, "on a phone, eight in a lower panel stand four in a row, too narrow for a name"


def test_eleven_open_outages_are_seen_without_scrolling() -> None:
    (table,) = [panel for panel in OVERVIEW["panels"] if panel["title"] == "Open outages"]
    title, row = 45, 36  # [px]
    assert table["gridPos"]["h"] * 38 - 8 - title >= (1 + 11) * row
