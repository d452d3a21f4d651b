"""The project's own files, as the house's tests read them."""

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]


@cache
def files(ending: str = "") -> tuple[Path, ...]:
    """Files of the project, relative to its root: those that git knows or would add."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True).stdout.splitlines()
    except (OSError, subprocess.CalledProcessError):  # an archive of the project, without git
        listed = [str(path.relative_to(ROOT)) for path in ROOT.rglob("*") if ".venv" not in path.parts]
    return tuple(sorted(Path(name) for name in listed if name.endswith(ending) and (ROOT / name).is_file()))


def text(path: Path | str) -> str:
    """The text of a file."""
    return (ROOT / path).read_text(encoding="utf-8")


def modules() -> Iterator[tuple[Path, ast.Module]]:
    """Every module that is installed, parsed."""
    for path in files(".py"):
        if path.parts[0] in ("detectors", "pipeline", "dashboards"):
            yield path, ast.parse(text(path))
