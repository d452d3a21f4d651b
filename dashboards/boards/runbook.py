"""The runbook as a board: it opens where the alert is read, on a phone and without the Internet."""

from dashboards.board import board
from dashboards.links import RUNBOOK, sections
from dashboards.panels import Json, note


def runbook() -> Json:
    """A panel for every alert, in the order of ``runbook.md``."""
    notes = [note(name, f"What to do about {name}.", text) for name, text in sections().items()]
    placed = [(24, 10, notes[0]), *((12, 6, other) for other in notes[1:])]
    return board(RUNBOOK, "netvigil: what to do", "For every alert: what it means, what to do.", placed, refresh="")
