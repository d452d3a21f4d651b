"""The demonstration's election day as it comes in live: each signal's bins with its own delay."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from pipeline.bins import DAY
from pipeline.engine import Engine, verdicts
from pipeline.feeds import Dispatch, chunks
from pipeline.fusion import FuseStage
from pipeline.records import END, UP, Rows, Run, Verdicts
from pipeline.replay.reconstruction import reconstruct

DELAYS = {"bgp.ioda": 2400, "bgp.ris": 0, "probing.ioda": 0, "traffic.google": 5400}
"""How long after its end a bin of each signal comes [s]."""

QUICK = ("bgp.ris", "probing.ioda")
MADE_OF = {"bgp.ioda": "bgp.ris", "traffic.google": "traffic.radar"}
MIDNIGHT = 1707350400 // DAY * DAY
"""Begin of the day [s]; what is before comes in pieces of a day."""

PAST = 15
"""Days before it."""


@dataclass(frozen=True)
class Arrival:
    """A frame of one bin, or of a day of the past, and when it comes [s]."""

    at: int
    frame: Verdicts


@cache
def judged() -> dict[str, list[Verdicts]]:
    """What the detectors say of each signal, one frame a bin on the day itself."""
    found = {}
    for rows in reconstruct(seed=3).rows:
        recent = rows.take(rows.time >= MIDNIGHT - PAST * DAY)
        found[rows.signal] = sorted([one for frame in _verdicts(recent) for one in _pieces(frame)], key=_end)
    return {
        signal: [replace(frame, signal=signal) for frame in found[MADE_OF.get(signal, signal)]] for signal in DELAYS
    }


def _end(frame: Verdicts) -> float:
    """When its last bin ends [s]; the end of a recording comes last."""
    return int(frame.start[-1]) + frame.width if len(frame.start) else float("inf")


def _verdicts(rows: Rows) -> Iterator[Verdicts]:
    frames = Dispatch(Run("r"), "table", (rows.signal,)).frames(chunks([rows], DAY))
    return (out for out in verdicts(frames, Engine()) if isinstance(out, Verdicts))  # type: ignore[arg-type]


def _pieces(frame: Verdicts) -> Iterator[Verdicts]:
    """A frame of the day bin by bin."""
    if not len(frame.start) or frame.start[0] < MIDNIGHT:
        yield frame
        return
    for i, start in enumerate(frame.start.tolist()):
        columns = {name: getattr(frame, name)[i : i + 1] for name in Verdicts.COLUMNS}
        mark = start + frame.width if frame.watermark > 0 else frame.watermark
        yield replace(frame, watermark=mark, status=UP, **columns)
    if frame.status == END:
        yield replace(frame, **{name: getattr(frame, name)[:0] for name in Verdicts.COLUMNS})


def arrivals(run: Run, delays: dict[str, int], until: int = DAY, jitter: int = 0, seed: int = 0) -> list[Verdicts]:
    """The frames of some signals that end ``until`` a time of the day [s] and the end of the recording, in the order in
    which they come; each comes up to ``jitter`` [s] later, and never before one of its signal that is older."""
    rng, found = np.random.default_rng(seed), []
    for signal, delay in delays.items():
        at = 0
        for frame in judged()[signal]:
            if MIDNIGHT + until < _end(frame) < float("inf"):
                continue
            at = max(at, int(min(_end(frame), MIDNIGHT + until)) + delay + int(rng.integers(0, jitter + 1)))
            found.append(Arrival(at, replace(frame, run=run)))
    return [one.frame for one in sorted(found, key=lambda one: one.at)]


def played(frames: Iterable[Verdicts], stage: FuseStage | None = None) -> Iterator[tuple[Verdicts, object]]:
    """Every output, with the frame that led to it."""
    stage = stage or Engine().fuse(0)
    for frame in frames:
        for out in stage.step(frame):
            yield frame, out
