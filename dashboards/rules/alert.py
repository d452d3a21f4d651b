"""The form of alerts and recording rules."""

from dataclasses import dataclass, field
from typing import Any

from dashboards.links import board_link, runbook_link


@dataclass(frozen=True)
class Timing:
    """Every waiting time of the rules, so that tests run with seconds."""

    pause: int = 60  # the unit of all ``for`` times and rate windows [s]
    hold: int = 600  # ``keep_firing_for`` [s]: longer than a restart of a worker, while its series are missing
    interval: int = 15  # how often rules are evaluated [s]


@dataclass(frozen=True)
class Alert:
    """One alert.  Its title and description may hold template actions."""

    name: str  # CamelCase, beginning with ``Netvigil``
    expr: str  # PromQL; ``WINDOW`` in it is a rate window of ten pauses
    severity: str  # critical pages, warning notifies, info is only on the board, none is the watchdog's
    summary: str  # one sentence
    description: str  # what happened, and what it means for the boards
    title: str = ""  # one line about this case; the summary where it is empty
    pauses: int = 1  # how long the expression must hold before it fires [pauses]
    holds: bool = False  # whether it keeps firing for ``Timing.hold`` after its expression
    labels: dict[str, str] = field(default_factory=dict)  # further ones
    annotations: dict[str, str] = field(default_factory=dict)  # further ones

    def rule(self, timing: Timing) -> dict[str, Any]:
        """The alert as Prometheus reads it."""
        waits: dict[str, str] = {"for": f"{self.pauses * timing.pause}s"} if self.pauses else {}
        if self.holds:
            waits["keep_firing_for"] = f"{timing.hold}s"
        annotations = {"summary": self.summary, "title": self.title or self.summary, "description": self.description}
        links = {"dashboard_url": board_link(self.name), "runbook_url": runbook_link(self.name)}
        return {
            "alert": self.name,
            "expr": windowed(self.expr, timing),
            **waits,
            "labels": {"severity": self.severity, **self.labels},
            "annotations": {**annotations, **self.annotations, **links},
        }


@dataclass(frozen=True)
class Record:
    """One recording rule."""

    name: str
    expr: str

    def rule(self, timing: Timing) -> dict[str, Any]:
        """The rule as Prometheus reads it."""
        return {"record": self.name, "expr": windowed(self.expr, timing)}


def windowed(expr: str, timing: Timing) -> str:
    """An expression with its rate windows filled in."""
    return expr.replace("WINDOW", f"{10 * timing.pause}s")
