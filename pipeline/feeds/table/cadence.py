"""The cadence of a given series, inferred from the times of its rows: width and start of its bins."""

import numpy as np

from pipeline.bins import DAY, Cadence

NEARLY = 0.9  # share that counts as all: a few rows off the grid do not move the bins of the others [0-1]
RARE = 0.1  # a slot of the day has at least this share of the times of the commonest slot [0-1]

COMMON_WIDTHS = (
    60, 120, 180, 300, 600, 900, 1200, 1800, *(hours * 3600 for hours in (1, 2, 3, 4, 6, 8, 12)), DAY, 7 * DAY
)  # fmt: skip
"""Usual widths of series [s]: where times jitter, the one near their steps is taken."""

NEAR = 0.05  # how near a common width must be, as a share of it [0-1]
JITTER = 2  # times on no grid jitter around one if all are within less than this part of its width (2: half) [-]
LAST = 4  # a row in the last part of a bin belongs to the next bin (4: the last quarter) [-]
FEW = 0.25  # an entity with less than this share of the rows of the largest one is left out of the usual step [0-1]
LATE = 60  # hourly rows may be a minute late, rows of another width by this part of it (60: a sixtieth) [-]
SHORT = 0.25  # quantile of the steps that is still one bin where half of the rows are missing [0-1]
APART = 1800  # times of one slot of the day follow each other by less than this [s]


