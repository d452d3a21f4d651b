"""How much decides: modules, lines, constants and parameters, against the bounds of the model: ``make count``."""

import ast
import sys
from collections.abc import Iterator
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

from detectors.model import Model
from tests.house.tree import files, text

DECIDING = (
    "detectors/chain.py", "detectors/common_mode.py", "detectors/daily.py", "detectors/expectation.py",
    "detectors/levels.py", "detectors/model.py", "detectors/predictive.py", "detectors/stuck.py", "pipeline/fusion",
    "pipeline/judge",
)  # fmt: skip
"""Files and folders of the code that decides what is out."""

DECIDES_NOTHING = ("pipeline/fusion/likeness.py",)
"""What it looks like that was decided."""

MOST_LINES, MOST_PARAMETERS = 3_000, 50
"""The bounds of the model, docstrings included."""


def deciding() -> list[Path]:
    """The modules that decide."""
    found = [path for path in files(".py") if {str(part) for part in (path, *path.parents)} & set(DECIDING)]
    return [path for path in found if str(path) not in DECIDES_NOTHING]


def constants(module: ast.Module) -> Iterator[str]:
    """Names in capitals to which a module gives a number, or several."""
    for line in module.body:
        if isinstance(line, ast.Assign | ast.AnnAssign) and line.value is not None:
            targets = line.targets if isinstance(line, ast.Assign) else [line.target]
            if any(isinstance(part, ast.Constant) and _is_number(part.value) for part in ast.walk(line.value)):
                yield from (n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name) and n.id.isupper())


def parameters(settings: type) -> Iterator[str]:
    """Numbers of a settings class, one by one."""
    for one in fields(settings):
        value: Any = one.default if one.default_factory is MISSING else one.default_factory()
        many = value.values() if isinstance(value, dict) else value if isinstance(value, tuple) else (value,)
        yield from (one.name for each in many if _is_number(each))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def main() -> int:
    """Print the counts; 1 where one passes a bound."""
    paths = deciding()
    lines = sum(len(text(path).splitlines()) for path in paths)
    capitals = sum(1 for path in paths for _ in constants(ast.parse(text(path))))
    numbers = len(list(parameters(Model)))
    sys.stdout.write(
        f"{len(paths)} modules, {lines:,} lines (at most {MOST_LINES:,}), {capitals} module constants, "
        f"{numbers} parameters (at most {MOST_PARAMETERS})\n"
    )
    return int(lines > MOST_LINES or numbers > MOST_PARAMETERS)


if __name__ == "__main__":
    sys.exit(main())
