"""A board: its panels laid out on Grafana's grid, its variables and annotations."""

from collections.abc import Callable, Iterable, Sequence

from dashboards.links import COUNTRY, FEEDS, OVERVIEW, RUNBOOK
from dashboards.panels import OUT, SOURCE, SUSPECT, Json

WIDTH = 24  # columns of Grafana's grid
Placed = tuple[int, int, Json]  # width and height on the grid [grid units], and the panel


def laid_out(placed: Iterable[Placed]) -> list[Json]:
    """Panels with ids and positions, each in the highest free place, from left to right."""
    filled = [0] * WIDTH
    panels: list[Json] = []
    for width, height, panel in placed:
        y, x = min((max(filled[x : x + width]), x) for x in range(WIDTH - width + 1))
        filled[x : x + width] = [y + height] * width
        panels.append({"id": len(panels) + 1, "gridPos": {"x": x, "y": y, "w": width, "h": height}, **panel})
    return panels


def source_variable() -> Json:
    """Which Prometheus: the live one, or one that holds replayed history."""
    return {
        "type": "datasource", "name": "datasource", "label": "Prometheus", "query": "prometheus", "hide": 0,
        "refresh": 2, "current": {}, "options": [], "regex": "", "includeAll": False, "multi": False,
    }  # fmt: skip


def variable(
    name: str, label: str, query: str, *, all_: bool = False, default: str = "", description: str = ""
) -> Json:
    """A choice among the values of a label; refreshed with the time range, so that replayed history shows its own."""
    value = default or "$__all"
    first = {"text": [default or "All"], "value": [value]} if all_ else {"text": default, "value": default}
    return {
        "type": "query", "name": name, "label": label, "description": description, "datasource": SOURCE,
        "query": {"qryType": 1, "query": query, "refId": "variable"}, "definition": query, "refresh": 2, "sort": 1,
        "regex": "", "hide": 0, "options": [], "multi": all_, "includeAll": all_,
        "current": first if all_ or default else {},
    }  # fmt: skip


def annotation(name: str, expr: str, title: str, text: str, color: str) -> Json:
    """A mark in graphs, from a query."""
    return {
        "name": name, "datasource": SOURCE, "enable": True, "hide": False, "iconColor": color, "expr": expr,
        "step": "60s", "titleFormat": title, "textFormat": text, "useValueForTime": False,
    }  # fmt: skip


AHEAD = "1d"
"""An outage is known at most so long after its begin, and after its end, for its own time to be marked."""


def ahead(expr: str, step: str = "") -> str:
    """The lowest value that an expression has of each place within the next day."""
    return f"min by (entity, tense) (min_over_time({expr}[{AHEAD}{step}] offset -{AHEAD}))"


def start(places: str, state: int) -> str:
    """Begin of an outage that is known, or is to be known, in a state [s]; of a suspicion (0) that is not confirmed."""
    begin = f"netvigil_outage_start_timestamp_seconds{{{places}}}"
    suspected, out = (ahead(f"({begin} and netvigil_outage_active{{{places}}} == {n})", ":1m") for n in (0, 1))
    return out if state else f"({suspected} unless {out} == {suspected})"


def lasts(places: str, state: int) -> str:
    """A series from the begin of an outage to its end: in its own time, and not while it is known."""
    since = start(places, state)
    end = ahead(f"netvigil_outage_restored_timestamp_seconds{{{places}}}")  # a suspicion has none
    over = f" unless ({end} <= time() and {end} >= {since})" if state else ""
    return f"{since} <= time(){over}"


def begins(places: str, state: int) -> str:
    """The first step of an outage in a state; where several begin at once, their number is the name."""
    first = f"({start(places, state)} <= time() > time() - ${{__interval_ms}} / 1000)"
    number = f'count_values by (tense) ("number", count by (tense) ({first}) > 1)'
    several = f'label_replace({number}, "entity", "$1 countries", "number", "(.*)")'
    return f"{first} and on (tense) count by (tense) ({first}) == 1\n  or {several}"


def outage_marks(places: str, asked: Callable[[str, int], str] = lasts) -> list[Json]:
    """Marks of outages and suspicions: of one place as periods, of many at their beginnings, lest periods overlap."""
    return [
        annotation("Outages", asked(places, 1), "Outage", "{{entity}} ({{tense}})", OUT),
        annotation("Suspicions", asked(places, 0), "Only suspected", "{{entity}} ({{tense}})", SUSPECT),
    ]


def link(title: str, uid: str) -> Json:
    """A link to another board with the same time range and variables."""
    return {
        "type": "link", "title": title, "url": f"/d/{uid}", "keepTime": True, "includeVars": True, "icon": "dashboard",
        "targetBlank": False, "asDropdown": False, "tags": [], "tooltip": title,
    }  # fmt: skip


def tense_variable() -> Json:
    """Real, drill or replay; where nothing is live (history), the first of them."""
    return variable(
        "tense", "Real, drill or replay", "label_values(netvigil_event_timestamp_seconds, tense)", all_=True,
        default="live", description="live is real, drill is an exercise, replay is history",
    )  # fmt: skip


LINKS = {OVERVIEW: "All countries", COUNTRY: "One country", FEEDS: "Feeds", RUNBOOK: "What to do"}


def board(
    uid: str, title: str, description: str, placed: Iterable[Placed], variables: Sequence[Json] = (),
    marks: Sequence[Json] = (), since: str = "now-24h", refresh: str = "30s",
) -> Json:  # fmt: skip
    """A whole board; its marks are not in timelines, which show the same in words."""
    panels = laid_out(placed)
    timelines = [panel["id"] for panel in panels if panel["type"] == "state-timeline"]
    only_graphs = {"filter": {"exclude": True, "ids": timelines}}
    return {
        "uid": uid,
        "title": title,
        "description": description,
        "tags": ["netvigil"],
        "schemaVersion": 42,
        "version": 1,
        "editable": False,
        "graphTooltip": 1,
        "timezone": "utc",
        "weekStart": "monday",
        "time": {"from": since, "to": "now"},
        "refresh": refresh,
        "links": [link(name, other) for other, name in LINKS.items() if other != uid],
        "templating": {"list": list(variables)},
        "annotations": {"list": [{**mark, **only_graphs} for mark in marks]},
        "panels": panels,
    }
