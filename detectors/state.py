"""What every detector's state can do: grow by entities that were not known before, and become plain arrays."""

import dataclasses
from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np

from detectors.base import DAY, NEVER, AnyDetector
from detectors.history import History, joint_history, parted_history, times_of

S = TypeVar("S")

FORGETS, MISSED = 28 * DAY, 4
"""Who has not been heard of for so long [s], or so many longer bins, is a new one: no day is compared with what is
older."""


def per_entity(fill: float, dtype: type = np.float64, columns: int = 0) -> dict[str, Any]:
    """Metadata of a state's field: an array with one row an entity, which starts as ``fill``."""
    return {"fill": fill, "dtype": dtype, "columns": columns}


def fresh(cls: type[S], n: int, **shared: Any) -> S:
    """A state of n entities of which nothing has been seen; ``shared`` are the fields that are not per entity."""
    return cls(**{name: _filled(meta, n) for name, meta in _fields(cls).items() if meta}, **shared)


def extend(state: S, fresh: int) -> S:
    """The state with ``fresh`` entities appended at the end, of which nothing has been seen.

    Examples
    --------
    >>> from detectors.median import Median
    >>> extend(Median().init(2), 3).first.shape
    (5,)
    """
    grown = {}
    for name, meta in _fields(type(state)).items():
        if meta:
            grown[name] = np.concatenate([getattr(state, name), _filled(meta, fresh)])
    return dataclasses.replace(state, **grown)  # type: ignore[type-var]


def picked(state: S, rows: np.ndarray) -> S:
    """The state of some entities alone.

    Examples
    --------
    >>> from detectors.median import Median
    >>> picked(Median().init(4), np.array([1, 3])).first.shape
    (2,)
    """
    own = {name: getattr(state, name)[rows] for name, meta in _fields(type(state)).items() if meta}
    return dataclasses.replace(state, **own)  # type: ignore[type-var]


def placed(state: S, rows: np.ndarray, own: S) -> S:
    """The state in which the entities at ``rows (m,) int`` have the state ``own`` of m entities.

    Examples
    --------
    >>> from detectors.median import Median
    >>> seen = dataclasses.replace(Median().init(2), first=np.array([5, 6]))
    >>> placed(Median().init(4), np.array([1, 3]), seen).first[[1, 3]].tolist()
    [5, 6]
    """
    whole = {}
    for name, meta in _fields(type(state)).items():
        if meta:
            whole[name] = getattr(state, name).copy()
            whole[name][rows] = getattr(own, name)
    return dataclasses.replace(state, **whole)  # type: ignore[type-var]


def forgotten(state: S, rows: np.ndarray) -> S:
    """The state in which nothing has been seen of the entities at ``rows (m,) int``.

    Examples
    --------
    >>> from detectors.median import Median
    >>> from detectors.base import utc_context
    >>> seen, _ = Median().judge(Median().init(2), np.ones(2), 0, utc_context(np.array([0]), 2, 600).row(0))
    >>> (forgotten(seen, np.array([1])).first == Median().init(2).first).tolist()
    [False, True]
    """
    own = {}
    for name, meta in _fields(type(state)).items():
        if meta:
            own[name] = getattr(state, name).copy()
            own[name][rows] = meta["fill"]
    return dataclasses.replace(state, **own)  # type: ignore[type-var]


def unheard(state: S, heard: np.ndarray, t: int, width: int) -> S:
    """The state at ``t`` [s] in which nothing is known of entities that were last ``heard (n,)`` so long ago [s] that
    they are new ones: `FORGETS`, or `MISSED` times a longer ``width`` [s].

    Examples
    --------
    >>> import dataclasses
    >>> from detectors.median import Median
    >>> seen = dataclasses.replace(Median().init(3), first=np.array([5, 6, 7]))
    >>> (unheard(seen, np.array([0, DAY, NEVER]), 1 + FORGETS, 3600).first == NEVER).tolist()
    [True, False, False]
    """
    gone = (heard != NEVER) & (t - heard > max(FORGETS, MISSED * width))
    return forgotten(state, np.flatnonzero(gone)) if gone.any() else state


