"""Recordings of one country made by hand with a seed, and what the engine says of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median
from typing import Any

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from pipeline.bins import DAY
from pipeline.codec import seconds
from pipeline.engine import Engine
from pipeline.records import Entity, Outage, Rows, Run
from tests.replay.runners import in_memory
from tests.replay.stages import branches
from tests.replay.tapes import pieces

HOUR, MINUTE = 3600, 60

SIGNALS = ("bgp.ris", "probing.ioda", "traffic.radar", "telescope.ioda")
WIDTH = 1800
"""Usual length of the bins of a `Country` [s]: wide ones, so that months are quick."""
ACTIVITY = ("traffic.radar", "telescope.ioda")
"""Signals of what people do: they fall on a holiday."""


def series(signal: str, width: int, begin: int, value: np.ndarray, country: str) -> Rows:
    """A series ``(t,)`` of a country in bins of ``width`` from ``begin`` on [s]."""
    entity = (Entity("country", country, country),)
    at = begin + width * np.arange(len(value))
    return Rows(Run(), "table", 0, signal, width, (), 0, entity, at, np.zeros(len(at), np.int32), value.astype(float))


def outages(recording: Iterable[Rows], engine: Engine | None = None) -> list[Outage]:
    """The last revision of each outage of a recording."""
    return in_memory(pieces(list(recording)), engine).sorted()


def outages_of(recordings: Iterable[Iterable[Rows]], since: int, engine: Engine | None = None) -> list[list[Outage]]:
    """Those of each of several recordings that are the same before a day [s], which is replayed once."""
    return branches([pieces(list(rows)) for rows in recordings], since // DAY * DAY, engine)


@dataclass(frozen=True)
class Loss:
    """What is lost of signals from ``start`` to ``end`` [s]: ``size`` [0-1], reached and given back within ``ramp``."""

    start: int
    end: int
    size: float
    signals: tuple[str, ...]
    ramp: int = 0

    def left(self, at: np.ndarray) -> np.ndarray:
        """What is left ``(t,)`` [0-1] at times ``at (t,)`` [s]."""
        inside = (at >= self.start) & (at < self.end)
        near = np.minimum(at - self.start + 1, self.end - at) / max(self.ramp, 1)
        return 1 - self.size * np.where(inside, np.clip(near, 0, 1), 0.0)


@dataclass(frozen=True)
class Country:
    """A country as it is: routes that hardly move, probes that nearly all answer, and traffic and telescope of its
    days and weeks.  The same seed gives the same series up to the first of other losses.
    """

    code: str
    seed: int
    begin: int
    end: int
    losses: tuple[Loss, ...] = ()
    width: int = WIDTH

    def rows(self) -> list[Rows]:
        """Its series."""
        own = (self.seed, *self.code.encode())
        random = np.random.default_rng(own)
        usual = {"bgp.ris": 10 ** random.uniform(3, 4), "probing.ioda": 10 ** random.uniform(3, 3.7)}
        usual |= {"traffic.radar": 10 ** random.uniform(3.5, 4.5), "telescope.ioda": 10 ** random.uniform(1.7, 2.5)}
        swing, free, noon = random.uniform(0.2, 0.5), random.uniform(0.7, 1.0), random.uniform(13, 17) * HOUR
        at, made = np.arange(self.begin, self.end, self.width), []
        day = np.cos(2 * np.pi * (at - noon) / DAY)
        week = np.where((at // DAY + 3) % 7 >= 5, free, 1.0)  # the first of January 1970 was a Thursday
        shape = {"traffic.radar": (1 + swing * day) * week, "telescope.ioda": 1 + swing / 3 * day}
        for i, signal in enumerate(SIGNALS):
            left = np.prod([loss.left(at) for loss in self.losses if signal in loss.signals], axis=0)
            mean = usual[signal] * shape.get(signal, 1.0) * left * np.ones(len(at))
            made.append(
                series(signal, self.width, self.begin, noisy(signal, mean, np.random.default_rng((*own, i))), self.code)
            )
        return made


def noisy(signal: str, mean: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Counts around means ``(t,)``, with the noise of each signal."""
    match signal:
        case "bgp.ris":  # a few prefixes come and go, and stay so for hours
            return np.round(mean * (1 + 2e-3 * ar(len(mean), 0.98, random)))
        case "probing.ioda":  # of all that are asked nineteen in twenty answer
            return random.binomial(np.round(mean / 0.95).astype(int), 0.95)
        case "traffic.radar":
            return random.poisson(mean * np.exp(0.03 * ar(len(mean), 0.5, random)))
        case _:  # three times the variance of Poisson
            return random.negative_binomial(np.maximum(mean, 1e-9) / 2, 1 / 3)


def ar(length: int, memory: float, random: np.random.Generator) -> np.ndarray:
    """An AR(1) ``(t,)`` of deviation 1 with ``memory`` from one bin to the next [0-1]."""
    fresh = random.standard_normal(length) * np.sqrt(1 - memory**2)
    value = np.empty(length)
    last = random.standard_normal()
    for i, more in enumerate(fresh.tolist()):
        value[i] = last = memory * last + more
    return value


@dataclass(frozen=True)
class Answer:
    """What was said of a loss: when it was suspected and confirmed, since its onset [s]; None: it was not."""

    suspected: int | None
    confirmed: int | None


def answer(said: Iterable[Outage], start: int, end: int) -> Answer:
    """The earliest that outages which overlap ``[start, end)`` [s] say; those that were retracted do not count."""
    own = [o for o in said if o.start < end and (o.end is None or o.end > start) and o.state != "retracted"]
    first = min((o.detected_at - start for o in own), default=None)
    return Answer(first, min((o.confirmed_at - start for o in own if o.confirmed_at is not None), default=None))


def minutes(times: Iterable[int | None]) -> str:
    """Median of the times that are known [min]."""
    known = [time for time in times if time is not None]
    return f"{median(known) / MINUTE:g}" if known else "-"


def date(text: str) -> int:
    """The begin of a day of UTC [s]."""
    return seconds(f"{text}T00:00:00Z")


def table(title: str, columns: list[str], rows: Any) -> Table:
    """A table of text."""
    made = Table(*map(escape, columns), title=escape(title), title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    for row in rows:
        made.add_row(*(escape(str(cell)) for cell in row))
    return made
