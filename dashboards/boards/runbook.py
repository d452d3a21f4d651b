"""The runbook as a board: it opens where the alert is read, on a phone and without the Internet."""

from dashboards.board import board
from dashboards.links import RUNBOOK, sections
from dashboards.panels import Json, note


def runbook() -> Json:
    """A panel for every alert, in the order of ``runbook.md``."""
    placed = [(24, 6, note(name, f"What to do about {name}.", text)) for name, text in sections().items()]
    return board(RUNBOOK, "netvigil: what to do", "For every alert: what it means, what to do.", placed, refresh="")
