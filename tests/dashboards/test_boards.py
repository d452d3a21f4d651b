"""What holds for boards without a Grafana server."""

import itertools
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from dashboards.__main__ import FOLDER, texts
from dashboards.boards import boards
from dashboards.boards.country import OF_ITS_REGIONS, SLOW
from dashboards.panels import BACK, BLIND, CALM, KIND_COLOURS, KINDS, OUT, SUSPECT
from tests.dashboards.expressions import KNOWN, RECORDED, metric_names

BOARDS = boards()
BUILT_IN = {"$__rate_interval": "5m", "$__range": "24h", "${__interval_ms}": "60000"}


def panels() -> Iterator[tuple[str, dict[str, Any]]]:
    for uid, board in BOARDS.items():
        for panel in board["panels"]:
            yield uid, panel


def queries() -> Iterator[tuple[str, str]]:
    for uid, panel in panels():
        for query in panel.get("targets", ()):
            yield f"{uid}/{panel['title']}", query["expr"]
    for uid, board in BOARDS.items():
        for mark in board["annotations"]["list"]:
            yield f"{uid}/{mark['name']}", mark["expr"]


def further(expr: str) -> bool:
    """Whether an expression rightly returns nothing where no place stayed up, has only regions or is slowed down."""
    if OF_ITS_REGIONS in expr or SLOW in expr:
        return True
    return ") unless on (" in expr and "_over_time(netvigil_outage_active" in expr.rpartition(") unless on (")[2]


def plain(expr: str) -> str:
    """An expression with its variables filled in."""
    for name, value in BUILT_IN.items():
        expr = expr.replace(name, value)
    return re.sub(r"\$\w+", "PK", expr)


def test_what_is_committed_is_what_is_generated() -> None:
    assert {path.name for path in FOLDER.iterdir()} == set(texts())
    for name, text in texts().items():
        assert (FOLDER / name).read_text("utf-8") == text, f"{name} is old: run `make dashboards`"


@pytest.mark.parametrize("uid", BOARDS)
def test_a_board_is_classic_json_whose_panels_do_not_overlap(uid: str) -> None:
    board = BOARDS[uid]
    assert (board["schemaVersion"], board["timezone"]) == (42, "utc")
    assert json.loads(json.dumps(board)) == board
    assert not {"spec", "apiVersion", "kind"} & set(board), "Grafana 13 refuses version 2 from files"
    assert re.fullmatch(r"[a-z-]{1,40}", uid)
    assert all(variable["refresh"] == 2 for variable in board["templating"]["list"]), "read anew with the time range"
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
    assert all(p["gridPos"]["x"] + p["gridPos"]["w"] <= 24 for p in board["panels"])
    for a, b in itertools.combinations((panel["gridPos"] for panel in board["panels"]), 2):
        apart = a["x"] + a["w"] <= b["x"] or b["x"] + b["w"] <= a["x"]
        assert apart or a["y"] + a["h"] <= b["y"] or b["y"] + b["h"] <= a["y"]


@pytest.mark.parametrize(("uid", "panel"), [(u, p) for u, p in panels() if p["type"] != "row"])
def test_a_panel_has_a_title_a_description_a_unit_and_the_chosen_data_source(uid: str, panel: dict[str, Any]) -> None:
    assert panel["title"]
    assert len(panel["description"]) > 15
    if panel["type"] == "text":
        return
    defaults = panel["fieldConfig"]["defaults"]
    assert defaults["unit"]
    assert {one["datasource"]["uid"] for one in (panel, *panel["targets"])} == {"${datasource}"}
    assert len({query["refId"] for query in panel["targets"]}) == len(panel["targets"])
    empty = defaults.get("noValue", "")
    assert not re.match(r"No (outage|country|part|verdict.*calm)", empty), "nothing recorded is no all-clear"
    if panel["type"] == "stat":
        assert panel["gridPos"]["h"] >= 3
        assert empty
    if panel["type"] in ("timeseries", "state-timeline"):
        assert all(query["legendFormat"] not in ("", "__auto") for query in panel["targets"])
        assert not defaults["custom"].get("spanNulls"), "a gap stays a gap"
    if panel["type"] == "state-timeline":
        assert defaults["color"]["mode"] == "fixed", "merged states would show thresholds and not words"
        assert all(option["text"] for mapping in defaults["mappings"] for option in mapping["options"].values())


