"""Each parameter at half and at double, each term taken away, and what that does: ``make ablate``."""

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from statistics import mean, median

from rich.box import MARKDOWN
from rich.console import Console
from rich.table import Table

from pipeline.errors import UserError
from pipeline.evaluation.cases import read_cases
from tests.evaluation.measured import AWAY, Change, Figures, Run, allowed, kept_in, key, measure, of_cases, singles
from tests.house.tree import ROOT

COLUMNS = (
    "labels met", "false on controls", "false elsewhere", "minutes to confirm", "log score", "plain losses found",
    "holidays wrong",
)  # fmt: skip

SHIPPED = ("as shipped", "", Change())


def worlds() -> dict[str, Run]:
    """Name of a generated world -> how an engine is held against it."""
    return {}


def cells(found: Mapping[str, Figures]) -> list[str]:
    """What came of a change in all cases and worlds, as `COLUMNS`."""
    cases = [one for one in found.values() if one.hours]
    controls, others = ([one for one in cases if bool(one.labels) == own] for own in (False, True))
    confirmed = [float(each) for one in cases for each in one.confirmed.split(";") if each]
    lost = sum(one.lost for one in found.values())
    return [
        f"{sum(one.met for one in cases)}/{sum(one.labels for one in cases)}",
        str(sum(one.false for one in controls)), str(sum(one.false for one in others)),
        f"{median(confirmed):g}" if confirmed else "–", f"{mean(one.score for one in cases):.4f}" if cases else "–",
        f"{sum(one.found for one in found.values())}/{lost}" if lost else "–",
        str(sum(one.wrong for one in found.values())) if lost else "–",
    ]  # fmt: skip


def shown(every: Iterable[tuple[str, str, Change]], table: Mapping[str, Mapping[str, Figures]]) -> Table:
    """A line for each change, with the cells that differ from those as shipped."""
    made = Table("parameter", "change", *COLUMNS, box=MARKDOWN)
    usual = table[key(SHIPPED[2])]
    for name, word, change in every:
        own = table[key(change)]
        pairs = zip(cells(own), cells(usual), strict=True)
        differ = [cell if cell != as_usual or not change else "" for cell, as_usual in pairs]
        made.add_row(name, word, *(differ if own.keys() == usual.keys() else ["failed", *[""] * (len(COLUMNS) - 1)]))
    return made


def main(data: Path) -> None:
    """Measure, and print the table as Markdown, which docs can have."""
    cases = read_cases(sorted(path.parent for path in data.glob("*/labels.csv")))
    if not cases:
        raise UserError(f"{data}: no folder of a case is in it, one with labels.csv")
    terms = [(name, "away", change) for name, change in AWAY.items()]
    every = [SHIPPED, *allowed([*singles(), *terms])]
    table = measure([change for *_, change in every], of_cases(cases) | worlds(), kept_in(ROOT / ".cache"))
    Console(width=160).print(shown(every, table))


if __name__ == "__main__":
    try:
        if len(sys.argv) != 2:
            raise UserError("wanted: the folder of the cases")
        main(Path(sys.argv[1]))
    except UserError as error:
        sys.stderr.write(f"ablate: {error}\n")
        sys.exit(2)
