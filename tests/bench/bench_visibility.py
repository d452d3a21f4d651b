"""Elements counted in a second of CPU time, of a full table and of updates."""

import time
from collections.abc import Iterator

import numpy as np

from pipeline.geo.places import Places
from pipeline.records import ANNOUNCE, WITHDRAW, Elements, Peer, Run
from pipeline.settings import Counting
from pipeline.signals.visibility import Visibility
from pipeline.topics import split
from tests.bench.rate import Rate
from tests.signals.synthetic_bgp import table_dump

BATCH = 50_000
BIN = 300


def made_up_table(prefixes: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Address, mask length and origin AS of distinct prefixes, most of them /24s as on the Internet."""
    masks = np.array([16, 19, 20, 21, 22, 23, 24], np.int32)
    length = rng.choice(masks, 2 * prefixes, p=[0.02, 0.03, 0.05, 0.06, 0.12, 0.11, 0.61])
    slot = rng.integers(1 << 16, 223 << 16, 2 * prefixes, np.int32) >> (24 - length) << (24 - length)
    pairs = np.unique(slot << 6 | length)
    pairs = np.sort(rng.permutation(pairs)[:prefixes])
    hi = (pairs >> 6).astype(np.uint64) << np.uint64(40)
    return hi, (pairs & 63).astype(np.uint8), rng.integers(1, 75_000, len(hi), np.uint32)


def made_up_places(countries: int = 240) -> Places:
    """Blocks of 16,384 addresses, given to countries in turn."""
    start = np.arange(2**18, dtype=np.uint64) << np.uint64(14)
    country = (np.arange(2**18) * 7919 % countries + 1).astype(np.uint16)
    none = np.empty(0, np.uint64)
    return Places(start, start + np.uint64(2**14 - 1), country, none, none, none.astype(np.uint16))


def churn(
    table: tuple[np.ndarray, np.ndarray, np.ndarray], peers: tuple[Peer, ...], batches: int, rng: np.random.Generator
) -> Iterator[Elements]:
    """Updates as they come: a few prefixes that flap at all peers."""
    hi, length, origin = table
    for i in range(batches):
        row = np.repeat(rng.integers(0, len(hi), BATCH // 25), 25)
        kind = np.repeat(rng.choice([ANNOUNCE, WITHDRAW], BATCH // 25, p=[0.9, 0.1]), 25)
        columns = {
            "time": BIN + np.sort(rng.integers(0, BIN, BATCH)) + i * BIN, "kind": kind,
            "peer": rng.integers(0, len(peers), BATCH), "family": np.full(BATCH, 4), "hi": hi[row],
            "lo": np.zeros(BATCH), "length": length[row], "origin": origin[row], "state": np.zeros(BATCH),
        }  # fmt: skip
        arrays = {name: column.astype(Elements.COLUMNS[name]) for name, column in columns.items()}
        yield Elements(Run(), "bench", 0, peers, **arrays)


def feed(parts: list[Visibility], batch: Elements) -> float:
    """Take in one batch everywhere; the CPU time it took [s], without the splitting that ingest does."""
    shares = split(batch, len(parts))
    began = time.process_time()
    for share in shares:
        parts[share.partition].add(share)
    return time.process_time() - began


def visibility(prefixes: int, peers: int, partitions: int, batches: int) -> tuple[float, float]:
    """Elements a second of a table dump, and of updates with a bin closed after each batch."""
    rng = np.random.default_rng(1)
    table, sessions = made_up_table(prefixes, rng), tuple(Peer(64512 + i, f"192.0.2.{i}") for i in range(peers))
    places = made_up_places()
    parts = [
        Visibility(Run(), "bench", p, partitions, ("bgp.bench", "bgp.bench6"), places, Counting())
        for p in range(partitions)
    ]
    step = max(1, BATCH // peers)
    dump = sum(
        feed(parts, table_dump(0, sessions, *(c[at : at + step] for c in table))) for at in range(0, prefixes, step)
    )
    for part in parts:
        part.close(BIN)
    spent = 0.0
    for i, batch in enumerate(churn(table, sessions, batches, rng)):
        spent += feed(parts, batch)
        began = time.process_time()
        for part in parts:
            part.close((i + 2) * BIN)
        spent += time.process_time() - began
    return prefixes * peers / dump, batches * BATCH / spent


def bench_visibility() -> Iterator[Rate]:
    """A quarter of today's table, so that a run is short."""
    table, updates = visibility(prefixes=300_000, peers=40, partitions=8, batches=30)
    dump = Rate("count a table dump", table, "elements")
    yield dump
    yield Rate("count updates and bins", updates, "elements").to(dump)
