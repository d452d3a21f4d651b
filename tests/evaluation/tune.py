"""Choose parameters by the log score, without a case, and judge them on it: ``make tune WITHOUT=case``."""

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from statistics import mean
from typing import NamedTuple

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from pipeline.errors import UserError
from tests.evaluation.measured import Change, Figures, allowed, cases_in, kept_in, key, measure, of_cases, singles
from tests.house.tree import ROOT

DRAWN, MOVED = 14, 3
"""So many points have so many parameters at half or double, beside those that have one."""


def points() -> list[Change]:
    """The shipped parameters, each alone at half and at double, and some drawn (seed 0)."""
    alone = [change for _, _, change in allowed(singles())]
    rng = np.random.default_rng(0)
    drawn = [rng.choice(len(alone), min(MOVED, len(alone)), replace=False) for _ in range(DRAWN)]
    return [{}, *alone, *({name: value for i in some for name, value in alone[i].items()} for some in drawn)]


class Left(NamedTuple):
    """The choice without a case: what it makes of it, and what the shipped parameters make of it."""

    case: str
    chosen: Change
    made: Figures
    own: Figures


def leave(table: Mapping[str, Mapping[str, Figures]], every: list[Change], case: str) -> Left:
    """Choose the best of all points by the mean log score of all cases but one; of equals the first."""

    def score(change: Change) -> float:
        return mean(found.score for name, found in table[key(change)].items() if name != case)

    chosen = max((change for change in every if table[key(change)].keys() == table[key({})].keys()), key=score)
    return Left(case, chosen, table[key(chosen)][case], table[key({})][case])


def shown(left: list[Left], tried: int) -> Table:
    """The choices, a line for each case that is left out, and the mean of their log scores."""
    title = f"Parameters chosen without a case by the log score, of {tried} tried, and judged on it"
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, show_footer=True)
    scores = [f"{mean(getattr(one, name).score for one in left):.4f}" for name in ("made", "own")]
    table.add_column("left out", "mean")
    table.add_column("the others choose", overflow="fold")
    for name, below in (("log score", scores[0]), ("met", ""), ("false", "")):
        table.add_column(name, below, justify="right")
    for name, below in (("shipped: log score", scores[1]), ("met", ""), ("false", "")):
        table.add_column(name, below, justify="right")
    for one in left:
        chosen = "\n".join(f"{name} {np.round(value, 6)}" for name, value in one.chosen.items()) or "what is shipped"
        pairs = ((f"{f.score:.4f}", f"{f.met}/{f.labels}", str(f.false)) for f in (one.made, one.own))
        table.add_row(one.case, chosen, *(cell for pair in pairs for cell in pair))
    return table


def main(folders: list[Path], without: str) -> None:
    """Measure every point on all cases, and say what leaving out each one, or the named one, comes to."""
    cases = of_cases(cases_in(folders))
    if len(cases) < 2:
        raise UserError(f"{folders[0]}: it has one case, and two are wanted")
    if without and without not in cases:
        raise UserError(f"WITHOUT={without}: there is no such case, only {', '.join(cases)}")
    every = points()
    table = measure(every, cases, kept_in(ROOT / ".cache"))
    left = [leave(table, every, name) for name in cases if without in ("", name)]
    Console(width=None if sys.stdout.isatty() else 160).print(shown(left, len(every)))


if __name__ == "__main__":
    ask = argparse.ArgumentParser(prog="python -m tests.evaluation.tune")
    ask.add_argument("folders", type=Path, nargs="+", help="which have the cases")
    ask.add_argument("--without", default="", help="the case to leave out, none for each")
    try:
        main(**vars(ask.parse_args()))
    except UserError as error:
        sys.stderr.write(f"tune: {error}\n")
        sys.exit(2)
