"""Cases made after what has happened elsewhere: ``python -m tests.evaluation.imitated FOLDER``.

Each is a folder for `netvigil evaluate`.  A case has several countries, each with its own hours: all of them at one
minute would be a feed that breaks.  Depths, hours and feeds are those of reports, the series are made.
"""

import csv
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from pipeline.codec import iso
from tests.evaluation.made import LABELS

DAY, HOUR = 86400, 3600
BEGIN = 1709510400  # Monday, 4 March 2024
QUIET = 21
"""Days before anything happens."""

WIDTHS = {"bgp.ris": 1800, "probing.ioda": 600, "traffic.radar": 900}
LEVELS = {"bgp.ris": 2_500, "probing.ioda": 12_000, "traffic.radar": 40_000}


class Event(NamedTuple):
    """What happens to one country: every day for ``days``, from ``hour`` on for so many ``hours``, ``left`` of each
    kind of signal, and from an hour before for three of them so much of the ``routes``; ``is_outage``: it is one."""

    hour: float
    hours: float
    left: dict[str, float]
    days: int = 1
    is_outage: bool = True
    routes: float = 1.0


def ways() -> dict[str, list[Event]]:
    """The events of each case, one a country."""

    def phones(traffic: float, probing: float = 1.0) -> dict[str, float]:
        return {"traffic": traffic, "probing": probing}

    def every(left: float) -> dict[str, float]:
        return dict.fromkeys(("bgp", "probing", "traffic"), left)

    return {
        # phones are cut off for an exam, every morning: Algeria, Iraq, Mauritania, Sudan, Syria
        "exams": [
            Event(1, 2, phones(0.1), 6), Event(4, 2.5, phones(0.15, 0.97), 6), Event(7, 3, phones(0.22), 6),
            Event(10, 4, phones(0.3, 0.95), 6), Event(13, 2, {"traffic": 0.2, "probing": 0.3, "bgp": 0.35}, 6),
            Event(16, 6, phones(0.35, 0.95), 6),
        ],
        # curfews by night: Gabon 2016, Myanmar 2021, Iran 2022
        "nights": [
            Event(17, 11, every(0.08), 8), Event(18.5, 8, every(0.3), 8), Event(12.5, 8, phones(0.3, 0.93), 8),
            Event(20, 9, phones(0.25, 0.96), 8),
        ],
        # once, and all of it: Egypt 2011, Sudan 2019, a cable (Tonga 2022), a blackout (Iberia 2025)
        "once": [
            Event(22.5, 120, every(0.03)), Event(9, 30, phones(0.05, 0.4)), Event(4, 72, every(0.02)),
            Event(11, 10, {"bgp": 0.8, "probing": 0.35, "traffic": 0.3}), Event(6, 0.5, every(0.05)),
        ],
        # nothing: a prober that stumbles while routes stray, a feast, a prober that measures otherwise, a feed of zeros
        "nothing": [
            Event(2, 1 / 6, {"probing": 0.5}, 5, is_outage=False, routes=0.985),
            Event(5, 0.5, {"probing": 0.6}, 5, is_outage=False, routes=0.97),
            Event(8, 24, {"traffic": 0.7}, 4, is_outage=False),
            Event(11, 24, {"probing": 0.82}, 12, is_outage=False),
            Event(14, 5 + 13 / 60, {"traffic": 0.0}, 2, is_outage=False),
            Event(17, 3, {"traffic": 1.5}, 5, is_outage=False),
        ],
    }  # fmt: skip


CODES = ("DZ", "IQ", "MR", "SD", "SY", "KE")
"""Who they are said to be: whose clock stands still in March, and who has no feast in it that a calendar knows."""


def series(event: Event, seed: int, days: int) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Name, starts ``(t,)`` [s] and values ``(t,)`` of each signal of a country to which this happens."""
    rng = np.random.default_rng(seed)
    for signal, width in WIDTHS.items():
        t = np.arange(BEGIN, BEGIN + days * DAY, width)
        swing, noise = {"bgp": (0.0, 0.001), "probing": (0.03, 0.006), "traffic": (0.45, 0.03)}[signal.split(".")[0]]
        mean = (
            LEVELS[signal]
            * (1 - swing * np.cos(2 * np.pi * (t / DAY - 4 / 24)))
            * (1 - swing / 5 * (t // DAY % 7 == 1))
        )
        strays = _red(rng, len(t), noise, 0.9 ** (width / 1800))
        if signal == "bgp.ris":
            around = [(begin - HOUR, begin + 2 * HOUR) for begin, _ in spans(event)]
            mean = mean * (1 - (1 - event.routes) * _lasting(t, width, around))
        lasts = _lasting(t, width, spans(event))
        left = event.left.get(signal.split(".")[0], 1.0)
        mean = mean * np.exp(strays) * (1 - (1 - left) * lasts)
        yield signal, t, np.rint(mean).astype(np.int64) if signal == "bgp.ris" else rng.poisson(mean)


def spans(event: Event) -> list[tuple[int, int]]:
    """From when to when it happens [s]."""
    begins = [BEGIN + (QUIET + day) * DAY + int(event.hour * HOUR) for day in range(event.days)]
    return [(begin, begin + int(event.hours * HOUR)) for begin in begins]


def _lasting(t: np.ndarray, width: int, spans: list[tuple[int, int]]) -> np.ndarray:
    """The share of each bin ``(t,)`` that lies in some of these."""
    inside = [np.clip((np.minimum(t + width, end) - np.maximum(t, begin)) / width, 0, 1) for begin, end in spans]
    return np.sum(inside, axis=0)


def _red(rng: np.random.Generator, n: int, noise: float, keeps: float) -> np.ndarray:
    """Noise that lasts: of a deviation ``noise``, which keeps so much of itself from one bin to the next."""
    fresh = rng.normal(0, noise * np.sqrt(1 - keeps**2), n)
    made = np.empty(n)
    last = 0.0
    for i, step in enumerate(fresh.tolist()):
        made[i] = last = keeps * last + step
    return made


def write(folder: Path, name: str, events: list[Event], seed: int = 1) -> Path:
    """Leave a case in a folder of its own."""
    (own := folder / name).mkdir(parents=True)
    days = QUIET + max(event.days for event in events) + 7
    with (own / "signals.csv").open("w", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(("time", "signal", "entity_type", "entity", "value"))
        for i, (code, event) in enumerate(zip(CODES, events, strict=False)):
            for signal, t, x in series(event, 100 * seed + i, days):
                table.writerows(
                    (iso(at), signal, "country", code, value) for at, value in zip(t.tolist(), x, strict=True)
                )
    labels = [
        f"{iso(begin)},{iso(end)},country,{code},shutdown,imitated\n"
        for code, event in zip(CODES, events, strict=False) if event.is_outage for begin, end in spans(event)
    ]  # fmt: skip
    (own / "labels.csv").write_text(LABELS + "".join(labels))
    return own


def main(arguments: list[str], told: Callable[[str], object] = print) -> None:
    """Write all cases into a folder; a second argument is their seed."""
    for name, events in ways().items():
        told(str(write(Path(arguments[0]), name, events, int(arguments[1]) if arguments[1:] else 1)))


if __name__ == "__main__":
    main(sys.argv[1:])
