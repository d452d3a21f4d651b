"""The boards, by uid."""

from dashboards.boards import country, overview, runbook
from dashboards.panels import Json


def boards() -> dict[str, Json]:
    """Every board."""
    made = (overview.overview(), country.country(), runbook.runbook())
    return {board["uid"]: board for board in made}