@pytest.mark.parametrize(("place", "expr"), list(queries()))
def test_an_expression_parses_names_known_metrics_and_works_on_history(place: str, expr: str) -> None:
    names = metric_names(plain(expr))
    assert names
    assert names <= KNOWN - RECORDED, "written history has no recorded series"
    for variable in BOARDS[place.partition("/")[0]]["templating"]["list"]:
        if variable["multi"]:
            assert f'="${variable["name"]}"' not in expr.replace("=~", "~"), "several values are a pattern"


@pytest.mark.parametrize("country", ["Pakistan", "Myanmar (Burma)"])
def test_the_bars_of_a_country_s_own_board_leave_out_its_name(country: str) -> None:
    (one,) = [p for _, p in panels() if p["title"] == "Networks, regions and services over time"]
    (change,) = one["transformations"]
    assert change["id"] == "renameByRegex"
    found = re.fullmatch(change["options"]["regex"], f"Zong (reconstructed), AS59257 ({country})")
    assert found is not None
    assert found[1] == "Zong (reconstructed), AS59257"


def test_a_kind_of_signal_has_one_colour_of_its_own_by_its_name_in_words_too() -> None:
    assert len(set(KINDS.values())) == len(KINDS) == 6
    assert not {SUSPECT, OUT, BACK, BLIND} & set(KINDS.values()), "a healthy signal must not look like an outage"
    patterns = [rule["matcher"]["options"].strip("/") for rule in KIND_COLOURS]
    for name in ("bgp.ris", "routes (bgp.ris)", "traffic.radar, summed over days", "probes (probing.ioda)"):
        assert sum(bool(re.search(pattern, name)) for pattern in patterns) == 1, name


def test_the_colours_of_states_are_told_apart_by_colour_blind_people() -> None:
    colours = (CALM, SUSPECT, OUT, BLIND, BACK)
    for matrix in (PROTAN, DEUTAN):
        for a, b in itertools.combinations((seen(colour, matrix) for colour in colours), 2):
            assert sum((x - y) ** 2 for x, y in zip(a, b, strict=True)) ** 0.5 > 40, (a, b)


PROTAN = ((0.152, 1.053, -0.205), (0.115, 0.786, 0.099), (-0.004, -0.048, 1.052))
DEUTAN = ((0.367, 0.861, -0.228), (0.280, 0.673, 0.047), (-0.012, 0.043, 0.969))
"""How people without red or green cones see (Machado, Oliveira and Fernandes 2009, severity 1)."""


def seen(colour: str, matrix: tuple[tuple[float, ...], ...]) -> tuple[float, ...]:
    rgb = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    return tuple(sum(m * c for m, c in zip(line, rgb, strict=True)) for line in matrix)


def test_provisioned_data_sources_have_the_uids_that_everything_relies_on() -> None:
    folder = FOLDER.parent / "provisioning"
    sources = yaml.safe_load((folder / "datasources" / "netvigil.yml").read_text())["datasources"]
    assert {source["name"]: source["uid"] for source in sources}["Prometheus"] == "prometheus"
    assert [s["jsonData"]["implementation"] for s in sources if s["type"] == "alertmanager"] == ["prometheus"]
    (provider,) = yaml.safe_load((folder / "dashboards" / "netvigil.yml").read_text())["providers"]
    assert provider["allowUiUpdates"] is False
    assert provider["folderUid"] == "netvigil"
