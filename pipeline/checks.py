"""Whether a frame holds together: what a stage gets must be sound, because its state cannot be half changed."""

import dataclasses

import numpy as np

from pipeline.bins import NEVER
from pipeline.kinds import impossible
from pipeline.records import DEAD, END, UP, Bins, Elements, Entity, Frame, Heartbeat, Peer, Rows, Verdicts

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


def bounded(rows: Rows) -> Rows:
    """The same, where every value is one that its signal can have: all others are NaN, not observed.

    Examples
    --------
    >>> from pipeline.records import Run
    >>> rows = Rows(Run(), "a-feed", 0, "ooni.whatsapp", 3600, (), 0, (Entity("country", "PK"),), np.array([0, 3600]),
    ...             np.zeros(2, np.int32), np.array([0.9, 900.0]))
    >>> bounded(rows).value.tolist()
    [0.9, nan]
    """
    wrong = impossible(rows.signal, rows.value)
    return dataclasses.replace(rows, value=np.where(wrong, np.nan, rows.value)) if wrong.any() else rows


def _wrong_head(frame: Frame) -> str:
    for name, kind in WORDS.items():
        value = getattr(frame, name, None)
        if hasattr(frame, name) and type(value) is not kind:
            return f"{name} is {value!r}"
    if not all(isinstance(word, str) for word in (*frame.run[:2], *frame.run.signals)):
        return f"run is {frame.run!r}"
    if getattr(frame, "status", UP) not in (UP, DEAD, END):
        return f"status is {frame.status!r}"  # type: ignore[union-attr]
    if not all(_sound(entity) for name in ("entities", "networks") for entity in getattr(frame, name, ())):
        return "an entity is not made of words"
    if isinstance(frame, Heartbeat):
        return _wrong_beat(frame)
    if isinstance(frame, Bins | Verdicts) and not _is_watermark(frame.watermark):
        return f"watermark {frame.watermark} is out of range"
    return "" if 0 <= getattr(frame, "width", 0) <= WIDEST else f"width {frame.width} is out of range"  # type: ignore[union-attr]


def _wrong_beat(frame: Heartbeat) -> str:
    if type(frame.time) is not int or not _is_watermark(frame.time):
        return f"time {frame.time!r} is out of range"
    return "" if all(isinstance(signal, str) for signal in frame.signals) else f"signals are {frame.signals!r}"


def _is_watermark(time: int) -> bool:
    return time == NEVER or 0 <= time < LATEST + WIDEST


def _sound(entity: Entity) -> bool:
    return type(entity.mobile) is bool and all(isinstance(word, str) for word in (*entity[:3], entity.title))


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
            or not 0 <= frame.phase < WIDEST
            or any(type(s) is not int or not 0 <= s < WIDEST for s in slots)
            or list(slots) != sorted(slots)
        ):
            return f"bins of {frame.width} s at {slots!r} are none"
        return _wrong_index("entity", frame.entity, len(frame.entities))
    if not all(_is_peer(peer) for peer in frame.peers):
        return "a peer is not a number and an address"
    return _wrong_index("peer", frame.peer, len(frame.peers))


def _is_peer(peer: Peer) -> bool:
    return type(peer.asn) is int and 0 <= peer.asn < 2**32 and all(isinstance(word, str) for word in peer[1:])


def _wrong_index(name: str, index: np.ndarray, size: int) -> str:
    fits = not len(index) or (index.min() >= 0 and index.max() < size)
    return "" if fits else f"a row's {name} is none of {size}"


def _wrong_bins(frame: Heartbeat | Bins | Verdicts) -> str:
    if isinstance(frame, Heartbeat):
        return ""
    if frame.start.dtype != np.int64 or frame.start.ndim != 1 or np.any(np.diff(frame.start) <= 0):
        return "the bins are not in order"
    bins = len(frame.start)
    if bins and not -WIDEST < frame.start[0] <= frame.start[-1] < LATEST:
        return "a bin's start is out of range"
    for name, dtype in frame.COLUMNS.items():
        column, shape = getattr(frame, name), (bins,) if name == "common" else (bins, len(frame.entities))
        # without bins there is nothing to read, and some have then no columns either
        if name != "start" and (bins or column.size) and (column.dtype != dtype or column.shape != shape):
            return f"column {name} is {column.dtype} of {column.shape}"
    return "a bin has no width" if bins and not frame.width else ""
