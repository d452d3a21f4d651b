"""Links of a notification: to a board, and to the alert's section of the runbook."""

from functools import cache
from importlib.resources import files

GRAFANA = "grafana"
"""The external label of Prometheus with Grafana's address; without it there are no links."""

OVERVIEW, COUNTRY, FEEDS, RUNBOOK = "netvigil-overview", "netvigil-country", "netvigil-feeds", "netvigil-runbook"
"""Uids of the boards."""

OF_FEEDS = ("NetvigilFeed", "NetvigilSignalBlind", "NetvigilDeadLetters", "NetvigilLateRecords")
"""Beginnings of the names of alerts on feeds."""


class NoPageError(LookupError):
    """An alert has no section in the runbook."""


@cache
def sections() -> dict[str, str]:
    """Headings of ``runbook.md`` that name an alert, with the text below each."""
    parts = files("dashboards").joinpath("runbook.md").read_text("utf-8").split("\n## ")[1:]
    return {name.strip(): text.strip() for name, _, text in (part.partition("\n") for part in parts)}


def board_link(alert: str) -> str:
    """The board for an alert: the country's for an outage or a blind country, that of the feeds, else the overview."""
    if alert.startswith("NetvigilOutage") or alert == "NetvigilCountryBlind":
        asked = 'var-country={{ $labels.country }}&var-tense={{ or $labels.tense "live" }}'
        return _linked(f"{COUNTRY}?{asked}")
    return _linked(FEEDS if alert.startswith(OF_FEEDS) else OVERVIEW)


def runbook_link(alert: str) -> str:
    """The alert's section of the runbook, which is a board."""
    if alert not in sections():
        raise NoPageError(f"dashboards/runbook.md has no heading '## {alert}': every alert needs its page")
    return _linked(f"{RUNBOOK}?viewPanel=panel-{list(sections()).index(alert) + 1}")


def _linked(board: str) -> str:
    return f"{{{{ with $externalLabels.{GRAFANA} }}}}{{{{ . }}}}/d/{board}{{{{ end }}}}"
