"""Settings of fusion, chosen without the case that they are judged on: ``make tune``, ``make tune WITHOUT=case``."""

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from pipeline.engine import Engine
from pipeline.evaluation.cases import read_cases
from pipeline.evaluation.judged import OURS, judge
from pipeline.evaluation.recorded import Recorded, fused, recorded
from pipeline.settings import Settings

GRID = {
    "bottom": (0.3, 0.5, 0.7), "calm_bins": (1, 2, 3), "low_parts": (0.4, 0.5, 0.6), "parts_depth": (0.05, 0.1, 0.2),
}  # fmt: skip
"""Settings of `pipeline.settings.Fusing` that were chosen with labels in sight, and what they could be."""

Point = tuple[float, ...]
"""One value of each."""


class Score(NamedTuple):
    """What is better is larger: labels met and hit, and false outages, negative."""

    met: int
    false: int
    hits: int


def score(recording: Recorded, settings: Settings) -> Score:
    """What fusion with these settings makes of a case."""
    came = fused(recording, Engine(settings))
    made = judge(recording.case, OURS, came, settings).readings[0].account
    return Score(made.met, -len(made.false), made.hits)


def points() -> Iterator[tuple[Point, Settings]]:
    """The shipped ones, and each with one setting at another of its values."""
    usual = Settings()
    own = dict(zip(GRID, shipped(), strict=True))
    yield tuple(own.values()), usual
    for name, value in [(name, value) for name, values in GRID.items() for value in values if value != own[name]]:
        moved = own | {name: value}
        yield tuple(moved.values()), replace(usual, fusing=replace(usual.fusing, **moved))  # type: ignore[arg-type]


def best(table: dict[Point, dict[str, Score]], without: str) -> list[Point]:
    """The points that do best on all cases but one."""
    totals = {
        point: tuple(map(sum, zip(*(made for name, made in scores.items() if name != without), strict=True)))
        for point, scores in table.items()
    }
    most = max(totals.values())
    return [point for point, total in totals.items() if total == most]


def told(table: dict[Point, dict[str, Score]], without: str, labels: int) -> str:
    """One line: how many points are best without a case, and what the best and the worst of them make of it."""
    chosen = best(table, without)
    made, ours = [table[point][without] for point in chosen], table[tuple(shipped())][without]
    low, high = min(made), max(made)
    own = "" if tuple(shipped()) in chosen else "NOT "
    lost = sum(score < ours for score in made)
    return (
        f"{without}: chosen by the other cases are {len(chosen)} of {len(table)} settings, the shipped one {own}among "
        f"them. On {without} the shipped one meets {ours.met} of {labels} labels with {-ours.false} false outages, the "
        f"chosen ones {low.met} to {high.met} with {-high.false} to {-low.false}"
        + (f": {lost} of them do worse than the shipped one." if lost else ".")
    )


def shipped() -> Iterator[float]:
    """The values that are shipped."""
    return (getattr(Settings().fusing, name) for name in GRID)


def main(data: Path, without: str) -> None:
    """Score the grid on all cases, and say what leaving out each one, or the named one, comes to."""
    cases = read_cases(sorted(path.parent for path in data.glob("*/labels.csv")))
    if without and without not in [case.name for case in cases]:
        raise SystemExit(f"WITHOUT={without}: there is no such case, only {', '.join(case.name for case in cases)}")
    every = [recorded(case, Engine()) for case in cases]
    table = {point: {each.case.name: score(each, settings) for each in every} for point, settings in points()}
    print(  # noqa: T201
        f"{len(table)} settings of fusion, the shipped one and each with one value moved: "
        + ", ".join(f"{name} {values}" for name, values in GRID.items())
    )
    for case in cases:
        if without in ("", case.name):
            print(told(table, case.name, len(case.labels)))  # noqa: T201


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "")
