"""Names in PromQL expressions, of boards and of alerts."""

import re

import promql_parser

from dashboards.rules import rules
from pipeline.serve.metric_names import ENDINGS, FAMILIES

RECORDED = {rule["record"] for group in rules()["groups"] for rule in group["rules"] if "record" in rule}
"""Series that recording rules make."""

SAMPLES = {family.name + ending for family in FAMILIES.values() for ending in ENDINGS[family.kind]}

KNOWN = SAMPLES | RECORDED | {"up"}
"""Every name that an expression may have; ``up`` is Prometheus' own."""


def metric_names(expr: str) -> set[str]:
    """Names of all vectors in an expression, which must parse."""
    text = promql_parser.parse(expr).prettify()
    return set(re.findall(r"\b(netvigil[\w:]*|up)\b(?=[{\[\s)]|$)", text)) - {"netvigil"}
