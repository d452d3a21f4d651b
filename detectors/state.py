"""What every detector's state can do: grow, be joined and parted, and become plain arrays."""

import dataclasses
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from detectors.base import DAY, NEVER, AnyDetector
from detectors.history import History
from detectors.waiting import Waiting

S = TypeVar("S")

FORGETS, MISSED = 28 * DAY, 4  # an entity without a value for so long [s], or for so many longer bins, is a new one


def per_entity(fill: float, dtype: type = np.float64, columns: int = 0) -> dict[str, Any]:
    """Metadata of a state's field: an array with one row an entity, which starts as ``fill``."""
    return {"fill": fill, "dtype": dtype, "columns": columns}


def fresh(cls: type[S], n: int, **shared: Any) -> S:
    """A state of n entities of which nothing has been seen; ``shared`` are the fields that are not per entity."""
    return cls(**{name: _filled(meta, n) for name, meta in _fields(cls).items() if meta}, **shared)


def extend(state: S, fresh: int) -> S:
    """The state with ``fresh`` entities appended at the end, of which nothing has been seen."""
    return _mapped(state, lambda own, meta: np.concatenate([own, _filled(meta, fresh)]))


def forgotten(state: S, rows: np.ndarray) -> S:
    """The state in which nothing has been seen of the entities at ``rows (m,) int``."""
    return _mapped(state, lambda own, meta: _put(own, rows, meta["fill"]))


def unheard(state: S, heard: np.ndarray, t: int, width: int) -> S:
    """The state at ``t`` [s] in which nothing is known of entities that were last ``heard (n,)`` [s] too long ago.

    Too long is `FORGETS`, or `MISSED` times a longer ``width`` [s].
    """
    gone = (heard != NEVER) & (t - heard > max(FORGETS, MISSED * width))
    return forgotten(state, np.flatnonzero(gone)) if gone.any() else state


def pack(state: Any) -> dict[str, np.ndarray]:
    """The state as plain arrays by name, an exact copy of all that it knows."""
    arrays: dict[str, np.ndarray] = {}
    for name in _fields(type(state)):
        value = getattr(state, name)
        if isinstance(value, History | Waiting):
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
        if kind in (History, Waiting):
            inside = {key.removeprefix(f"{name}."): a for key, a in arrays.items() if key.startswith(f"{name}.")}
            fields[name] = kind.unpack(inside)
        else:
            fields[name] = np.array(arrays[name]) if kind is np.ndarray else kind(arrays[name])
    return type(empty)(**fields)


def _mapped(state: S, change: Callable[[Any, Any], Any]) -> S:
    """The state with ``change(value, metadata)`` of each array with a row an entity."""
    own = {name: change(getattr(state, name), meta) for name, meta in _fields(type(state)).items() if meta}
    return dataclasses.replace(state, **own)  # type: ignore[type-var]


def _put(array: np.ndarray, rows: np.ndarray, values: Any) -> np.ndarray:
    array = array.copy()
    array[rows] = values
    return array


def _fields(cls: Any) -> dict[str, Any]:
    return {field.name: field.metadata for field in dataclasses.fields(cls)}


def _filled(meta: Any, n: int) -> np.ndarray:
    shape = (n, meta["columns"]) if meta["columns"] else (n,)
    return np.full(shape, meta["fill"], meta["dtype"])


def _entities(state: Any) -> int:
    return next(len(getattr(state, name)) for name, meta in _fields(type(state)).items() if meta)
