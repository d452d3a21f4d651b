"""Every rate of the house in one run, each beside what it is compared with: ``make bench``."""

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from tests.bench.bench_brokers import bench_brokers
from tests.bench.bench_detectors import bench_detectors
from tests.bench.bench_fusion import bench_fusion
from tests.bench.bench_month import bench_month
from tests.bench.bench_mrt import bench_mrt
from tests.bench.bench_path import bench_path
from tests.bench.bench_ris_live import bench_ris_live
from tests.bench.bench_visibility import bench_visibility

PARTS = (
    bench_mrt,
    bench_ris_live,
    bench_visibility,
    bench_detectors,
    bench_fusion,
    bench_month,
    bench_brokers,
    bench_path,
)


def main() -> None:
    """Measure everything and print it."""
    table = Table("what", "rate", "", "beside", box=SIMPLE_HEAD, pad_edge=False)
    table.columns[1].justify = "right"
    console = Console()
    for part in PARTS:
        with console.status(part.__name__):
            for rate in part():
                beside = "" if rate.ratio is None else f"{rate.ratio:.2f} x {rate.beside}"
                table.add_row(rate.what, f"{rate.each:,.0f}", f"{rate.unit}/s", beside)
    console.print(table)


if __name__ == "__main__":
    main()
