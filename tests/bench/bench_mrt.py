"""Reading MRT beside ftlbgp's own loop, and counting what was read."""

import io
import ipaddress
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from pipeline.feeds import mrt, open_source
from pipeline.feeds.mrt.sift import sift
from pipeline.geo.places import Places
from pipeline.records import Elements, Peer, Run
from pipeline.settings import Counting
from pipeline.signals.visibility import Visibility
from pipeline.topics import split
from tests.bench.bench_visibility import made_up_places, made_up_table
from tests.bench.rate import Rate, timed
from tests.conftest import DATA
from tests.feeds.mrts import table

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


def full_table(prefixes: int, peers: int) -> bytes:
    """A table dump in which all peers have the same routes."""
    hi, length, origin = made_up_table(prefixes, np.random.default_rng(1))
    names = [f"{ipaddress.IPv4Address(int(h) >> 32)}/{n}" for h, n in zip(hi.tolist(), length.tolist(), strict=True)]
    rows = {name: [(peer, asn) for peer in range(peers)] for name, asn in zip(names, origin.tolist(), strict=True)}
    return table(rows, [Peer(64512 + i, f"192.0.2.{i}") for i in range(peers)])


def sifted(dump: bytes, places: Places) -> int:
    """Elements of the whole table, of which those of some countries are decoded."""
    sink = io.BytesIO()
    sizes = sift(io.BytesIO(dump), places.overlap, sink)
    sink.seek(0)
    assert sum(len(item) for item in mrt.read(sink) if isinstance(item, Elements))
    return int(sum(counts.sum() for counts in sizes.prefixes.values()))


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
    dump, some = full_table(prefixes=10_000, peers=60), made_up_places().of_countries(["AA"])
    yield Rate("MRT: a table for one country", timed(lambda: sifted(dump, some))[1], "elements").to(reference)
    yield Rate("MRT: decoded, counted", timed(lambda: counted(path))[1], "elements").to(reference)