def in_common(state: Any) -> tuple[object, ...] | None:
    """What two states must have in common to be one `joint` state, None where this one cannot be joined now.

    That is all that is not per entity: the last bin, and when the past was written; who has just come is not in it yet.
    """
    n, common = _entities(state), []
    for name, meta in _fields(type(state)).items():
        value = getattr(state, name)
        if isinstance(value, History):
            if value.end and value.known < n:
                return None
            common.append(times_of(value))
        elif not meta:
            common.append(value)
    return type(state), *common


def joint(states: Sequence[S]) -> S:
    """States that have the same `in_common` as one, the entities of each after those of the one before it.

    Examples
    --------
    >>> from detectors.median import Median
    >>> joint([Median().init(2), Median().init(3)]).first.shape
    (5,)
    """
    sizes = [_entities(state) for state in states]
    whole: dict[str, Any] = {}
    for name, meta in _fields(type(states[0])).items():
        each = [getattr(state, name) for state in states]
        if meta:
            whole[name] = np.concatenate(each)
        elif isinstance(each[0], History):
            whole[name] = joint_history(each, sizes)
    return dataclasses.replace(states[0], **whole)  # type: ignore[type-var]


def parted(whole: S, before: Sequence[S]) -> list[S]:
    """What has become of states that were ``before`` they were judged as one.

    Examples
    --------
    >>> from detectors.median import Median
    >>> states = [Median().init(2), Median().init(3)]
    >>> [len(state.first) for state in parted(joint(states), states)]
    [2, 3]
    """
    told, start = [], 0
    for state in before:
        rows = slice(start, start := start + _entities(state))
        own: dict[str, Any] = {}
        for name, meta in _fields(type(whole)).items():
            value = getattr(whole, name)
            if meta:
                own[name] = value[rows]
            elif isinstance(value, History):
                own[name] = parted_history(value, getattr(state, name), rows)
        told.append(dataclasses.replace(whole, **own))  # type: ignore[type-var]
    return told


def pack(state: Any) -> dict[str, np.ndarray]:
    """The state as plain arrays by name, an exact copy of all that it knows.

    Examples
    --------
    >>> from detectors.median import Median
    >>> arrays = pack(Median().init(2))
    >>> pack(unpack(Median(), arrays)).keys() == arrays.keys()
    True
    """
    arrays: dict[str, np.ndarray] = {}
    for name in _fields(type(state)):
        value = getattr(state, name)
        if isinstance(value, History):
            arrays.update({f"{name}.{key}": array for key, array in value.pack(_entities(state)).items()})
        else:
            arrays[name] = np.array(value)
    return arrays


def unpack(detector: AnyDetector, arrays: dict[str, np.ndarray]) -> Any:
    """The state that `pack` wrote, for the detector that it belongs to."""
    empty = detector.init(0)
    fields: dict[str, Any] = {}
    for name in _fields(type(empty)):
        kind = type(getattr(empty, name))
        if kind is History:
            inside = {key.removeprefix(f"{name}."): a for key, a in arrays.items() if key.startswith(f"{name}.")}
            fields[name] = History.unpack(inside)
        else:
            fields[name] = np.array(arrays[name]) if kind is np.ndarray else kind(arrays[name])
    return type(empty)(**fields)


def _fields(cls: Any) -> dict[str, Any]:
    return {field.name: field.metadata for field in dataclasses.fields(cls)}


def _filled(meta: Any, n: int) -> np.ndarray:
    shape = (n, meta["columns"]) if meta["columns"] else (n,)
    return np.full(shape, meta["fill"], meta["dtype"])


def _entities(state: Any) -> int:
    return next(len(getattr(state, name)) for name, meta in _fields(type(state)).items() if meta)
