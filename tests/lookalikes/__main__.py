"""Look-alikes of IODA, Radar and OONI that play the tables of a case: ``python -m tests.lookalikes FOLDER``."""

import argparse
import asyncio
from dataclasses import replace
from pathlib import Path

from pipeline.codec import seconds
from pipeline.feeds import EntityRow, read_entities, read_table
from pipeline.feeds.live.base import Clock
from pipeline.feeds.registry import POLLED
from pipeline.kinds import kind_of
from pipeline.records import Rows
from tests.lookalikes import PUBLISHERS, every_route
from tests.lookalikes.http import Publisher

DELAYS = {"bgp.ioda": 2400, "probing.ioda": 1200, "telescope.ioda": 600, "traffic.google": 5400, "traffic.radar": 1800,
          "ooni.tests": 900}  # fmt: skip


def series(folder: Path) -> dict[str, Rows]:
    """The table of a case by signal; a signal of a feed that it lacks is one of the same kind and width."""
    entities: dict[tuple[str, str], EntityRow] = read_entities(folder / "entities.csv")
    with (folder / "signals.csv").open("rb") as stream:
        known = {rows.signal: rows for rows in read_table(stream, entities).series}
    for polled in POLLED.values():
        alike = [r for r in known.values() if kind_of(r.signal) == kind_of(polled.signal) and r.width == polled.width]
        if polled.signal not in known and alike:
            known[polled.signal] = replace(alike[0], signal=polled.signal)
    return known


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8766)
    parser.add_argument("--start", required=True, help="time of the clock when it starts, UTC, as 2024-02-08T00:00Z")
    parser.add_argument("--speed", type=float, default=1.0)
    given = parser.parse_args()
    clock = Clock(float(seconds(given.start)), given.speed)
    publisher = Publisher(series(given.folder), clock.now, DELAYS, routes=every_route)
    async with publisher.running(given.port, given.host) as url:
        for feed in POLLED:
            base, _ = PUBLISHERS[feed.partition("-")[0]]
            print(f"--url {feed}={url}{base}", flush=True)  # noqa: T201
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
