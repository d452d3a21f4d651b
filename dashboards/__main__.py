"""``python -m dashboards``: writes dashboards/generated, which is committed so that a deployment needs no Python."""

import json
import sys
from pathlib import Path

from dashboards.boards import boards
from dashboards.links import NoPageError
from dashboards.rules import rules_text

FOLDER = Path(__file__).parent / "generated"


def texts() -> dict[str, str]:
    """File name -> content, of all boards and rules."""
    made = {f"{uid}.json": json.dumps(board, indent=1, ensure_ascii=False) + "\n" for uid, board in boards().items()}
    return {**made, "rules.yml": rules_text()}


def main(folder: Path = FOLDER) -> int:
    """Write the files and print their names; returns the exit code."""
    try:
        made = texts()
    except NoPageError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    folder.mkdir(exist_ok=True)
    for name, text in made.items():
        (folder / name).write_text(text, encoding="utf-8")
        sys.stdout.write(f"{name}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
