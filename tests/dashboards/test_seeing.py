"""What could not be seen, or not be judged, looks so on the boards; and evidence has a zero."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dashboards.panels import KIND_COLOURS
from pipeline.records import Term
from pipeline.serve.openmetrics import History
from tests.dashboards.servers import Queries, history_prometheus
from tests.dashboards.test_boards import panels
from tests.dashboards.test_history_on_boards import asked_by
from tests.explain.shown import SD, T, outage, verdicts

NAN = np.full((1, 1), np.nan)
TELESCOPE = {"signal": "telescope.ioda", "feed": "telescope", "score": NAN, "lower": np.zeros((1, 1))}
AT = T + 1800


def panel(title: str) -> dict[str, Any]:
    """The one panel of that title."""
    (one,) = [p for _, p in panels() if p["title"] == title]
    return one


def shown(asked: Queries, title: str, at: int = AT) -> list[dict[str, float]]:
    """What each query of a panel gives at a time [s], by name or signal."""
    found = []
    for expr in asked_by(title):
        series = asked.over(expr, at, at)
        labels = [one["metric"].get("name") or one["metric"].get("signal", "") for one in series]
        found.append(dict(zip(labels, (float(one["values"][0][1]) for one in series), strict=True)))
    return found


def word(title: str, value: float) -> str:
    """What a timeline calls a value."""
    return str(panel(title)["fieldConfig"]["defaults"]["mappings"][0]["options"][f"{value:.0f}"]["text"])


@pytest.mark.system
@pytest.mark.sockets
def test_a_signal_that_is_seen_and_never_judged_says_so_and_draws_no_storm(tmp_path: Path) -> None:
    history = History()
    for at in range(T, T + 3600, 600):
        history.observe(verdicts(tense="replay", at=at))
        history.observe(verdicts(tense="replay", at=at, value=1.0, **TELESCOPE))
        dark = {"value": np.nan, "health": np.zeros((1, 1), np.float32), "score": NAN}
        history.observe(verdicts(tense="replay", at=at, signal="bgp.ris", **dark))
    with history_prometheus(history, tmp_path) as asked:
        (seen,) = shown(asked, "Could we see?")
        lines = shown(asked, "Connectivity compared with usual")
        (blind,) = shown(asked, "Signals that cannot see")
    words = {signal: word("Could we see?", value) for signal, value in seen.items()}
    assert words == {
        "probing.ioda": "Seen", "telescope.ioda": "Not judged: too few or unsteady", "bgp.ris": "Not seen",
    }  # fmt: skip
    assert set(lines[0]) == {"probing.ioda"}
    assert lines[2] == {"": pytest.approx(0.9)}, "the band is that of what is judged"
    assert blind == {"bgp.ris": 0.0}


@pytest.mark.system
@pytest.mark.sockets
def test_a_country_of_which_nothing_is_judged_has_no_all_clear_until_another_signal_speaks(tmp_path: Path) -> None:
    history = History()
    for at in range(T, T + 7200, 600):
        history.observe(verdicts(tense="replay", at=at, value=1.0, **TELESCOPE))
        if at >= T + 3600:
            history.observe(verdicts(tense="replay", at=at))
    with history_prometheus(history, tmp_path) as asked:
        (now,), (later,) = shown(asked, "Now"), shown(asked, "Now", T + 5400)
        (overview,), (calm,) = (shown(asked, "Countries out now", at) for at in (AT, T + 5400))
    assert (word("Now", now["Pakistan"]), word("Now", later["Pakistan"])) == ("Too few to judge", "No outage")
    assert (overview, calm) == ({"Pakistan": -5.0}, {"No country is out": -1.0})
    assert word("Countries out now", overview["Pakistan"]) == "Too few to judge"


@pytest.mark.system
@pytest.mark.sockets
def test_while_all_signals_see_that_is_said(tmp_path: Path) -> None:
    history = History()
    for at in range(T, T + 3600, 600):
        history.observe(verdicts(tense="replay", at=at))
    with history_prometheus(history, tmp_path) as asked:
        assert shown(asked, "Signals that cannot see") == [{"All signals see": -1.0}]


@pytest.mark.system
@pytest.mark.sockets
def test_evidence_for_goes_up_and_against_down_from_a_line_at_zero(tmp_path: Path) -> None:
    history = History()
    terms = (Term("probing.ioda", 0.2, -9.0, 7.0, 1.0), Term("bgp.ris", 1.0, 0.1, -0.5, 1.0))
    for at in range(T, T + 3600, 600):
        history.observe(verdicts((SD,), tense="replay", at=at))
        if at == T + 1200:
            history.outage(outage(tense="replay", detected_at=T + 1200, confirmed_at=T + 1200, signals=terms))
        if at == T + 2400:
            history.outage(outage("ended", 3, tense="replay", end=T + 2400))
    title = "Evidence: above 0 for an outage, below against"
    with history_prometheus(history, tmp_path) as asked:
        assert shown(asked, title, T + 600) == [{"neither for nor against": 0.0}]
        assert shown(asked, title) == [
            {"probes (probing.ioda)": 7.0, "routes (bgp.ris)": -0.5, "neither for nor against": 0.0}
        ]
        over = {"probes (probing.ioda)": 0.0, "routes (bgp.ris)": 0.0, "neither for nor against": 0.0}
        assert shown(asked, title, T + 3500) == [over], "back at zero, and not drawn on to the next outage"


@pytest.mark.system
@pytest.mark.sockets
def test_a_country_that_is_seen_by_its_regions_alone_is_known_to_the_boards_before_anything_is_out(
    tmp_path: Path,
) -> None:
    history = History()
    for at in range(T, T + 7200, 600):
        history.observe(verdicts((SD,), tense="replay", at=at))
    late = {"detected_at": T + 3600, "confirmed_at": T + 3600}
    history.outage(outage(tense="replay", **late))
    info = 'netvigil_entity_info{entity_type="country",entity="PK"}'
    expr = asked_by("What is left, by the lowest signal")[0].replace("26h", "2h")
    with history_prometheus(history, tmp_path) as asked:
        assert [one["metric"]["name"] for one in asked.over(info, AT, AT)] == ["Pakistan"]
        (left,) = asked.over(expr, T, T + 7000, 600)
    assert int(left["values"][0][0]) == T, "how it was before stands on the board too"


def test_evidence_is_drawn_from_zero_and_not_from_the_lowest_it_can_be() -> None:
    one = panel("Evidence: above 0 for an outage, below against")
    defaults = one["fieldConfig"]["defaults"]
    assert one["type"] == "timeseries", "a gauge's bar begins at its least value"
    assert defaults["custom"]["fillOpacity"] > 0
    assert not {"min", "max"} & set(defaults)


def test_a_signal_has_its_kind_s_colour_by_its_name_in_words_too() -> None:
    patterns = [rule["matcher"]["options"].strip("/") for rule in KIND_COLOURS]
    for name in ("bgp.ris", "routes (bgp.ris)", "traffic.radar, summed over days", "probes (probing.ioda)"):
        assert sum(bool(re.search(pattern, name)) for pattern in patterns) == 1, name
