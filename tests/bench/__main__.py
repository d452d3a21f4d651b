"""Every rate of the house in one run, each beside what it is compared with: ``make bench``."""

import importlib.util
import sys
from collections.abc import Iterator

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from pipeline.kafka.create_topics import create
from pipeline.kafka.embedded import embedded
from tests.bench import bench_brokers as brokers
from tests.bench.bench_detectors import bench_detectors
from tests.bench.bench_fusion import bench_fusion
from tests.bench.bench_month import bench_month
from tests.bench.bench_mrt import bench_mrt
from tests.bench.bench_path import bench_path
from tests.bench.bench_visibility import bench_visibility
from tests.bench.rate import Rate
from tests.conftest import DATA
from tests.live.apache import apache, missing

TABLE = {"prefixes": 300_000, "peers": 40, "partitions": 8, "batches": 30}
"""A quarter of today's table, so that a run is short."""


def mrt() -> Iterator[Rate]:
    if not DATA.is_dir():
        sys.stderr.write(f"no recorded feeds at {DATA}: set NETVIGIL_DATA\n")
    elif importlib.util.find_spec("ftlbgp") is None:
        sys.stderr.write("ftlbgp is not installed: make setup-dev\n")
    else:
        yield from bench_mrt(DATA)


def visibility() -> Iterator[Rate]:
    figures = bench_visibility(**TABLE)
    dump = Rate("count a table dump", figures["dump [elements/s]"], "elements")
    yield dump
    yield Rate("count updates and bins", figures["add and close [elements/s]"], "elements").to(dump)


def at(name: str, address: str) -> list[Rate]:
    create(address, [brokers.TOPIC])
    sent, read = (brokers.timed(lambda do=do: do(address)) for do in (brokers.produce, brokers.consume))
    unit = f"{brokers.SIZE // 1000} kB frames"
    return [
        Rate(f"{name}, produce", brokers.FRAMES / sent, unit),
        Rate(f"{name}, consume", brokers.FRAMES / read, unit),
    ]


def frames() -> Iterator[Rate]:
    reference: list[Rate] = []
    if reason := missing():
        sys.stderr.write(f"{reason}\n")
    else:
        with apache() as address:
            reference = at("Apache", address)
    yield from reference
    with embedded() as address:
        ours = at("embedded", address)
    yield from (rate.to(theirs) for rate, theirs in zip(ours, reference, strict=True)) if reference else ours


def main() -> None:
    """Measure everything and print it."""
    table = Table("what", "rate", "", "beside", box=SIMPLE_HEAD, pad_edge=False)
    table.columns[1].justify = "right"
    console = Console()
    for part in (mrt, visibility, bench_detectors, bench_fusion, bench_month, frames, bench_path):
        with console.status(part.__name__):
            for rate in part():
                beside = "" if rate.ratio is None else f"{rate.ratio:.2f} x {rate.beside}"
                table.add_row(rate.what, f"{rate.each:,.0f}", f"{rate.unit}/s", beside)
    console.print(table)


if __name__ == "__main__":
    main()
