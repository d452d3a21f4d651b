"""A small case that a person can check in the head: two flat days, three hours of outage, half a day more."""

from pathlib import Path

import numpy as np

from pipeline.codec import iso
from pipeline.engine import Engine
from pipeline.evaluation.cases import read_cases
from pipeline.evaluation.runs import OURS, Judged, judge_all

BEGIN, STEP = 1707177600, 600  # 2024-02-06T00:00
FALL, BACK, END = BEGIN + 2 * 86400, BEGIN + 2 * 86400 + 3 * 3600, BEGIN + 5 * 43200
LABELS = "start,end,entity_type,entity,kind,source\n"


def case(folder: Path, entity: str = "PK", labelled: bool = True, left: float = 0.0, kind: str = "country") -> Path:
    """Write it into a folder; ``left``: share of the level that is left in the outage."""
    folder.mkdir(parents=True)
    lines = ["time,signal,entity_type,entity,value"]
    for time in np.arange(BEGIN, END, STEP).tolist():
        share = left if FALL <= time < BACK else 1.0
        lines.append(f'{iso(time)},probing.ioda,{kind},"{entity}",{3000 * share:g}')
        lines.append(f'{iso(time)},bgp.ioda,{kind},"{entity}",{5000 * share:g}')
    (folder / "signals.csv").write_text("\n".join(lines) + "\n")
    label = f'{iso(FALL)},{iso(BACK)},{kind},"{entity}",shutdown,made\n' if labelled else ""
    (folder / "labels.csv").write_text(LABELS + label)
    return folder


def label(folder: Path, *lines: str) -> Path:
    """Other labels, ``start,end,entity_type,entity``."""
    (folder / "labels.csv").write_text(LABELS + "".join(f"{line},shutdown,made\n" for line in lines))
    return folder


def more(folder: Path, *places: str, left: float = 0.0) -> Path:
    """The same rows also of other places, ``entity_type,entity``, with another share left in the outage."""
    other = case(folder.parent / f"{folder.name}-other", "?", left=left) / "signals.csv"
    rows = other.read_text().splitlines(keepends=True)[1:]
    with (folder / "signals.csv").open("a") as table:
        table.writelines(row.replace('country,"?"', place) for place in places for row in rows)
    return folder


def between(folder: Path, first: int = 0, last: int = 2**40) -> Path:
    """Only the rows of ``[first, last)`` [s]."""
    table = folder / "signals.csv"
    head, *rows = table.read_text().splitlines(keepends=True)
    table.write_text(head + "".join(row for row in rows if iso(first) <= row[:20] < iso(last)))
    return folder


def judged(folder: Path, *detectors: str) -> list[Judged]:
    """A case by ours and by these."""
    return list(judge_all(read_cases([folder])[0], [OURS, *detectors], Engine()))
