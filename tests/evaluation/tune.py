"""Choose settings without a case and judge them on it: ``make tune``, ``make tune WITHOUT=case``."""

import os
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import replace
from functools import partial
from itertools import groupby
from math import fsum
from pathlib import Path
from typing import NamedTuple

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from detectors import REGISTRY
from pipeline.engine import Engine
from pipeline.errors import UserError
from pipeline.evaluation.accounting import Answer
from pipeline.evaluation.cases import Case, Tolerance, read_cases
from pipeline.evaluation.runs import OURS, judge
from pipeline.evaluation.sweep import Recorded, fused, recorded
from pipeline.evaluation.sweep import changed as with_values
from pipeline.settings import Settings
from tests.tracked import tracked

FUSING = "fusing"
GRID: dict[str, tuple[float, ...]] = {
    "seasonal.enter": (3.0, 4.0, 5.0), "seasonal.leave": (1.5, 2.0, 3.0), "seasonal.depth": (0.05, 0.1, 0.2),
    "seasonal.persist": (1, 2, 3), "seasonal.overwhelming": (0.2, 0.3, 0.5),
    "cusum.alarm": (2.0, 3.0, 4.5), "cusum.depth": (0.12, 0.18, 0.27),
    "fusing.per_deviation": (0.5, 0.8, 1.2), "fusing.full_depth": (0.2, 0.3, 0.5), "fusing.confirm": (0.9, 0.95, 0.99),
    "fusing.bottom": (0.3, 0.5, 0.7), "fusing.calm_bins": (1, 2, 3), "fusing.low_parts": (0.4, 0.5, 0.6),
    "fusing.parts_depth": (0.05, 0.1, 0.2),
}  # fmt: skip
"""Settings of the detectors and of `pipeline.settings.Fusing` that decide what is called, and what they could be."""

DRAWN = 14
"""So many points have every value drawn, beside those that have one moved."""

Point = tuple[float, ...]
"""One value of each."""


class Score(NamedTuple):
    """Larger is better: labels met, minus false outages, labels hit, and minus the errors of times in tolerances."""

    met: int
    false: int
    hits: int
    off: float


def score(recording: Recorded, engine: Engine) -> Score:
    """What fusion with the settings of an engine makes of a case."""
    judged = judge(recording.case, OURS, fused(recording, engine), engine.settings)
    made = judged.account
    off = sum(_off(answer, judged.tolerance) for answer in made.answers)
    return Score(made.met, -len(made.false), made.hits, -round(off, 6))


def _off(answer: Answer, exact: Tolerance) -> float:
    onset, end = max(exact.onset_late, 60), max(exact.end_late, 60)
    times = ((answer.confirmed, onset), (answer.onset_error, onset), (answer.end_error, end))
    return sum(abs(time) / within for time, within in times if time is not None)


def shipped() -> Point:
    """The values that are shipped: the same ones for every kind of signal."""
    return tuple(_shipped(*name.split(".")) for name in GRID)


def _shipped(where: str, name: str) -> float:
    if where == FUSING:
        return float(getattr(Settings().fusing, name))
    (value,) = {getattr(REGISTRY[where](f"{kind}.x"), name) for kind in ("bgp", "telescope", "probing", "traffic")}
    return float(value)


def points() -> list[Point]:
    """The shipped one, each with one setting at another of its values, and some with every value drawn (seed 0)."""
    own, names = shipped(), list(GRID)
    moved = [
        (*own[:i], float(value), *own[i + 1 :])
        for i, name in enumerate(names) for value in GRID[name] if value != own[i]
    ]  # fmt: skip
    rng = np.random.default_rng(0)
    drawn = [tuple(float(rng.choice(GRID[name])) for name in names) for _ in range(DRAWN)]
    return [own, *moved, *drawn]


def made(point: Point) -> Engine:
    """The engine with these settings."""
    own = shipped()
    changed: dict[str, dict[str, float]] = {}
    for name, value, usual in zip(GRID, point, own, strict=True):
        where, field = name.split(".")
        if value != usual:
            changed.setdefault(where, {})[field] = int(value) if isinstance(GRID[name][0], int) else value
    fusing = replace(Settings().fusing, **changed.pop(FUSING, {}))  # type: ignore[arg-type]
    others = {name: partial(with_values, REGISTRY[name], values) for name, values in changed.items()}
    return Engine(replace(Settings(), fusing=fusing), {**REGISTRY, **others})


