"""A small case that a person can do in the head: two flat days, three hours of nothing, half a day more."""

from pathlib import Path

import numpy as np

from pipeline.codec import iso

BEGIN, STEP = 1707177600, 600  # 2024-02-06T00:00
FALL, BACK, END = BEGIN + 2 * 86400, BEGIN + 2 * 86400 + 3 * 3600, BEGIN + 5 * 43200
LABELS = "start,end,entity_type,entity,kind,source\n"


def case(folder: Path, entity: str = "PK", labelled: bool = True, left: float = 0.0, kind: str = "country") -> Path:
    """Leave it in a folder; ``left``: share of the level that is left in those hours."""
    folder.mkdir(parents=True)
    times = np.arange(BEGIN, END, STEP)
    lines = ["time,signal,entity_type,entity,value"]
    for time in times.tolist():
        is_out = FALL <= time < BACK
        lines.append(f'{iso(time)},probing.ioda,{kind},"{entity}",{3000 * left if is_out else 3000:g}')
        lines.append(f'{iso(time)},bgp.ioda,{kind},"{entity}",{5000 * left if is_out else 5000:g}')
    (folder / "signals.csv").write_text("\n".join(lines) + "\n")
    label = f'{iso(FALL)},{iso(BACK)},{kind},"{entity}",shutdown,made\n' if labelled else ""
    (folder / "labels.csv").write_text(LABELS + label)
    return folder
