"""Recording and alerting rules, as the one file that Prometheus reads."""

from collections.abc import Sequence
from typing import Any

import yaml

from dashboards.rules import health, outages
from dashboards.rules.alert import Alert, Record, Timing

HEAD = "# Written by `make dashboards` from dashboards/rules; a change here is lost.\n"
NEVER_FOLD = 2**31  # columns after which a line would go on in the next one [-]
ALERTS = (*outages.ALERTS, *health.FEED_ALERTS, *health.WORKER_ALERTS)


def rules(timing: Timing = Timing()) -> dict[str, Any]:  # noqa: B008  # frozen
    """Groups of rules; a recording rule comes first in the group that reads it."""
    members: dict[str, Sequence[Alert | Record]] = {
        "netvigil-outages": (*outages.RECORDS, *outages.ALERTS),
        "netvigil-sight": health.FEED_ALERTS,
        "netvigil-workers": health.WORKER_ALERTS,
    }
    return {
        "groups": [
            {"name": name, "interval": f"{timing.interval}s", "rules": [rule.rule(timing) for rule in group]}
            for name, group in members.items()
        ]
    }


def rules_text(timing: Timing = Timing()) -> str:  # noqa: B008  # frozen
    """The file."""
    return HEAD + yaml.dump(rules(timing), Dumper=Readable, sort_keys=False, allow_unicode=True, width=NEVER_FOLD)


class Readable(yaml.SafeDumper):
    """YAML without aliases, in which a query of several lines stays one block."""

    def ignore_aliases(self, data: Any) -> bool:
        """No value is an alias of an earlier one."""
        return True


def _text(dumper: Readable, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


Readable.add_representer(str, _text)
