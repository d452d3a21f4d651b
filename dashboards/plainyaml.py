"""Writes the little YAML that rules need: mappings, lists, strings, numbers.  Strings are JSON, which YAML includes."""

import json
from typing import Any


def dump(value: Any, depth: int = 0) -> str:
    """A value as YAML; strings of several lines as blocks, so that a query can be read.

    Examples
    --------
    >>> print(dump({"groups": [{"name": "outages", "expr": "a\\n> 1", "labels": {"severity": "info"}}]}), end="")
    groups:
      - name: "outages"
        expr: |-
          a
          > 1
        labels:
          severity: "info"
    """
    pad = "  " * depth
    if isinstance(value, dict):
        return "".join(f"{pad}{key}:{_tail(item, depth)}" for key, item in value.items())
    items = (dump(item, depth + 1) if isinstance(item, dict) else f"{pad}  {json.dumps(item)}\n" for item in value)
    return "".join(f"{pad}- {item.lstrip()}" for item in items)


def _tail(item: Any, depth: int) -> str:
    if isinstance(item, dict | list):
        return "\n" + dump(item, depth + 1)
    if isinstance(item, str) and "\n" in item:
        pad = "  " * (depth + 1)
        return " |-\n" + "".join(f"{pad}{line}\n" for line in item.splitlines())
    return f" {json.dumps(item, ensure_ascii=False)}\n"
