"""Reading MRT beside ftlbgp's own loop, and counting what was read."""

import sys
from collections.abc import Iterator
from pathlib import Path

from pipeline.feeds import open_source
from pipeline.records import Elements, Run
from pipeline.settings import Counting
from pipeline.signals.visibility import Visibility
from pipeline.topics import split
from tests.bench.bench_visibility import made_up_places
from tests.bench.rate import Rate, timed
from tests.conftest import DATA

FILE = "feeds/mrt/ripencc-bgpdump/updates.et-header.2015.gz"
"""578,000 elements, with two sessions that are reset."""

PARTITIONS = 8


def batches(path: Path) -> Iterator[Elements]:
    return (item for item in open_source(path).items() if isinstance(item, Elements))


def decoded(path: Path) -> int:
    return sum(len(batch) for batch in batches(path))


def counted(path: Path) -> int:
    places = made_up_places()
    parts = [
        Visibility(Run(), "mrt", p, PARTITIONS, ("bgp.mrt", "bgp.mrt6"), places, Counting()) for p in range(PARTITIONS)
    ]
    total = 0
    for batch in batches(path):
        total += len(batch)
        for share in split(batch, PARTITIONS):
            parts[share.partition].add(share)
        for part in parts:
            part.close(int(batch.time.min()))
    return total


def theirs(path: Path) -> int:
    from ftlbgp import BgpParser

    with BgpParser() as parse:
        return sum(1 for _ in parse(str(path)))


def bench_mrt() -> Iterator[Rate]:
    """Rates of one file of updates."""
    path = DATA / FILE
    if not path.is_file():
        sys.stderr.write(f"no recorded feeds at {DATA}: set NETVIGIL_DATA\n")
        return
    reference = Rate("MRT: ftlbgp", timed(lambda: theirs(path))[1], "elements")
    yield reference
    yield Rate("MRT: decoded", timed(lambda: decoded(path))[1], "elements").to(reference)
    yield Rate("MRT: decoded, counted", timed(lambda: counted(path))[1], "elements").to(reference)