def infer_cadence(times: np.ndarray, entity: np.ndarray | None = None) -> Cadence:
    """The cadence of a given series, from the times of its rows ``(n,) int64`` [s] and their entities ``(n,) int``.

    The width is the commonest step (the shorter one of a near tie), the phase is that of most rows.  If the rows are on
    no such grid but keep to a few slots of the day, the slots are the cadence.  If they jitter around a grid, the width
    is one of `COMMON_WIDTHS`.

    If a publisher polls one entity after the other, or sleeps between rounds, the width is near the step of each
    entity; a bin may then be empty, or have two rows, once in a while.  An even width is at least a quarter of it.

    Examples
    --------
    >>> infer_cadence(np.array([3, 3588, 7207, 10803, 14400, 17999]))
    Cadence(width=3600, slots=(), phase=0)
    >>> hours = np.array([6, 10, 16, 20, 30, 34, 40, 44, 54, 58])
    >>> infer_cadence(hours * 3600) == Cadence(4 * 3600, slots=(21600, 36000, 57600, 72000))
    True
    """
    given = np.asarray(times, np.int64)
    entity = np.zeros(len(given), np.int64) if entity is None else entity
    order = np.lexsort((entity, given))
    given, entity = given[order], np.asarray(entity)[order]
    first = np.ones(len(given), bool)
    first[1:] = (np.diff(given) != 0) | (np.diff(entity) != 0)
    given, entity = given[first], entity[first]  # a row that comes twice is one
    times, rows = np.unique(given, return_counts=True)
    if len(times) < 2:
        return Cadence(DAY, phase=int(times[0]) % DAY if len(times) else 0)
    steps, counts = np.unique(np.diff(times), return_counts=True)
    width = int(steps[counts >= NEARLY * counts.max()].min())
    phases, at = np.unique(times % width, return_inverse=True)
    held = np.bincount(at, rows)
    even = Cadence(width, phase=int(phases[np.argmax(held)]))
    is_even, step = held.max() >= NEARLY * len(given), _step(given, entity)
    if step > width:  # a few entities at another minute are off the grid
        grid, on = np.unique(given % step, return_counts=True)
        if on.max() >= NEARLY * len(given):
            return Cadence(step, phase=int(grid[np.argmax(on)]))
    is_full = 2 * width * len(times) >= times[-1] - times[0]
    if is_even and is_full and 2 * len(given) >= len(times) * np.count_nonzero(np.bincount(entity)):
        return even
    slots = None if is_even else _uneven(times, width)
    # many that jitter leave hardly a second without a time: the steps of all together mean nothing
    is_own = LAST * width >= step
    if is_own and (is_even or slots or not step):
        return slots or (None if is_full else _slots(given, entity)) or even
    least = -(-step // LAST)
    return (
        _jittered(given, entity, step, least)
        or _slots(given, entity)
        or (even if is_own and 2 * held.max() > len(given) else None)
        or _jittered(given, entity, _step(given, entity, SHORT), least)
        or _nearby(given, entity, step, least)
    )


def _uneven(times: np.ndarray, width: int) -> Cadence | None:
    """The slots of the day of distinct times, None without any."""
    at, counts = np.unique(times % DAY, return_counts=True)
    often = counts >= RARE * counts.max()
    slots = at[often]
    least = int(np.diff(slots, append=slots[0] + DAY).min())
    if len(slots) > 24 or len(times) < 2 * len(slots):
        return None
    # closer than most steps: slots only if every day has them, and nearly every row is on them
    days = (times[-1] - times[0]) / DAY
    is_daily = least >= APART and 2 * counts[often].min() >= counts.max() and 4 * len(times) >= 3 * len(slots) * days
    if least < width and not (is_daily and counts[often].sum() >= NEARLY * len(times)):
        return None
    return Cadence(min(width, least), slots=tuple(slots.tolist()))


def _slots(times: np.ndarray, entity: np.ndarray) -> Cadence | None:
    """The slots of the day around which the times of every entity lie, None without any."""
    at = np.sort(times % DAY)
    at = np.roll(at, -1 - int(np.argmax(np.diff(at, append=at[0] + DAY))))
    at = np.where(at < at[0], at + DAY, at)
    first = np.flatnonzero(np.diff(at, prepend=at[0] - DAY) >= APART)
    count = np.diff(first, append=len(at))
    common = count >= RARE * count.max()
    begin, arc = at[first][common], (at[first + count - 1] - at[first])[common]
    slots = np.unique([_round(int(b), int(a), APART) % DAY for b, a in zip(begin, arc, strict=True)])
    cadence = Cadence(int(np.diff(slots, append=slots[0] + DAY).min()), slots=tuple(slots.tolist()))
    bins, entities = cadence.floor(snapped(times, cadence)), np.count_nonzero(np.bincount(entity))
    is_full = 2 * len(times) >= len(np.unique(bins)) * entities
    return cadence if 1 < len(slots) < 24 and is_full and _are_apart(times, bins, entity) else None


def _step(times: np.ndarray, entity: np.ndarray, share: float = 0.5) -> int:
    """The shortest usual step of an entity [s], but for entities with few rows; 0 without any.

    ``share``: the quantile of an entity's steps that is its usual one [0-1].
    """
    order = np.lexsort((times, entity))
    steps, whose = np.diff(times[order]), entity[order][1:]
    steps, whose = (part[(np.diff(entity[order]) == 0) & (steps > 0)] for part in (steps, whose))
    if not len(steps):
        return 0
    order = np.lexsort((steps, whose))
    _, first, count = np.unique(whose[order], return_index=True, return_counts=True)
    middle = steps[order][first + ((count - 1) * share).astype(int)]
    return int(middle[count >= FEW * count.max()].min())


def _jittered(times: np.ndarray, entity: np.ndarray, step: int, least: int) -> Cadence | None:
    """The even cadence of a width near ``step`` [s] around which times lie, None without any."""
    for width in _near(step, least):
        phase = np.sort(times % width)
        arcs = np.append(phase, phase + width)[int(np.ceil(NEARLY * len(phase))) - 1 :][: len(phase)] - phase
        begin, arc = int(phase[np.argmin(arcs)]), int(arcs.min())
        if JITTER * arc >= width:
            continue
        phases, counts = np.unique(phase, return_counts=True)
        most = int(phases[np.argmax(counts)])
        for start in (*([most] if 2 * counts.max() > len(phase) else []), _round(begin, arc, width) % width):
            cadence = Cadence(width, phase=start)
            if _are_apart(times, cadence.floor(snapped(times, cadence)), entity):
                return cadence
    return None


def _near(step: int, least: int) -> list[int]:
    """Widths near a step: a common one, and whole minutes, not less than ``least``; all [s]."""
    common = min(COMMON_WIDTHS, key=lambda width: abs(width - step))
    minutes = (step + 30) // 60 * 60
    widths = [common, minutes] if abs(common - step) <= NEAR * common else [minutes]
    return [width for width in widths if width >= max(1, least)]


def _nearby(times: np.ndarray, entity: np.ndarray, step: int, least: int) -> Cadence:
    """The even cadence near the ``step`` [s] of entities that come one after the other, or later and later.

    A bin starts where fewest times lie, at phase 0 if they lie everywhere.  The width is the step, a half, a third or a
    quarter of it: the first that keeps the rows of an entity apart.
    """
    for part in range(1, LAST + 1):
        width = next(iter(_near(step // part, least)), max(step // part, least))
        # bins begin a quarter before their start, with what is early
        late = (times + (width - 1) // LAST + width // (2 * LATE)) % width * LATE // width
        counts = np.bincount(late, minlength=LATE)
        cadence = Cadence(width, phase=int(counts.argmin()) * width // LATE * int(counts.min() <= RARE * counts.mean()))
        if _are_apart(times, cadence.floor(snapped(times, cadence)), entity):
            break
    return cadence


def _round(begin: int, arc: int, width: int) -> int:
    """The roundest time in ``[begin, begin + arc]``, or shortly before: rows are late more often than early [s]."""
    early = begin - max(arc, width // LATE)
    for unit in (width, *reversed(COMMON_WIDTHS), 30, 10):
        last = begin // unit * unit
        if last >= early or last + unit <= begin + arc:
            return last if last >= early else last + unit
    return begin


def _are_apart(times: np.ndarray, bins: np.ndarray, entity: np.ndarray) -> bool:
    return _distinct(bins, entity) >= NEARLY * _distinct(times, entity)


def _distinct(times: np.ndarray, entity: np.ndarray) -> int:
    order = np.lexsort((times, entity))
    return 1 + int(np.count_nonzero(np.diff(times[order]) | np.diff(entity[order])))


def snapped(times: np.ndarray, cadence: Cadence) -> np.ndarray:
    """Times of rows ``(n,) int64`` [s]; those shortly before the start of a bin are moved to its start."""
    start = cadence.floor(times + (cadence.width - 1) // LAST)
    return np.maximum(times, start)
