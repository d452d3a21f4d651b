"""The golden table: what ours makes of every label of every case, and what counts as worse."""

import csv
from collections.abc import Callable, Iterable
from pathlib import Path

from pipeline.codec import iso
from pipeline.evaluation.phrases import minutes
from pipeline.evaluation.runs import Judged

GOLDEN = Path(__file__).with_name("scores.csv")

Row = dict[str, str]
COLUMNS = (
    "case", "entity", "start", "hit", "met", "fragments", "suspected_min", "confirmed_min", "onset_min", "end_min",
    "cover", "false", "others",
)  # fmt: skip
"""A line for each label, and one for the whole case, which has no entity."""

COSTS: dict[str, Callable[[float], float]] = {
    "false": float, "others": float, "fragments": lambda fragments: max(fragments, 1), "suspected_min": float,
    "confirmed_min": float, "onset_min": abs, "end_min": abs, "cover": lambda cover: -cover,
    "hit": lambda hit: -hit, "met": lambda met: -met,
}  # fmt: skip
"""The cost of each figure: more is worse."""


def rows(judged: Judged) -> list[Row]:
    """What fusion made of a case."""
    made = judged.readings[0].account
    whole = (str(made.hits), str(made.met), *("",) * 6, str(len(made.false)), str(len(made.others)))
    lines = [(judged.case.name, "", "", *whole)]
    for a in made.answers:
        times = (minutes(time).replace("−", "-") for time in (a.suspected, a.confirmed, a.onset_error, a.end_error))
        place = (judged.case.name, f"{a.label.entity_type}/{a.label.entity}", iso(a.label.start))
        lines.append((*place, str(int(a.hit)), str(int(a.met)), str(a.fragments), *times, f"{a.cover:.3f}", "", ""))
    return [dict(zip(COLUMNS, line, strict=True)) for line in lines]


def read() -> list[Row]:
    with GOLDEN.open(newline="") as file:
        return list(csv.DictReader(file))


def write(lines: Iterable[Row]) -> None:
    with GOLDEN.open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(lines)


def worse(before: list[Row], after: list[Row]) -> list[str]:
    """What a change made worse, each in a sentence."""
    found, said = {key(row): row for row in after}, list[str]()
    for row in before:
        now, name = found.get(key(row)), " ".join(filter(None, key(row)))
        if now is None:
            said.append(f"{name}: gone")
        else:
            said += [f"{name}: {c} {row[c]} -> {now[c]}" for c, cost in COSTS.items() if _more(row[c], now[c], cost)]
    return said


def _more(before: str, after: str, cost: Callable[[float], float]) -> bool:
    """Whether a figure costs more than before; a missing figure is a missed label, which ``hit`` tells."""
    return bool(before and after) and cost(float(after)) > cost(float(before))


def key(row: Row) -> tuple[str, str, str]:
    return row["case"], row["entity"], row["start"]
