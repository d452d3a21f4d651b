"""All rules as the one file that Prometheus reads."""

from collections.abc import Sequence
from typing import Any

from dashboards.plainyaml import dump
from dashboards.rules import outages, sight, workers
from dashboards.rules.alert import Alert, Record, Timing

HEAD = "# Written by `make dashboards` from dashboards/rules; a change here is lost.\n"
ALERTS = (*outages.ALERTS, *sight.ALERTS, *workers.ALERTS)


def rules(timing: Timing = Timing()) -> dict[str, Any]:  # noqa: B008  # frozen
    """Groups of rules; the recorded series come first in the group that reads them."""
    members: dict[str, Sequence[Alert | Record]] = {
        "netvigil-outages": (*outages.RECORDS, *outages.ALERTS),
        "netvigil-sight": sight.ALERTS,
        "netvigil-workers": workers.ALERTS,
    }
    return {
        "groups": [
            {"name": name, "interval": f"{timing.interval}s", "rules": [rule.rule(timing) for rule in group]}
            for name, group in members.items()
        ]
    }


def rules_text(timing: Timing = Timing()) -> str:  # noqa: B008  # frozen
    """The file."""
    return HEAD + dump(rules(timing))
