"""Series and promtool's own clock, for tests of rules."""

import subprocess
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]

from dashboards.rules import rules_text
from tests.programs import program

UP = ('up{job="netvigil",instance="w1"}', "1x300")
PK = 'entity_type="country",entity="PK"'
ZONG = 'entity_type="asn",entity="AS59257"'
WORDS = (
    'country="PK",name="Pakistan",what="mobile networks down",state="confirmed",'
    'since_local="Thu 8 Feb 2024, 06:45 (UTC+5)",since_utc="Thu 8 Feb 2024, 01:45 UTC"'
)
ENDED = (
    'country="PK",name="Pakistan",what="mobile networks down",since_local="Thu 8 Feb 2024, 06:45 (UTC+5)",'
    'until_local="Thu 8 Feb 2024, 20:00 (UTC+5)",until_utc="Thu 8 Feb 2024, 15:00 UTC",lasted="13 hours 15 minutes"'
)
BEFORE, AFTER = "8m", "31m"
"""In all cases something changes nine or ten minutes after the beginning."""


def out(place: str = PK, value: str = "_x9 1x60", words: str = WORDS, tense: str = "live") -> list[tuple[str, str]]:
    """The series of an open outage."""
    return [
        (f'netvigil_outage_active{{{place},kind="mobile",tense="{tense}"}}', value),
        (f'netvigil_outage_info{{{place},tense="{tense}",{words}}}', value.replace("0x", "1x")),
    ]


def promtool_test(folder: Path, tests: list[dict[str, Any]], with_rules: bool = True) -> None:
    """Fails unless promtool finds in its own time what these tests expect."""
    (folder / "rules.yml").write_text(rules_text() if with_rules else "{}")
    suite = {"rule_files": ["rules.yml"], "evaluation_interval": "15s", "tests": tests}
    (folder / "tests.yml").write_text(yaml.safe_dump(suite))
    run = subprocess.run([program("promtool"), "test", "rules", folder / "tests.yml"], capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr


def inputs(series: list[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"series": name, "values": values} for name, values in series]


def firing(alert: str, at: str, labels: dict[str, str] | None) -> dict[str, Any]:
    """Expect exactly this alert to fire at a time, or none of its name."""
    samples = []
    if labels is not None:
        inside = ",".join(f'{k}="{v}"' for k, v in {"alertname": alert, "alertstate": "firing", **labels}.items())
        samples = [{"labels": f"ALERTS{{{inside}}}", "value": 1}]
    return {"expr": f'ALERTS{{alertname="{alert}",alertstate="firing"}}', "eval_time": at, "exp_samples": samples}
