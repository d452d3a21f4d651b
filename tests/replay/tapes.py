"""Recordings as lists of frames, to be replayed as they are, in other pieces, in other orders, or damaged."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path

import numpy as np

from pipeline.bins import DAY
from pipeline.feeds import Dispatch, chunks, recordings
from pipeline.records import DEAD, DeadLetter, Entity, Frame, Heartbeat, Rows, Run
from pipeline.replay.playback import Playback


@dataclass
class Tape:
    """Frames of one run, in the order in which they are sent."""

    run: Run
    sent: list[Frame | DeadLetter] = field(default_factory=list)

    def __iter__(self) -> Iterator[Frame | DeadLetter]:
        return iter(self.sent)

    def under(self, name: str) -> "Tape":
        """The same as a run of another name."""
        run = self.run._replace(id=name)
        return Tape(run, [replace(f, run=run) if not isinstance(f, DeadLetter) else f for f in self.sent])

    def changed(self, change: Callable[[list[Frame]], Iterable[Frame]]) -> "Tape":
        """With its frames changed."""
        return Tape(self.run, list(change(self.sent)))  # type: ignore[arg-type]


def recorded(*paths: Path, chunk: int = DAY) -> Tape:
    """The tape of recorded files, tables in pieces of ``chunk`` [s]."""
    found = recordings([str(path) for path in paths])
    run = Run("tape", "replay", tuple(sorted({signal for recording in found for signal in recording.signals})))
    if chunk == DAY:
        return Tape(run, list(Playback(found, run)))
    (recording,) = found
    return pieces(list(recording.items), chunk)  # type: ignore[arg-type]


def pieces(series: list[Rows], chunk: int = DAY) -> Tape:
    """The tape of series in pieces of ``chunk`` [s], each with its heartbeats."""
    signals = tuple(sorted({rows.signal for rows in series}))
    run = Run("tape", "replay", signals)
    return Tape(run, list(Dispatch(run, "table", signals).frames(chunks(series, chunk))))


def interleaved(frames: list[Frame], seed: int) -> list[Frame]:
    """Another order of the partitions' frames; each partition keeps its own."""
    rng = np.random.default_rng(seed)
    lines = [list(group) for _, group in groupby(sorted(frames, key=_place), key=_place)]
    turns = rng.permutation(np.repeat(np.arange(len(lines)), [len(line) for line in lines]))
    given = [iter(line) for line in lines]
    return [next(given[turn]) for turn in turns]


def doubled(frames: list[Frame], share: float, seed: int) -> list[Frame]:
    """A share of the frames comes twice, the second time up to twenty frames later; heartbeats included."""
    rng = np.random.default_rng(seed)
    timed = [(float(i), frame) for i, frame in enumerate(frames)]
    timed += [(i + rng.uniform(0, 20), frame) for i, frame in timed if rng.random() < share]
    return [frame for _, frame in sorted(timed, key=lambda pair: pair[0])]


def silent(frames: list[Frame], begin: int, end: int) -> list[Frame]:
    """The feed is dead from ``begin`` to ``end`` [s]: its heartbeats are missing, and so are its rows."""
    told: set[int] = set()
    left: list[Frame] = []
    for frame in frames:
        if isinstance(frame, Heartbeat) and begin <= frame.time < end:
            if frame.partition not in told:
                told.add(frame.partition)
                left.append(replace(frame, time=begin, status=DEAD))
        elif isinstance(frame, Rows):
            seen = (frame.time < begin) | (frame.time >= end)
            left += [frame.take(seen)] if seen.any() else []
        else:
            left.append(frame)
    return left


def _place(frame: Frame) -> tuple[str, int]:
    return frame.feed, frame.partition


COUNTRIES = ("PK", "IQ", "MM", "VE", "IR", "SD")
WIDTHS = {"probing.ioda": 600, "traffic.radar": 900}
BEGIN = 20_000 * DAY


def mosaic(seed: int = 1, days: int = 6) -> list[Rows]:
    """Six countries in three partitions, two signals of each; every country is down once, three to nine hours."""
    rng = np.random.default_rng(seed)
    begins = [int(rng.integers(days // 2, days - 1)) * DAY + int(rng.integers(0, 24)) * 3600 for _ in COUNTRIES]
    lengths = [int(rng.integers(3, 10)) * 3600 for _ in COUNTRIES]
    spans = {c: (begin, begin + length) for c, begin, length in zip(COUNTRIES, begins, lengths, strict=True)}
    return six_countries(rng, days * DAY, spans)


def six_countries(rng: np.random.Generator, end: int, outages: dict[str, tuple[int, int]]) -> list[Rows]:
    """Made by hand: values around a daily shape, a tenth of it in an outage; all times since `BEGIN` [s]."""
    entities, series = tuple(Entity("country", c, c) for c in COUNTRIES), []
    for signal, width in WIDTHS.items():
        at = np.arange(0, end, width)
        shape = 1000 * (1 + 0.3 * np.sin(2 * np.pi * at / DAY))
        left = np.ones((len(at), len(COUNTRIES)))
        for country, (begin, over) in outages.items():
            left[(at >= begin) & (at < over), COUNTRIES.index(country)] = 0.1
        value = np.round(shape[:, None] * rng.normal(1, 0.01, left.shape) * left)
        entity = np.tile(np.arange(len(COUNTRIES), dtype=np.int32), len(at))
        time = np.repeat(BEGIN + at, len(COUNTRIES))
        series.append(Rows(Run(), "table", 0, signal, width, (), 0, entities, time, entity, value.ravel()))
    return series


def fallen(days: int, out: int, left: float) -> Rows:
    """Counts of one country in bins of half an hour, of which this share is left from a day on [-]; made by hand."""
    at = BEGIN + np.arange(0, days * DAY, 1800)
    usual = np.random.default_rng(1).poisson(1000 + 300 * np.sin(2 * np.pi * at / DAY)).astype(float)
    value = np.round(usual * np.where(at >= BEGIN + out * DAY, left, 1))
    country = (Entity("country", "PK", "PK"),)
    return Rows(Run(), "table", 0, "probing.ioda", 1800, (), 0, country, at, np.zeros(len(at), np.int32), value)
