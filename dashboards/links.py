"""Where a notification leads: the board that shows the matter, and the page that says what to do."""

GRAFANA = "http://localhost:3000"
"""The Grafana of docker-compose.yml; publishing to another one replaces it in the rules."""

OVERVIEW, COUNTRY, RUNBOOK = "netvigil-overview", "netvigil-country", "netvigil-runbook"
"""Uids of the boards."""


def board_link(alert: str) -> str:
    """The board for an alert: its country's for an outage or a blind country, else the overview."""
    if alert.startswith("NetvigilOutage") or alert == "NetvigilCountryBlind":
        return f"{GRAFANA}/d/{COUNTRY}?var-country={{{{ $labels.country }}}}"
    return f"{GRAFANA}/d/{OVERVIEW}"


def runbook_link(alert: str) -> str:
    """The alert's heading in the runbook, which is a board too: it opens on a phone.

    Examples
    --------
    >>> runbook_link("NetvigilFeedDead")
    'http://localhost:3000/d/netvigil-runbook?var-alert=NetvigilFeedDead'
    """
    return f"{GRAFANA}/d/{RUNBOOK}?var-alert={alert}"
