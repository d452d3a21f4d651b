"""Entities fused a second on the worst day, beside a day on which nothing happens."""

from collections.abc import Iterator

from pipeline.fusion import FuseStage
from tests.bench.rate import Rate, timed
from tests.fusion.worst import ENTITIES, worst

BINS = 10


def fused(out: int) -> float:
    """Entities a second, in bins in which nothing changes."""
    stage = FuseStage(0)
    bins = [worst(number, out) for number in range(BINS + 2)]
    for verdicts in bins[:2]:
        stage.step(verdicts)

    def measured() -> int:
        for verdicts in bins[2:]:
            stage.step(verdicts)
        return BINS * ENTITIES

    return timed(measured)[1]


def bench_fusion() -> Iterator[Rate]:
    """A calm day beside one on which two fifths are out."""
    calm = Rate("fuse: none out", fused(0), "entities")
    yield calm
    yield Rate("fuse: 8,000 of 20,000 out", fused(8_000), "entities").to(calm)
