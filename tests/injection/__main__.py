"""Outages laid over made-up series and real ones, and what is found of them: ``make inject``."""

import argparse
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from rich.console import Console
from rich.table import Table

from detectors import REGISTRY
from pipeline.engine import Engine
from tests.injection import cuts, detectors, holiday, laid, long, month, plain, single

WORLDS: Mapping[str, Callable[[int, Engine], Iterator[Table]]] = {
    "plain": plain.tables, "calm": plain.calm_tables, "holiday": holiday.tables, "single": single.tables,
    "long": long.tables, "month": month.tables,
}  # fmt: skip
"""What the engine says of made-up recordings, by so many seeds."""
SEEDS = {"long": 4, "month": 2}
"""Where not eight."""
DETECTORS, CUTS, LAID = "detectors", "cuts", "laid"
"""Each detector by itself, recordings that end anywhere, and losses laid over real recordings."""


def asked() -> argparse.Namespace:
    """What the command line asks for."""
    ask = argparse.ArgumentParser(prog="python -m tests.injection", description=__doc__)
    names = [DETECTORS, *WORLDS, LAID, CUTS]
    ask.add_argument("--only", type=lambda text: text.split(","), default=names, help=f"of {','.join(names)}")
    ask.add_argument("--seeds", type=int, help="of each world, eight where not given, `long` four, `month` two")
    ask.add_argument("--cuts", type=int, default=120, help="about so many of each recording")
    kinds = list(laid.CLASSES)
    ask.add_argument(
        "--classes", type=lambda text: text.split(","), default=kinds, help=f"of `{LAID}`, of {','.join(kinds)}"
    )
    of = ask.add_argument_group(DETECTORS)
    of.add_argument("--seed", type=int, default=1)
    of.add_argument("--series", type=int, default=4096)
    of.add_argument("--past", type=int, default=28, help="days before the first that counts")
    of.add_argument("--days", type=int, default=28)
    of.add_argument("--detector", nargs="+", default=list(REGISTRY), choices=list(REGISTRY))
    of.add_argument("--json", type=Path, help="write every figure there")
    wanted = ask.parse_args()
    for option, given, known in (("only", wanted.only, names), ("classes", wanted.classes, kinds)):
        if unknown := set(given) - set(known):
            ask.error(f"--{option}: {', '.join(sorted(unknown))} is none of {', '.join(known)}")
    return wanted


def main() -> None:
    """Run, show, and write down."""
    ask, console = asked(), Console()
    engine = Engine()
    console = Console(width=max(console.width, 150))  # its tables are wide, and read from a file as well
    for name in ask.only:
        if name == DETECTORS:
            made = detectors.run_tables(ask)
        elif name == CUTS:
            made = cuts.tables(ask.cuts, engine)
        elif name == LAID:
            made = laid.tables(ask.seeds or 8, engine, ask.classes)
        else:
            made = WORLDS[name](ask.seeds or SEEDS.get(name, 8), engine)
        for one in made:
            console.print(one)


if __name__ == "__main__":
    main()
