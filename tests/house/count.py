"""How much decides: modules, lines, constants and parameters, against the bounds of the model: ``make count``."""

import ast
import sys
from collections.abc import Iterator
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

from detectors.burst import Burst
from detectors.cusum import Cusum
from detectors.model import Model
from detectors.seasonal import Seasonal
from pipeline.settings import Fusing, Judging
from tests.house.tree import files, text

DECIDING = {
    "model": (
        "detectors/chain.py", "detectors/common_mode.py", "detectors/daily.py", "detectors/expectation.py",
        "detectors/levels.py", "detectors/model.py", "detectors/predictive.py", "detectors/stuck.py",
        "pipeline/fusion/belief.py", "pipeline/fusion/fusion.py", "pipeline/fusion/kinds.py",
        "pipeline/fusion/life.py", "pipeline/fusion/likeness.py", "pipeline/fusion/now.py",
        "pipeline/fusion/places.py", "pipeline/fusion/turns.py",
        "pipeline/judge/stage.py",
    ),
    "today": (
        "detectors/burst.py", "detectors/cusum.py", "detectors/history.py", "detectors/noise.py", "detectors/seasonal",
        "detectors/state.py", "detectors/window.py", "pipeline/fusion", "pipeline/judge",
    ),
}  # fmt: skip
"""Files and folders of the code that decides what is out; a file belongs to the first that has it."""

PARAMETERS = {"model": (Model,), "today": (Fusing, Judging, Seasonal, Cusum, Burst)}
"""Classes whose numbers decide."""

MOST_LINES, MOST_PARAMETERS = 3_000, 50
"""The bounds of the model, docstrings included."""


def deciding(of: str = "") -> list[Path]:
    """The modules that decide, of one engine or of all."""
    return [path for path in files(".py") if (name := _engine(path)) and of in ("", name)]


def _engine(path: Path) -> str:
    around = {str(part) for part in (path, *path.parents)}
    return next((name for name, own in DECIDING.items() if around & set(own)), "")


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
    """Print the counts of each engine; 1 where the first one passes a bound."""
    passed = []
    for name in DECIDING:
        paths = deciding(name)
        lines = sum(len(text(path).splitlines()) for path in paths)
        capitals = sum(1 for path in paths for _ in constants(ast.parse(text(path))))
        numbers = {settings.__name__: len(list(parameters(settings))) for settings in PARAMETERS[name]}
        whole = sum(numbers.values())
        passed.append(lines > MOST_LINES or whole > MOST_PARAMETERS)
        sys.stdout.write(
            f"{name}: {len(paths)} modules, {lines:,} lines (at most {MOST_LINES:,}), {capitals} module constants, "
            f"{whole} parameters (at most {MOST_PARAMETERS}): {', '.join(f'{n} {one}' for one, n in numbers.items())}\n"
        )
    return int(passed[0])


if __name__ == "__main__":
    sys.exit(main())
