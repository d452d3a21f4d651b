"""Every number that a person may want to change, with its unit, its reason and its bounds.

A file for ``--settings`` has the same names: ``silence`` at its head, the others in tables, ``[fusing]`` for `Fusing`.
"""

from dataclasses import dataclass, field

from pipeline.settings.bounded import AtLeastOne
from pipeline.settings.counting import Counting
from pipeline.settings.evaluating import Evaluating
from pipeline.settings.fusing import Fusing
from pipeline.settings.judging import Judging

__all__ = ["Counting", "Evaluating", "Fusing", "Judging", "Settings"]


@dataclass(frozen=True)
class Settings:
    """All of them."""

    counting: Counting = field(default_factory=Counting)
    judging: Judging = field(default_factory=Judging)
    fusing: Fusing = field(default_factory=Fusing)
    evaluating: Evaluating = field(default_factory=Evaluating)
    silence: AtLeastOne = 5 * 60
    """How long no heartbeat of a live feed may come before it counts as dead [s].  Ingest beats every minute: five that
    are missing are no hiccup.  With a minute more for the alert it is told within two bins of routes."""
