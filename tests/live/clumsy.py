"""A worker with a bug: ``python -m tests.live.clumsy N ...`` raises at the N-th bins that are merged."""

import itertools
import sys
from collections.abc import Callable

from pipeline.cli.arguments import main
from pipeline.records import Bins
from pipeline.signals.merging import MergeStage


def clumsy(step: Callable[[MergeStage, Bins], list[Bins]], moment: int) -> Callable[[MergeStage, Bins], list[Bins]]:
    """The same step, but for one of the frames that hold bins."""
    frames = itertools.count(1)

    def stumble(stage: MergeStage, part: Bins) -> list[Bins]:
        if len(part.start) and part.entities and next(frames) == moment:
            raise ZeroDivisionError("a bug")
        return step(stage, part)

    return stumble


if __name__ == "__main__":
    MergeStage.step = clumsy(MergeStage.step, int(sys.argv.pop(1)))  # type: ignore[method-assign]
    main()
