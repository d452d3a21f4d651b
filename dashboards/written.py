"""What is generated, and where it stands: boards and rules, committed so that a deployment needs no Python."""

import json
from pathlib import Path

from dashboards.boards import boards
from dashboards.rules.groups import rules_text

FOLDER = Path(__file__).parent / "generated"


def texts() -> dict[str, str]:
    """File name -> content, all of them."""
    made = {f"{uid}.json": json.dumps(board, indent=1, ensure_ascii=False) + "\n" for uid, board in boards().items()}
    return {**made, "rules.yml": rules_text()}


def write(folder: Path = FOLDER) -> list[Path]:
    """Write them; returns what was written."""
    folder.mkdir(exist_ok=True)
    for name, text in texts().items():
        (folder / name).write_text(text, encoding="utf-8")
    return [folder / name for name in texts()]
