"""The boards, by uid."""

from dashboards.board import board
from dashboards.boards.country import country
from dashboards.boards.feeds import feeds
from dashboards.boards.overview import overview
from dashboards.links import RUNBOOK, sections
from dashboards.panels import Json, note


def boards() -> dict[str, Json]:
    """Every board."""
    return {board["uid"]: board for board in (overview(), country(), feeds(), runbook())}


def runbook() -> Json:
    """The runbook as a board, which opens on a phone and without the Internet: a panel for every alert."""
    notes = [note(name, f"What to do about {name}.", text) for name, text in sections().items()]
    placed = [(24, 10, notes[0]), *((12, 6, other) for other in notes[1:])]
    return board(RUNBOOK, "netvigil: what to do", "For every alert: what it means, what to do.", placed, refresh="")
