"""Verdicts written by hand, for tests of fusion."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from detectors.base import HIGH, LOW_CONFIRMED, LOW_PROVISIONAL, NORMAL, UNKNOWN
from pipeline.records import UP, Entity, Run, Verdicts

COUNTRY = Entity("country", "PK", "PK")
STATES = {".": NORMAL, "?": UNKNOWN, "l": LOW_PROVISIONAL, "m": LOW_PROVISIONAL, "L": LOW_CONFIRMED, "h": HIGH}
LIKELIHOOD = {
    ".": (6.0, 0.2, 0.5, 0.4, 1.0), "h": (6.0, 0.2, 0.5, 0.4, 1.0), "?": (np.nan,) * 5,
    "L": (1e-4, 2.0, 0.5, 0.3, 1e-3), "m": (0.02, 2.0, 0.4, 0.3, 0.05), "l": (0.5, 2.0, 0.8, 2.0, 1.0),
}  # fmt: skip
"""Likelihoods fine, out, off, quiet, moved of a bin."""


def verdicts(
    signal: str, marks: str, *, run: Run, entity: Entity = COUNTRY, width: int = 300, at: int = 0, left: float = 0.2,
    status: str = UP, health: float = 1.0, detector: str = "predictive", young: bool = False,
) -> Verdicts:  # fmt: skip
    """One entity's verdicts, a mark a bin: ``.`` fine, ``L`` low, ``m`` low but not for sure, ``l`` that may be low,
    ``?`` not observed; ``young``: nothing can be said yet."""
    state = np.array([[STATES[mark]] for mark in marks], np.int8).reshape(len(marks), 1)
    low = (state == LOW_PROVISIONAL) | (state == LOW_CONFIRMED)
    value = np.where(state == UNKNOWN, np.nan, np.where(low, 100 * left, 100.0))
    full = np.full(value.shape, 100.0)
    likelihood = np.array([[LIKELIHOOD["?" if young else mark]] for mark in marks], np.float32)
    return Verdicts(
        run=run, feed="test", partition=0, signal=signal, detector=detector, width=width,
        watermark=at + width * len(marks), status=status, entities=(entity,),
        start=at + width * np.arange(len(marks)), value=value, health=np.full(value.shape, health, np.float32),
        expected=full, lower=full * 0.9, upper=full * 1.1, score=np.where(low, -20.0, 0.0), state=state,
        settled=np.ones(value.shape, np.bool_), common=np.ones(len(marks)),
        likelihood=likelihood.reshape(len(marks), 1, 5), left=np.nan_to_num(value / full, nan=1).astype(np.float32),
    )  # fmt: skip


def together(*frames: Verdicts) -> Verdicts:
    """Frames of the same bins of a signal as one frame with all their entities."""
    columns = {name: np.concatenate([getattr(f, name) for f in frames], axis=1) for name in _columns(frames[0])}
    return replace(frames[0], entities=tuple(e for frame in frames for e in frame.entities), **columns)


def pieces(frame: Verdicts, length: int) -> Iterator[Verdicts]:
    """The same bins in frames of ``length`` [s], each with the watermark of its end."""
    first = int(frame.start[0])
    for begin in range(first, frame.watermark, length):
        end = min(begin + length, frame.watermark)
        own = (frame.start + frame.width > begin) & (frame.start + frame.width <= end)
        yield replace(frame, watermark=end, **{name: getattr(frame, name)[own] for name in Verdicts.COLUMNS})


def _columns(frame: Verdicts) -> list[str]:
    return [name for name in Verdicts.COLUMNS if getattr(frame, name).ndim >= 2]
