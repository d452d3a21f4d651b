"""Builders of Grafana panels: classic dashboard JSON, one plain dict a panel.

Colours are Okabe and Ito's, which colour-blind people can tell apart, and every coloured state has a word too.
"""

from collections.abc import Sequence
from typing import Any

Json = dict[str, Any]

SOURCE = {"type": "prometheus", "uid": "${datasource}"}

CALM, SUSPECT, OUT, BLIND, INK = "#0072B2", "#E69F00", "#D55E00", "#7A7A80", "#3D5A80"  # INK: none of these states
BACK = "#14B8A6"  # over: restored

BY_NAME = {"mode": "palette-classic-by-name"}
"""Colour of lines: by the name in the legend, so that a place has one colour in all panels and at all times.  Two names
can get one colour, or that of a state: so only places that were out or suspected have it."""

OTHERS = {"mode": "shades", "fixedColor": BLIND}  # the lines of all other places

SURE = [{"type": "range", "options": {"from": 0.990001, "to": 1, "result": {"text": "over 99%", "index": 0}}}]
"""No outage is 100 % sure."""


def target(expr: str, legend: str) -> Json:
    """A query over the whole time, one line a series."""
    return {"datasource": SOURCE, "expr": expr, "legendFormat": legend, "instant": False, "range": True}


def latest(expr: str, legend: str) -> Json:
    """A query at the end of the board's time, one value a series."""
    return {**target(expr, legend), "instant": True, "range": False}


def rows(expr: str) -> Json:
    """A query at the end of the board's time, as a table of labels and values."""
    return {**latest(expr, ""), "format": "table"}


def targets(*queries: Json) -> list[Json]:
    """Queries with a letter each."""
    return [{**query, "refId": chr(ord("A") + i)} for i, query in enumerate(queries)]


def steps(*pairs: tuple[float | None, str]) -> Json:
    """Thresholds: from which value on which colour."""
    return {"mode": "absolute", "steps": [{"value": value, "color": color} for value, color in pairs]}


def words(*triples: tuple[str, str, str]) -> list[Json]:
    """Value -> text and colour."""
    options = {value: {"text": text, "color": color, "index": i} for i, (value, text, color) in enumerate(triples)}
    return [{"type": "value", "options": options}]


def override(name: str, **properties: Any) -> Json:
    """Properties of one field; ``__`` in a name stands for a dot."""
    listed = [{"id": key.replace("__", "."), "value": value} for key, value in properties.items()]
    return {"matcher": {"id": "byName", "options": name}, "properties": listed}


def of_query(letter: str, **properties: Any) -> Json:
    """Properties of everything that a query gives."""
    return {**override("", **properties), "matcher": {"id": "byFrameRefID", "options": letter}}


KINDS = {
    "bgp": "#0072B2", "probing": "#CC79A7", "traffic": "#56B4E9", "telescope": "#946C4A", "atlas": "#8C7BC8",
    "ooni": "#B8328F",
}  # fmt: skip
"""Colours of the kinds of signals, in no colour of a state."""

KIND_COLOURS = [
    {
        "matcher": {"id": "byRegexp", "options": f"/^(.* \\()?{kind}\\..*/"},
        "properties": [{"id": "color", "value": {"mode": "fixed", "fixedColor": colour}}],
    }
    for kind, colour in KINDS.items()
]
"""A kind of signal has the same colour everywhere, by its own name or with it in brackets: routes (bgp.ris)."""


def panel(
    kind: str, title: str, description: str, queries: Sequence[Json], defaults: Json, options: Json,
    overrides: Sequence[Json] = (), transformations: Sequence[Json] = (),
) -> Json:  # fmt: skip
    """A panel of a Grafana ``kind``."""
    return {
        "type": kind,
        "title": title,
        "description": description,
        "datasource": SOURCE,
        "targets": targets(*queries),
        "fieldConfig": {"defaults": {"unit": "none", **defaults}, "overrides": list(overrides)},
        "options": options,
        "transformations": list(transformations),
    }


def stat(
    title: str, description: str, query: Json, *, text: str = "value", fields: str = "", above: bool = False,
    sizes: tuple[int, int] | None = None, **defaults: Any,
) -> Json:  # fmt: skip
    """One big value or several side by side; ``fields`` is the label of a table that is shown as a word.

    A long name has more room ``above`` its value; ``sizes`` of name and value [px] do not shrink with many of them.
    """
    options = {
        "colorMode": "background",
        "graphMode": "none",
        "justifyMode": "center",
        "orientation": "auto",
        "textMode": text,
        "wideLayout": not above,
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": f"/^{fields}$/" if fields else "", "values": False},
        **({"text": {"titleSize": sizes[0], "valueSize": sizes[1]}} if sizes else {}),
    }
    return panel("stat", title, description, [query], {"color": {"mode": "thresholds"}, **defaults}, options)


