"""Whether a frame holds together: what a stage gets must be sound, because its state cannot be half changed."""

import dataclasses

import numpy as np

from pipeline.bins import NEVER
from pipeline.records import DEAD, END, UP, Bins, Elements, Entity, Frame, Heartbeat, Rows, Verdicts

LATEST = 4_102_444_800
"""No record is of the year 2100 or later [s]: a clock in other units is found out."""

WIDEST = 366 * 24 * 3600
"""No bin is wider than a year [s]."""

WORDS = {"feed": str, "signal": str, "detector": str, "partition": int, "width": int, "phase": int, "watermark": int}


def wrong(frame: Frame) -> str:
    """What is wrong with a frame, '' where nothing is.

    Examples
    --------
    >>> from pipeline.records import Run
    >>> wrong(Heartbeat(Run(), "ris", 0, 1707350400)), wrong(Heartbeat(Run(), "ris", 0, 1707350400000))
    ('', 'time 1707350400000 is out of range')
    """
    return _wrong_head(frame) or (_wrong_batch(frame) if isinstance(frame, Elements | Rows) else _wrong_bins(frame))


def _wrong_head(frame: Frame) -> str:
    for name, kind in WORDS.items():
        value = getattr(frame, name, None)
        if hasattr(frame, name) and type(value) is not kind:
            return f"{name} is {value!r}"
    if not all(isinstance(word, str) for word in (*frame.run[:2], *frame.run.signals)):
        return f"run is {frame.run!r}"
    if getattr(frame, "status", UP) not in (UP, DEAD, END):
        return f"status is {frame.status!r}"  # type: ignore[union-attr]
    if isinstance(frame, Heartbeat):
        return _wrong_beat(frame)
    if not all(_sound(entity) for entity in getattr(frame, "entities", ())):
        return "an entity is not made of words"
    return "" if 0 <= getattr(frame, "width", 0) <= WIDEST else f"width {frame.width} is out of range"  # type: ignore[union-attr]


def _wrong_beat(frame: Heartbeat) -> str:
    if type(frame.time) is not int or not (frame.time == NEVER or 0 <= frame.time < LATEST + WIDEST):
        return f"time {frame.time!r} is out of range"
    return "" if all(isinstance(signal, str) for signal in frame.signals) else f"signals are {frame.signals!r}"


def _sound(entity: Entity) -> bool:
    return all(isinstance(word, str) for word in (*entity[:3], entity.title))


def _wrong_batch(frame: Elements | Rows) -> str:
    for name, dtype in frame.COLUMNS.items():
        column = getattr(frame, name)
        if column.dtype != dtype or column.shape != frame.time.shape or column.ndim != 1:
            return f"column {name} is {column.dtype} of {column.shape}"
    if len(frame) and not (frame.time.min() >= 0 and frame.time.max() < LATEST):
        return "a time is out of range"
    if isinstance(frame, Rows):
        slots = frame.slots
        if (
            frame.width == 0
            or any(type(s) is not int or not 0 <= s < WIDEST for s in slots)
            or list(slots) != sorted(slots)
        ):
            return f"bins of {frame.width} s at {slots!r} are none"
        return _wrong_index("entity", frame.entity, len(frame.entities))
    if not all(isinstance(peer.asn, int) and isinstance(peer.address, str) for peer in frame.peers):
        return "a peer is not a number and an address"
    return _wrong_index("peer", frame.peer, len(frame.peers))


def _wrong_index(name: str, index: np.ndarray, size: int) -> str:
    fits = not len(index) or (index.min() >= 0 and index.max() < size)
    return "" if fits else f"a row's {name} is none of {size}"


def _wrong_bins(frame: Heartbeat | Bins | Verdicts) -> str:
    if isinstance(frame, Heartbeat):
        return ""
    shape = (len(frame.start), len(frame.entities))
    for field in dataclasses.fields(frame):
        array = getattr(frame, field.name)
        if isinstance(array, np.ndarray) and field.name != "start" and array.size + shape[0] and array.shape != shape:
            return f"{field.name} is {array.shape} of {shape}"
    if frame.start.dtype != np.int64 or frame.start.ndim != 1 or np.any(np.diff(frame.start) <= 0):
        return "the bins are not in order"
    return "a bin has no width" if len(frame.start) and not frame.width else ""
