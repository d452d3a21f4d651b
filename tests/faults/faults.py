"""What goes wrong between a source and us, each a small function that is laid over a stream.

Faults of lines take lines of RIS Live in order of arrival and give them as they then come; faults of frames do so with
what is sent to the topics.  All begin at `FAULT`.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from pipeline.records import Frame, Heartbeat, Rows
from tests.faults.streams import (
    BEGIN,
    FAULT,
    HOUR,
    PEERS,
    SMALL,
    TABLE,
    Line,
    announce,
    keepalive,
    state,
    withdraw,
)
from tests.replay.tapes import doubled, interleaved, silent

Lines = list[Line | bytes]
OfLines = Callable[[list[Line]], Lines]
OfFrames = Callable[[list[Frame]], list[Frame]]
HALF_HOUR = HOUR // 2


def nothing(items: list[Any]) -> list[Any]:
    """As it is."""
    return list(items)


def lost(*peers: tuple[str, int, str], is_told: bool = True) -> OfLines:
    """Sessions end for good, and their collector says so, or it is gone itself."""

    def fault(lines: list[Line]) -> Lines:
        kept = [line for line in lines if line.time < FAULT or line.peer not in peers]
        downs = [state(FAULT, peer, "down") for peer in peers] if is_told else []
        return sorted([*kept, *downs], key=lambda line: line.time)

    return fault


def at(*collectors: str) -> tuple[tuple[str, int, str], ...]:
    """The peers of these collectors."""
    return tuple(peer for peer in PEERS if peer[0] in collectors)


def reset(lines: list[Line]) -> Lines:
    """Half of the sessions end, and are back after ten minutes with their tables."""
    gone = PEERS[::2]
    kept = [line for line in lines if not (FAULT <= line.time < FAULT + 600 and line.peer in gone)]
    back = {peer: [line for line in lines if line.peer == peer] for peer in gone}
    words = [state(FAULT, peer, "down") for peer in gone]
    words += [line for peer in gone for line in announce(FAULT + 600, peer, _table(back[peer]))]
    return sorted([*kept, *words], key=lambda line: line.time)


def _table(lines: list[Line]) -> list[str]:
    """What a peer announces when it is back: the table without what has been withdrawn."""
    gone = {str(p) for line in lines if line.time < FAULT + 600 for p in line.body.get("withdrawals", ())}  # type: ignore[attr-defined]
    return [prefix for prefix in TABLE if prefix not in gone]


def silenced(lines: list[Line]) -> Lines:
    """Nothing comes for half an hour, and what was said meanwhile is lost."""
    return [line for line in lines if not FAULT <= line.time < FAULT + HALF_HOUR]


def stuck(lines: list[Line]) -> Lines:
    """The connection lives and nothing new comes through it."""
    alive = [keepalive(time, PEERS[0]) for time in range(FAULT, BEGIN + 31 * HOUR, 60)]
    return [line for line in lines if line.time < FAULT] + alive


def twice(lines: list[Line]) -> Lines:
    """Every message comes again, up to twenty messages later."""
    return _in_order(lines, lambda i, rng: [i, i + rng.uniform(0, 20)])


def shuffled(lines: list[Line]) -> Lines:
    """The order of neighbours is by chance."""
    return _in_order(lines, lambda i, rng: [i + rng.uniform(0, 20)])


def _in_order(lines: list[Line], place: Callable[[int, np.random.Generator], list[float]]) -> Lines:
    rng = np.random.default_rng(5)
    placed = [(where, line) for i, line in enumerate(lines) for where in (place(i, rng) if line.time >= FAULT else [i])]
    return [line for _, line in sorted(placed, key=lambda pair: pair[0])]


def damaged(lines: list[Line]) -> Lines:
    """One message in twenty is cut, has a byte that is another, or is none at all."""
    rng = np.random.default_rng(6)
    return [_hurt(line.text(), rng) if line.time >= FAULT and rng.random() < 0.05 else line for line in lines]


def _hurt(text: bytes, rng: np.random.Generator) -> bytes:
    kind, place = rng.integers(3), int(rng.integers(10, len(text) - 10))
    if kind == 0:
        return text[:place] + b"\n"
    return b"\x00\xff rubbish\n" if kind == 1 else text[:place] + b"\xff" + text[place + 1 :]


def skewed(seconds: int, *peers: tuple[str, int, str]) -> OfLines:
    """The clock of these peers' collector is wrong by so much [s], ahead where it is positive."""

    def fault(lines: list[Line]) -> Lines:
        return [ln._replace(time=ln.time + seconds * (ln.time >= FAULT and ln.peer in peers)) for ln in lines]

    return fault


