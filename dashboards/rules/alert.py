"""The form of alerts and recording rules."""

from dataclasses import dataclass, field
from typing import Any

from dashboards.links import board_link, runbook_link


@dataclass(frozen=True)
class Timing:
    """Every waiting time of the rules, so that tests run with seconds.

    Parameters
    ----------
    pause
        The unit of all ``for`` times and rate windows [s].
    hold
        ``keep_firing_for`` [s]: longer than the restart of a worker, during which its series are missing.
    interval
        How often rules are evaluated [s].
    """

    pause: int = 60
    hold: int = 600
    interval: int = 15


@dataclass(frozen=True)
class Alert:
    """One alert.

    Parameters
    ----------
    name
        CamelCase, beginning with ``Netvigil``.
    expr
        PromQL; ``WINDOW`` in it is a rate window of ten pauses.
    severity
        critical pages, warning notifies, info is only on the board, none is the watchdog's.
    summary
        One sentence without template actions.
    description
        What happened, and what it means for the boards; may hold template actions.
    title
        One line about this case; the summary where it is empty.
    pauses
        How long the expression must hold before it fires, in pauses [-].
    holds
        Whether it keeps firing for ``Timing.hold`` after its expression.
    labels, annotations
        Further ones.
    """

    name: str
    expr: str
    severity: str
    summary: str
    description: str
    title: str = ""
    pauses: int = 1
    holds: bool = False
    labels: dict[str, str] = field(default_factory=dict)
    annotations: dict[str, str] = field(default_factory=dict)

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
    """An expression with its rate windows filled in.

    Examples
    --------
    >>> windowed("rate(x[WINDOW])", Timing())
    'rate(x[600s])'
    """
    return expr.replace("WINDOW", f"{10 * timing.pause}s")
