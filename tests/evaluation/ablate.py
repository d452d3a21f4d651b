"""Each parameter at half and at double, each term taken away, and what that does: ``make ablate ONLY="a b"``."""

import argparse
import sys
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from statistics import mean, median

from rich.box import MARKDOWN
from rich.console import Console
from rich.table import Table

from pipeline.engine import Engine
from pipeline.errors import UserError
from tests.evaluation.measured import (
    TERMS,
    Change,
    Figures,
    Run,
    allowed,
    cases_in,
    kept_in,
    key,
    measure,
    of_cases,
    singles,
)
from tests.house.tree import ROOT
from tests.injection import holiday, plain

COLUMNS = (
    "labels met", "false on controls", "false elsewhere", "minutes to confirm", "log score", "plain losses found",
    "holidays wrong",
)  # fmt: skip

SHIPPED = ("as shipped", "", Change())


SEEDS, HOLIDAYS, SIZES = 1, ("workday",), (0.4, 0.65)
"""Seeds of the plain table, and the quiet day that is tried with one seed, at these losses [0-1]."""


def worlds() -> dict[str, Run]:
    """Name of a generated world -> how an engine is held against it."""
    steady = {
        f"plain {mean} in {width} s, seed {seed}": partial(of_plain, mean, width, seed)
        for mean, width in plain.SERIES for seed in range(SEEDS)
    }  # fmt: skip
    free = {day: partial(of_holiday, day, 0) for day in HOLIDAYS}
    return steady | free


def of_plain(mean: int, width: int, seed: int, engine: Engine) -> Figures:
    """Losses of a steady series that an engine confirms."""
    said = plain.answers(mean, width, seed, engine=engine)
    return Figures(lost=len(said), found=sum(one.confirmed is not None for one in said))


def of_holiday(day: str, seed: int, engine: Engine) -> Figures:
    """Losses of activity alone that an engine confirms, and losses of probes as well that it does not."""
    said = holiday.said(day, seed, SIZES, engine)
    return Figures(wrong=sum((one.confirmed is not None) != probes for (_, probes), one in said.items()))


def cells(found: Mapping[str, Figures]) -> list[str]:
    """What came of a change in all cases and worlds, as `COLUMNS`."""
    cases = [one for one in found.values() if one.hours]
    controls, others = ([one for one in cases if bool(one.labels) == own] for own in (False, True))
    confirmed = [float(each) for one in cases for each in one.confirmed.split(";") if each]
    lost, has_worlds = sum(one.lost for one in found.values()), len(cases) < len(found)
    return [
        f"{sum(one.met for one in cases)}/{sum(one.labels for one in cases)}",
        str(sum(one.false for one in controls)), str(sum(one.false for one in others)),
        f"{median(confirmed):g}" if confirmed else "–", f"{mean(one.score for one in cases):.4f}" if cases else "–",
        f"{sum(one.found for one in found.values())}/{lost}" if lost else "–",
        str(sum(one.wrong for one in found.values())) if has_worlds else "–",
    ]  # fmt: skip


def shown(
    every: Iterable[tuple[str, str, Change]], table: Mapping[str, Mapping[str, Figures]]
) -> tuple[Table, list[str]]:
    """A line for each change that changes a figure, with the cells that differ from those as shipped; and the other
    changes."""
    made, idle = Table("parameter", "change", *COLUMNS, box=MARKDOWN), []
    usual = table[key(SHIPPED[2])]
    for name, word, change in every:
        own = table[key(change)]
        pairs = zip(cells(own), cells(usual), strict=True)
        differ = [cell if cell != as_usual or not change else "" for cell, as_usual in pairs]
        if own.keys() != usual.keys():
            made.add_row(name, word, "failed")
        elif any(differ):
            made.add_row(name, word, *differ)
        else:
            idle.append(f"{name} ({word})")
    return made, idle


def main(folders: list[Path], only: list[str]) -> None:
    """Measure, and print the table as Markdown, which docs can have; ``only`` some parameters and terms, or all."""
    cases = cases_in(folders)
    terms = [(name, "away", change) for name, change in TERMS.items()]
    chosen = [one for one in [*singles(), *terms] if not only or one[0] in only]
    if strange := set(only) - {name for name, *_ in chosen}:
        raise UserError(f"{', '.join(sorted(strange))}: no parameter and no term of the model")
    every = [SHIPPED, *allowed(chosen)]
    table = measure([change for *_, change in every], of_cases(cases) | worlds(), kept_in(ROOT / ".cache"))
    differ, idle = shown(every, table)
    Console(width=160).print(differ, f"No figure changes with: {', '.join(idle) or 'none'}.")


if __name__ == "__main__":
    ask = argparse.ArgumentParser(prog="python -m tests.evaluation.ablate")
    ask.add_argument("folders", type=Path, nargs="+", help="which have the cases")
    ask.add_argument("--only", nargs="*", default=[], help="parameters and terms to try, none for all")
    try:
        main(**vars(ask.parse_args()))
    except UserError as error:
        sys.stderr.write(f"ablate: {error}\n")
        sys.exit(2)
