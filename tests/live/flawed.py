"""Workers with a flaw: ``python -m tests.live.flawed crash ...`` raises in a stage, ``newer`` has another state."""

import itertools
import sys
from typing import Any

from pipeline.cli.arguments import main
from pipeline.records import Bins
from pipeline.signals.merging import MergeStage
from pipeline.state import FORMS


def crash(moment: int = 100) -> None:
    """Raise at the hundredth frame of bins."""
    step, frames = MergeStage.step, itertools.count(1)

    def stumble(stage: MergeStage, part: Bins) -> list[Any]:
        if len(part.start) and part.entities and next(frames) == moment:
            raise ZeroDivisionError("a bug")
        return step(stage, part)

    MergeStage.step = stumble  # type: ignore[method-assign]


def newer() -> None:
    """Be of a later version, which reads another form of the judged state."""
    FORMS["judge"] += 1


if __name__ == "__main__":
    {"crash": crash, "newer": newer}[sys.argv.pop(1)]()
    main()