def astray(lines: list[Line]) -> Lines:
    """Three messages one after the other are stamped two days ahead."""
    first = next(i for i, line in enumerate(lines) if line.time >= FAULT)
    return [ln._replace(time=ln.time + 48 * HOUR * (first <= i < first + 3)) for i, ln in enumerate(lines)]


def burst(lines: list[Line]) -> Lines:
    """Ten times the messages for an hour: every peer's small routes come and go."""
    more: Lines = []
    for line in lines:
        if FAULT <= line.time < FAULT + HOUR and len(line.body.get("withdrawals", TABLE)) < len(SMALL):  # type: ignore[arg-type]
            more += [withdraw(line.time, line.peer, SMALL), *announce(line.time, line.peer, SMALL)] * 6
        more.append(line)
    return more


def of_rows(signal: str, change: Callable[[Rows], Iterable[Rows]]) -> OfFrames:
    """A fault of the rows of a signal, '' of every one."""

    def fault(frames: list[Frame]) -> list[Frame]:
        return [
            part
            for frame in frames
            for part in (change(frame) if isinstance(frame, Rows) and signal in ("", frame.signal) else [frame])
        ]

    return fault


def gone(rows: Rows) -> Iterable[Rows]:
    """Nothing of it comes any more, and its feed lives."""
    seen = rows.time < FAULT
    return [rows.take(seen)] if seen.any() else []


def paused(rows: Rows) -> Iterable[Rows]:
    """Half an hour is missing."""
    seen = (rows.time < FAULT) | (rows.time >= FAULT + HALF_HOUR)
    return [rows.take(seen)] if seen.any() else []


class Frozen:
    """The last values before the fault come again and again, of one place, or of all."""

    def __init__(self, end: int = 2**40, begin: int = FAULT, only: str = "") -> None:
        self.begin, self.end, self.only = begin, end, only
        self.last: dict[tuple[str, str], float] = {}

    def __call__(self, rows: Rows) -> Iterable[Rows]:
        value = rows.value.copy()
        for i in range(len(rows)):
            key = (rows.signal, rows.entities[rows.entity[i]].name)
            if rows.time[i] < self.begin:
                self.last[key] = float(value[i])
            elif rows.time[i] < self.end and self.only in ("", key[1]):
                value[i] = self.last[key]
        return [replace(rows, value=value)]


def frozen(signal: str, **where: Any) -> OfFrames:
    """`Frozen` of a signal, '' of every one."""
    return lambda frames: of_rows(signal, Frozen(**where))(frames)


def ahead(seconds: int) -> Callable[[Rows], Iterable[Rows]]:
    """Rows are stamped so much later than they are [s]; earlier where it is negative."""
    return lambda rows: [replace(rows, time=rows.time + np.where(rows.time >= FAULT, seconds, 0))]


def one_ahead(rows: Rows) -> Iterable[Rows]:
    """The first row is stamped two days ahead."""
    here = (rows.time >= FAULT) & (rows.time < FAULT + HOUR) & (np.arange(len(rows)) == 0)
    return [replace(rows, time=rows.time + np.where(here, 48 * HOUR, 0))]


def times(factor: float, seconds: int = 2**40) -> Callable[[Rows], Iterable[Rows]]:
    """From the fault on so many times as much comes of every place, for so long [s]."""

    def change(rows: Rows) -> Iterable[Rows]:
        here = (rows.time >= FAULT) & (rows.time < FAULT + seconds)
        return [replace(rows, value=np.round(rows.value * np.where(here, factor, 1)))]

    return change


def ten_times(frames: list[Frame]) -> list[Frame]:
    """Every frame comes ten times."""
    return [frame for frame in frames for _ in range(10 if isinstance(frame, Rows) else 1)]


def repeated(frames: list[Frame]) -> list[Frame]:
    """A third of the frames comes twice, heartbeats too."""
    return doubled(frames, 1 / 3, seed=3)


def reordered(frames: list[Frame]) -> list[Frame]:
    """The partitions overtake each other."""
    return interleaved(frames, seed=3)


def dead(frames: list[Frame]) -> list[Frame]:
    """The feed is dead for half an hour."""
    return silent(frames, FAULT, FAULT + HALF_HOUR)


def backwards(frames: list[Frame]) -> list[Frame]:
    """Between two heartbeats the rows come last first."""
    held: list[Frame] = []
    given: list[Frame] = []
    for frame in frames:
        if isinstance(frame, Heartbeat):
            given, held = [*given, *reversed(held), frame], []
        elif isinstance(frame, Rows):
            held.append(frame.take(np.arange(len(frame))[::-1]))
    return [*given, *held]