def lines(
    title: str, description: str, queries: Sequence[Json], *, overrides: Sequence[Json] = (), last: bool = False,
    **defaults: Any,
) -> Json:  # fmt: skip
    """Lines over time, if ``last`` with the last values in the legend; what was not observed is a gap."""
    custom = {
        "drawStyle": "line", "lineWidth": 2, "lineInterpolation": "stepAfter", "fillOpacity": 0, "showPoints": "auto",
        "pointSize": 4, "spanNulls": False, "axisSoftMin": 0, "thresholdsStyle": {"mode": "off"},
    }  # fmt: skip
    custom |= defaults.pop("custom", {})
    calcs = ["lastNotNull"] if last else []
    options = {
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": calcs},
        "tooltip": {"mode": "multi", "sort": "asc"},
    }
    defaults = {"color": BY_NAME, "custom": custom, **defaults}
    return panel("timeseries", title, description, queries, defaults, options, [*KIND_COLOURS, *overrides])


WITHOUT_COUNTRY = {"id": "renameByRegex", "options": {"regex": r"(.+) \(([^()]|\([^()]*\))+\)", "renamePattern": "$1"}}
"""A place's name without the brackets at its end."""


def timeline(
    title: str, description: str, queries: Sequence[Json], mappings: list[Json], *, shortened: bool = False,
    **defaults: Any,
) -> Json:  # fmt: skip
    """States over time, in words; ``shortened`` names leave out the country."""
    defaults = {
        # Not thresholds: merged states would then show the threshold and not the word.
        "color": {"mode": "fixed", "fixedColor": BLIND},
        "custom": {"fillOpacity": 85, "lineWidth": 0},
        "mappings": mappings,
        **defaults,
    }
    options = {
        "mergeValues": True,
        "showValue": "auto",
        "alignValue": "left",
        "rowHeight": 0.85,
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
        "tooltip": {"mode": "single"},
    }
    changes = [WITHOUT_COUNTRY] if shortened else []
    return panel("state-timeline", title, description, queries, defaults, options, transformations=changes)


def table(
    title: str, description: str, queries: Sequence[Json], *, columns: dict[str, str], overrides: Sequence[Json],
    sort: str = "", join: str = "", **defaults: Any,
) -> Json:  # fmt: skip
    """A table of the ``columns``, in their order and by new names; ``join`` puts several queries together."""
    order = {name: i for i, name in enumerate(columns)}
    joined = [{"id": "joinByField", "options": {"byField": join, "mode": "outer"}}] if join else []
    ranked = [{"id": "sortBy", "options": {"fields": {}, "sort": [{"field": sort, "desc": True}]}}] if sort else []
    changes: list[Json] = [
        *joined,
        *ranked,
        {"id": "filterFieldsByName", "options": {"include": {"names": list(columns)}}},
        {"id": "organize", "options": {"excludeByName": {}, "indexByName": order, "renameByName": columns}},
    ]
    options = {"showHeader": True, "cellHeight": "sm", "footer": {"show": False}, "frameIndex": 0}
    custom = {"align": "left", "cellOptions": {"type": "auto", "wrapText": True}, "wrapText": True, "minWidth": 70}
    defaults = {"custom": custom, **defaults}
    return panel("table", title, description, queries, defaults, options, overrides, changes)


def bars(title: str, description: str, query: Json, **defaults: Any) -> Json:
    """One bar a series, with its value."""
    options = {
        "displayMode": "basic",
        "orientation": "horizontal",
        "valueMode": "text",
        "namePlacement": "left",
        "showUnfilled": True,
        "minVizHeight": 16,
        "maxVizHeight": 40,
        "sizing": "auto",
        "text": {"titleSize": 14, "valueSize": 18},
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "legend": {"showLegend": False, "displayMode": "hidden", "placement": "bottom"},
    }
    return panel("bargauge", title, description, [query], {"color": {"mode": "thresholds"}, **defaults}, options)


def countries_map(title: str, description: str, query: Json, field: str, **defaults: Any) -> Json:
    """A marker on each country of the query's ``field`` (ISO code).

    Markers and no filled countries: that layer is alpha.  The base map needs the Internet, the markers do not.
    """
    style = {
        "color": {"field": "Value", "fixed": OUT},
        "size": {"field": "Value", "fixed": 12, "min": 8, "max": 20},
        "symbol": {"mode": "fixed", "fixed": "img/icons/marker/circle.svg"},
        "opacity": 0.85,
        "text": {"mode": "field", "field": "name", "fixed": ""},
        "textConfig": {"fontSize": 13, "offsetX": 0, "offsetY": 20, "textAlign": "center", "textBaseline": "middle"},
    }
    layer = {
        "type": "markers",
        "name": "Countries",
        "config": {"showLegend": False, "style": style},
        "location": {"mode": "lookup", "lookup": field, "gazetteer": "public/gazetteer/countries.json"},
        "tooltip": True,
    }
    options = {
        "view": {"id": "zero", "lat": 20, "lon": 20, "zoom": 1, "allLayers": True},
        "basemap": {"type": "default", "name": "Base map", "config": {}},
        "layers": [layer],
        "controls": {"showZoom": True, "mouseWheelZoom": False, "showAttribution": True},
        "tooltip": {"mode": "details"},
    }
    return panel("geomap", title, description, [query], {"color": {"mode": "thresholds"}, **defaults}, options)


def note(title: str, description: str, content: str) -> Json:
    """Words."""
    options = {"mode": "markdown", "content": content}
    return {"type": "text", "title": title, "description": description, "options": options}


def row(title: str) -> Json:
    """A heading between panels."""
    return {"type": "row", "title": title, "collapsed": False, "panels": []}
