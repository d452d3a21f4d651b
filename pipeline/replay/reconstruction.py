"""The demonstration's shutdown: a *reconstruction* of Pakistan on 8 February 2024, never a measurement.

Mobile networks go dark on the morning of an election, one after the other; fixed lines and BGP stay.  What was
published of the day and what is assumed is in ``pakistan-2024-02-08.toml``.
"""

import re
import tomllib
from dataclasses import dataclass
from filecmp import cmp
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from pipeline.bins import DAY
from pipeline.errors import UserError
from pipeline.feeds import TABLE, EntityRow, Label, write_case
from pipeline.geo.countries import country_name
from pipeline.records import Entity, Rows, Run

FACTS = Path(__file__).parent / "pakistan-2024-02-08.toml"

WIDTHS = {"bgp.ris": 300, "probing.ioda": 600, "traffic.radar": 900}
"""Bin widths of the signals [s], in order of name."""

WINDOW = 15 * 60
"""Each network goes dark within a quarter of an hour of its own [s]."""

MARK = "(reconstructed)"
"""Goes with the name of every entity, so that whatever shows one says what it is: tables, boards, notifications."""


@dataclass(frozen=True)
class Case:
    """A reconstructed case; the title says that it is one, and rows and labels are by construction."""

    title: str
    rows: tuple[Rows, ...]
    labels: tuple[Label, ...]
    entities: dict[tuple[str, str], EntityRow]


@dataclass(frozen=True)
class Shutdown:
    """What happened to one network: dark from onset to restoration [s], back in full after the ramp [s]."""

    onset: int
    restored: int
    ramp: int
    depth: float

    @property
    def over(self) -> int:
        return self.restored + self.ramp

    def left(self, start: np.ndarray, width: int) -> np.ndarray:
        """Share of its usual traffic left in each bin, ``(n,) float64`` [0-1], the mean over the bin."""
        lost = self._lost_until(start + width) - self._lost_until(start)
        return 1 - self.depth * lost / width

    def _lost_until(self, time: np.ndarray) -> np.ndarray:
        """Seconds of darkness until each time, those of the ramp in part."""
        dark = np.clip(time - self.onset, 0, self.restored - self.onset)
        rising = np.clip(time - self.restored, 0, self.ramp)
        return dark + rising - (rising**2 / (2 * self.ramp) if self.ramp else 0)


@dataclass(frozen=True)
class World:
    """The facts, what happened to each mobile network, and the dice."""

    table: dict[str, Any]
    shutdowns: dict[str, Shutdown]
    rng: np.random.Generator

    def sizes(self, what: str) -> np.ndarray:
        return np.array([network[what] for network in self.table["networks"]], float)

    def left(self, start: np.ndarray, width: int) -> np.ndarray:
        """``(t, networks)`` [0-1]."""
        usual = Shutdown(0, 0, 0, 0.0)
        names = [network["name"] for network in self.table["networks"]]
        return np.column_stack([self.shutdowns.get(name, usual).left(start, width) for name in names])


@cache
def facts() -> dict[str, Any]:
    """What is published of the day, and what is assumed."""
    return tomllib.loads(FACTS.read_text(encoding="utf-8"))


def reconstruct(seed: int = 0) -> Case:
    """The day and the 27 days before it; the seed varies depth, noise, onsets and ramps, nothing else."""
    table = facts()
    rng = np.random.default_rng(seed)
    world = World(table, _shutdowns(table, rng), rng)
    rows = [
        _series(signal, width, world, make(world, _starts(table, width), width))
        for (signal, width), make in zip(WIDTHS.items(), (_bgp, _probing, _traffic), strict=True)
    ]
    kin = {entity[:2]: EntityRow(entity.country, entity.title, entity.mobile) for entity in rows[0].entities}
    return Case(f"{table['title']} (seed {seed})", tuple(rows), _labels(world), kin)