def scores(case: Case, alike: list[Point]) -> dict[Point, Score]:
    """Points that judge alike on one case: judged once, and fused with the settings of each."""
    verdicts = recorded(case, made(alike[0]))
    return {point: score(verdicts, made(point)) for point in alike}


def measured(cases: list[Case], every: list[Point]) -> dict[Point, dict[str, Score]]:
    """Every point on every case."""

    def judging(point: Point) -> Point:
        """What of a point the verdicts depend on."""
        return tuple(value for name, value in zip(GRID, point, strict=True) if not name.startswith(FUSING))

    table: dict[Point, dict[str, Score]] = {point: {} for point in every}
    groups = [list(alike) for _, alike in groupby(sorted(set(every), key=judging), key=judging)]
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        asked = {pool.submit(scores, case, alike): case.name for alike in groups for case in cases}
        for done in tracked(as_completed(asked), "cases judged", len(asked)):
            for point, found in done.result().items():
                table[point][asked[done]] = found
    return table


def total(found: dict[str, Score], without: str) -> tuple[float, ...]:
    """A point over all cases but one."""
    made = [score for name, score in sorted(found.items()) if name != without]
    return (*(sum(score[i] for score in made) for i in range(3)), round(fsum(score.off for score in made), 6))


class Left(NamedTuple):
    """The choice without a case.

    ``chosen``: the best point on all other cases.  ``alike``: points with the same counts on these; ``worse``: those of
    them that do worse than the shipped one on the case left out.
    """

    case: Case
    chosen: Point
    made: Score
    own: Score
    alike: int
    worse: int


def leave(table: dict[Point, dict[str, Score]], case: Case) -> Left:
    """Choose a point on all cases but one, and judge it on that."""
    name, own = case.name, table[shipped()][case.name]
    chosen = max(table, key=lambda point: total(table[point], name))
    best = total(table[chosen], name)[:3]
    alike = [found[name] for found in table.values() if total(found, name)[:3] == best]
    return Left(case, chosen, table[chosen][name], own, len(alike), sum(found[:3] < own[:3] for found in alike))


def moves(point: Point) -> Iterator[str]:
    """How a point differs from the shipped one."""
    for name, value, own in zip(GRID, point, shipped(), strict=True):
        if value != own:
            yield f"{name} {own:g} → {value:g}"


def shown(left: list[Left], tried: int) -> Table:
    """The choices, a line for each case that is left out."""
    title = f"Settings chosen without a case, of {tried} tried, and judged on it"
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD)
    table.add_column("left out")
    table.add_column("the others choose", overflow="fold")
    for name in ("labels met", "false", "shipped: met", "false", "do as well on the others", "of them worse here"):
        table.add_column(name, justify="right")
    for one in left:
        of = f"/{len(one.case.labels)}"
        table.add_row(
            one.case.name, "\n".join(moves(one.chosen)) or "what is shipped", f"{one.made.met}{of}",
            str(-one.made.false), f"{one.own.met}{of}", str(-one.own.false), f"{one.alike}/{tried}", str(one.worse),
        )  # fmt: skip
    return table


def main(data: Path, without: str) -> None:
    """Score the grid on all cases, and say what leaving out each one, or the named one, comes to."""
    cases = read_cases(sorted(path.parent for path in data.glob("*/labels.csv")))
    if not cases:
        raise UserError(f"{data}: no folder of a case is in it, one with labels.csv")
    if without and without not in [case.name for case in cases]:
        raise UserError(f"WITHOUT={without}: there is no such case, only {', '.join(case.name for case in cases)}")
    table = measured(cases, points())
    left = [leave(table, case) for case in cases if without in ("", case.name)]
    console = Console(width=None if sys.stdout.isatty() else 160)
    console.print(shown(left, len(table)))
    tries = [(total(found, ""), point) for point, found in table.items()]
    labels, own = sum(len(case.labels) for case in cases), total(table[shipped()], "")
    console.print(
        f"On all cases the shipped settings meet {own[0]:g} of {labels} labels with {-own[1]:g} false outages; "
        f"{sum(made[:3] == own[:3] for made, _ in tries)} of the {len(table)} settings do as much, "
        f"{sum(made[:3] > own[:3] for made, _ in tries)} do better."
    )


if __name__ == "__main__":
    try:
        if not 2 <= len(sys.argv) <= 3:
            raise UserError("wanted: the folder of the cases, and the case to leave out, or none for each")
        main(Path(sys.argv[1]), "".join(sys.argv[2:]))
    except UserError as error:
        sys.stderr.write(f"tune: {error}\n")
        sys.exit(2)
