"""``python -m pipeline.settings``: the page docs/settings.md, from the classes and the docstrings of their fields."""

import ast
import inspect
import re
import sys
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from msgspec import Meta, json

from detectors.model import Model
from pipeline.settings import Settings
from pipeline.settings.bounded import BOUNDS, MOST

HEAD = """# Settings

Every number that you may want to change, with its default, its bounds and its reason. A file for `--settings` has the
same names in TOML: `silence` at its head, the others in tables, as in `[model]`. It names only what it changes.
Whole numbers go up to a billion at most. This page is written by `make docs` from `pipeline/settings`.

"""
UNIT = re.compile(r" ?\[([a-z0-9-]+)\]")


def page() -> str:
    """The whole page."""
    tables = {one.name: getattr(Settings(), one.name) for one in fields(Settings)}
    own = {name: value for name, value in tables.items() if not is_dataclass(value)}
    parts = [HEAD, _table(Settings, own)]
    for name, value in tables.items():
        if is_dataclass(value):
            parts.append(f"\n## [{name}]\n\n{_prose(value.__doc__ or '')}\n\n{_table(type(value), vars(value))}")
    return "".join(parts)


def _table(cls: type, values: dict[str, Any]) -> str:
    """A table of these settings of a class."""
    lines = ["| setting | default | unit | bounds | meaning |", "|---|---|---|---|---|"]
    known = dict(_of_model() if cls is Model else _described(cls))
    for name, value in values.items():
        unit, bounds, reason = known[name]
        cells = f"`{name}`", f"`{json.encode(value).decode()}`", unit or "–", bounds or "–", reason
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _of_model() -> Iterator[tuple[str, tuple[str, str, str]]]:
    """Unit, bounds and meaning of each parameter of the model."""
    for one in fields(Model):
        unit, reason, source = (one.metadata[name] for name in ("unit", "reason", "source"))
        low, high = BOUNDS[unit]
        yield one.name, (unit, f"from {low:,g} to {high:,g}", f"{reason} ({source})")


def _described(cls: type) -> Iterator[tuple[str, tuple[str, str, str]]]:
    """The same of each setting of a class that describes them by docstrings."""
    kinds = get_type_hints(cls, include_extras=True)
    for name, reason in _reasons(cls).items():
        unit = UNIT.search(reason)
        yield name, (unit[1] if unit else "", _bounds(kinds[name]), UNIT.sub("", reason, count=1))


def _bounds(kind: Any) -> str:
    """The bounds of a value; of a table those of its keys, then those of its values."""
    if get_origin(kind) is not Annotated:
        return ": ".join(filter(None, (_bounds(part) for part in get_args(kind) if part is not ...)))
    meta: Meta = kind.__metadata__[0]
    if meta.pattern is not None:
        return meta.pattern.strip("^()$").replace("|", ", ")
    limits = {"from": meta.ge, "above": meta.gt, "to": meta.le, "below": meta.lt, "multiples of": meta.multiple_of}
    return " ".join(f"{word} {limit:,}" for word, limit in limits.items() if limit not in (None, MOST))


def _reasons(cls: type) -> dict[str, str]:
    """The docstring below each field of a class."""
    (made,) = ast.parse(inspect.getsource(cls)).body
    assert isinstance(made, ast.ClassDef)
    pairs = zip(made.body, made.body[1:], strict=False)
    return {
        field.target.id: _prose(str(text.value.value))
        for field, text in pairs
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        if isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant)
    }


def _prose(text: str) -> str:
    """A docstring as one line of Markdown."""
    return " ".join(text.replace("``", "`").replace("|", "\\|").split())


if __name__ == "__main__":
    sys.stdout.write(page())