def _shutdowns(table: dict[str, Any], rng: np.random.Generator) -> dict[str, Shutdown]:
    known = table["facts"]
    mobile = [network["name"] for network in table["networks"] if network["mobile"]]
    made = {}
    for place, name in zip(rng.permutation(len(mobile)).tolist(), mobile, strict=True):
        onset = int(known["onset"]["first"].timestamp()) + place * WINDOW + int(rng.integers(1, 15)) * 60
        ramp = int(rng.integers(0, known["ramp"]["longest"] // 300 + 1)) * 300  # in steps of five minutes
        depth = float(rng.uniform(known["depth"]["least"], known["depth"]["most"]))
        made[name] = Shutdown(onset, int(known["restoration"]["from"].timestamp()), ramp, depth)
    return made


def _starts(table: dict[str, Any], width: int) -> np.ndarray:
    day = int(table["facts"]["onset"]["first"].timestamp()) // DAY * DAY
    return np.arange(day - table["facts"]["days"]["before"] * DAY, day + DAY, width, dtype=np.int64)


def _bgp(world: World, start: np.ndarray, width: int) -> np.ndarray:
    """Address space announced by each network [/24s]: flat, a few come and go."""
    sizes = world.sizes("slash24")
    return sizes - world.rng.binomial(np.maximum(sizes // 200, 2).astype(int), 0.2, (len(start), len(sizes)))


def _probing(world: World, start: np.ndarray, width: int) -> np.ndarray:
    """Address space that answers probes [/24s]."""
    sizes = world.sizes("probed")
    noise = 1 + world.table["facts"]["noise"]["probing"] * world.rng.standard_normal((len(start), len(sizes)))
    return np.rint(sizes * noise * world.left(start, width))


def _traffic(world: World, start: np.ndarray, width: int) -> np.ndarray:
    """Traffic of each network [index, the country's usual peak is about 100]."""
    known, shares = world.table["facts"], world.sizes("traffic")
    local = start + width / 2 + known["daily"]["offset"]
    hour = local % DAY / 3600
    daily = 0.66 - 0.24 * np.cos(2 * np.pi * (hour - 6) / 24) + 0.1 * np.cos(4 * np.pi * (hour - 9) / 24)
    days = np.unique(local // DAY)
    drift = np.interp(local / DAY, days, 1 + known["noise"]["days"] * world.rng.standard_normal(len(days)))
    noise = 1 + known["noise"]["traffic"] * world.rng.standard_normal((len(start), len(shares)))
    return np.round(100 * shares * (daily * drift)[:, None] * noise * world.left(start, width), 3)


def _series(signal: str, width: int, world: World, values: np.ndarray) -> Rows:
    """``values`` is ``(t, networks)``, without those of no name."""
    country, networks = world.table["country"], world.table["networks"]
    named = [i for i, network in enumerate(networks) if network["name"]]
    entities = (
        Entity("country", country, country, False, f"{country_name(country)} {MARK}"),
        *(Entity("asn", n["name"], country, n["mobile"], f"{n['label']} {MARK}") for n in networks if n["name"]),
    )
    cells = np.column_stack([np.round(values.sum(axis=1), 3), values[:, named]])
    start = _starts(world.table, width)
    time = np.repeat(start, len(entities))
    entity = np.tile(np.arange(len(entities), dtype=np.int32), len(start))
    phase = int(start[0]) % width
    return Rows(Run(), TABLE, 0, signal, width, (), phase, entities, time, entity, cells.ravel())


def _labels(world: World) -> tuple[Label, ...]:
    """The country from the first onset until the last is back."""
    source, country = world.table["title"], world.table["country"]
    networks = [Label(s.onset, s.over, "asn", name, "shutdown", source) for name, s in world.shutdowns.items()]
    first, last = min(label.start for label in networks), max(label.end for label in networks)
    return (Label(first, last, "country", country, "shutdown", source), *sorted(networks))


def write(made: Case, folder: Path) -> None:
    """Leave a case as ``signals.csv``, ``labels.csv`` and ``entities.csv``, with a page that says what it is."""
    write_case(folder, made.rows, made.labels, made.entities)
    (folder / "README.md").write_text(about(made), encoding="utf-8")


FILES = ("signals.csv", "labels.csv", "entities.csv", "README.md")


def check_own(folder: Path) -> None:
    """Raise `UserError` where a file would be written over that is not just as a reconstruction was written."""
    there = [name for name in FILES if (folder / name).exists()]
    if not there:
        return
    with TemporaryDirectory() as again:
        write(reconstruct(_seed(folder / "README.md")), Path(again))
        for name in there:
            if not (folder / name).is_file() or not cmp(folder / name, Path(again) / name, shallow=False):
                raise UserError(
                    f"{folder / name} is there already, and no reconstruction as the demo left it: it would be written "
                    "over; name another folder"
                )


def _seed(page: Path) -> int:
    """0 where it is no reconstruction."""
    first = page.read_text(encoding="utf-8", errors="replace").partition("\n")[0] if page.is_file() else ""
    found = re.search(r"\(seed (\d{1,18})\)$", first)
    return int(found[1]) if found else 0


def about(made: Case) -> str:
    """What is published and what is assumed, for people."""
    lines = [f"- {fact['status']}: {fact['says']}" for fact in facts()["facts"].values()]
    return "\n".join([f"# A {made.title}", "", "These series were made, not measured.", "", *lines, ""])
