"""What a notification of Alertmanager says, as text that a person reads at 3 a.m."""

from typing import Any

import msgspec

MARKS = {"drill": "DRILL: ", "replay": "REPLAY: "}


class Told(msgspec.Struct):
    """One alert of a notification; only what is shown."""

    status: str
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    startsAt: str = ""  # noqa: N815  # Alertmanager's own spelling
    endsAt: str = ""  # noqa: N815


class Notification(msgspec.Struct):
    """A notification as Alertmanager's webhook sends it (version 4)."""

    status: str
    receiver: str
    alerts: list[Told]
    groupLabels: dict[str, str] = {}  # noqa: N815


def notification(body: bytes) -> Notification:
    """The notification of a request's body; ValueError where it is none."""
    try:
        return msgspec.json.decode(body, type=Notification)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"not a notification of Alertmanager: {error}") from error


def text(told: Notification) -> str:
    """A notification in words.

    Examples
    --------
    >>> facts = {"title": "Pakistan: mobile networks down", "description": "Pakistan: 80% is gone."}
    >>> labels = {"severity": "critical", "tense": "drill"}
    >>> print(text(Notification("firing", "desk", [Told("firing", labels, facts)])))
    CRITICAL  DRILL: Pakistan: mobile networks down
              Pakistan: 80% is gone.
    """
    return "\n".join(_alert(alert) for alert in told.alerts)


def _alert(alert: Told) -> str:
    facts = alert.annotations
    title = facts.get("title") or facts.get("summary") or alert.labels.get("alertname", "an alert without a name")
    over = alert.status == "resolved"
    mark = "OVER" if over else alert.labels.get("severity", "").upper() or "ALERT"
    story = [("Last report: " if over else "") + facts["description"]] if "description" in facts else []
    links = [f"{word}: {facts[key]}" for word, key in LINKS if facts.get(key)]
    head = f"{mark:<9} {MARKS.get(alert.labels.get('tense', ''), '')}{title}"
    return "\n".join(printable(line) for line in (head, *(" " * 10 + line for line in (*story, *links))))


LINKS = (("Board", "dashboard_url"), ("What to do", "runbook_url"))


def printable(line: str) -> str:
    """A line without control characters: what comes from the network must not steer a terminal.

    Examples
    --------
    >>> printable("all clear\\x1b[2J")
    'all clear�[2J'
    """
    return "".join(c if c.isprintable() else "�" for c in line)


def record(told: Notification) -> dict[str, Any]:
    """A notification as one JSON object, for a file."""
    return msgspec.to_builtins(told)
