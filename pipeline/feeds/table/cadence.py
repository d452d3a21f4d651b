"""The cadence of a given series, from the stamps of its rows: its width, and where its bins begin."""

import numpy as np

from pipeline.bins import DAY, Cadence

NEARLY = 0.9
"""Share from which most are as good as all: a few rows off the grid must not move the bins of the others [0-1]."""

RARE = 0.1
"""A slot of the day with less than this share of the commonest slot's times is a stray, and no slot [0-1]."""

USUAL = (
    60, 120, 180, 300, 600, 900, 1200, 1800, *(hours * 3600 for hours in (1, 2, 3, 4, 6, 8, 12)), DAY, 7 * DAY
)  # fmt: skip
"""Widths that series come in [s]: where stamps jitter, theirs is the one of these that is near their steps."""

NEAR = 0.05
"""How near, as a share of it [0-1]."""

JITTER = 2
"""Stamps that lie on no grid, but all within less than this part of a width, jitter around one [-]: half an hour."""

LAST = 4
"""What comes in this part of a bin, its last, is of the next one [-]."""

FEW = 0.25
"""Who has less than this share of the rows of whoever has most is not asked for the steps [0-1]."""

LATE = 60
"""Whoever asks once an hour stamps what comes a minute late, or this part of another width [-]."""

SHORT = 0.25
"""Where half of the rows are missing the usual step is two of theirs: so many are no longer than one [0-1]."""

APART = 1800
"""Stamps of one slot of the day follow each other by less than this [s]."""


def infer_cadence(times: np.ndarray, entity: np.ndarray | None = None) -> Cadence:
    """The cadence of a given series, from the times of its rows ``(n,) int64`` [s], and whose they are ``(n,) int``.

    The width is the commonest step, the shorter one of a near tie, and the phase that of most rows: one off the grid
    falls into the bin that it lies in, or into the next where it lies in the last quarter of it.  Where the rows do not
    lie on that one grid but keep to a few slots of the day, the slots are the cadence.  Where each of them comes a
    little sooner or later, the width is a usual one.

    Who asks for one entity after the other, or sleeps between two rounds, has a width near each entity's own step: a
    bin in which nothing of one lies, or two values of which the later one counts, then comes once in a while.  No even
    width is less than a quarter of the own step.

    Examples
    --------
    >>> infer_cadence(np.array([600, 1200, 1800, 3600])).width
    600
    >>> infer_cadence(np.array([570, *range(1200, 12000, 600)]))
    Cadence(width=600, slots=(), phase=0)
    >>> infer_cadence(np.array([3, 3588, 7207, 10803, 14400, 17999]))
    Cadence(width=3600, slots=(), phase=0)
    >>> hours = np.array([6, 10, 16, 20, 30, 34, 40, 44, 54, 58])
    >>> infer_cadence(hours * 3600) == Cadence(4 * 3600, slots=(21600, 36000, 57600, 72000))
    True
    >>> infer_cadence(np.cumsum(1801 + np.arange(1000) % 5))
    Cadence(width=1800, slots=(), phase=0)
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
    if step > width:  # a few who come at another minute are off the grid of the others
        grid, on = np.unique(given % step, return_counts=True)
        if on.max() >= NEARLY * len(given):
            return Cadence(step, phase=int(grid[np.argmax(on)]))
    is_full = 2 * width * len(times) >= times[-1] - times[0]
    if is_even and is_full and 2 * len(given) >= len(times) * np.count_nonzero(np.bincount(entity)):
        return even
    slots = None if is_even else _uneven(times, width)
    # many that jitter leave hardly a second without a stamp: the steps of all together say nothing
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
    """The slots of the day that distinct times keep to, None where they keep to none."""
    at, counts = np.unique(times % DAY, return_counts=True)
    often = counts >= RARE * counts.max()
    slots = at[often]
    least = int(np.diff(slots, append=slots[0] + DAY).min())
    if len(slots) > 24 or len(times) < 2 * len(slots):
        return None
    # closer than most steps: slots all the same where every day has them, and (nearly) every row keeps to them
    days = (times[-1] - times[0]) / DAY
    is_daily = least >= APART and 2 * counts[often].min() >= counts.max() and 4 * len(times) >= 3 * len(slots) * days
    if least < width and not (is_daily and counts[often].sum() >= NEARLY * len(times)):
        return None
    return Cadence(min(width, least), slots=tuple(slots.tolist()))


def _slots(times: np.ndarray, entity: np.ndarray) -> Cadence | None:
    """The slots of the day that the stamps of every entity lie around, None where they lie around none."""
    at = np.sort(times % DAY)
    at = np.roll(at, -1 - int(np.argmax(np.diff(at, append=at[0] + DAY))))
    at = np.where(at < at[0], at + DAY, at)
    first = np.flatnonzero(np.diff(at, prepend=at[0] - DAY) >= APART)
    count = np.diff(first, append=len(at))
    common = count >= RARE * count.max()
    begin, arc = at[first][common], (at[first + count - 1] - at[first])[common]
    slots = np.unique([_round(int(b), int(a), APART) % DAY for b, a in zip(begin, arc, strict=True)])
    cadence = Cadence(int(np.diff(slots, append=slots[0] + DAY).min()), slots=tuple(slots.tolist()))
    bins, who = cadence.floor(snapped(times, cadence)), np.count_nonzero(np.bincount(entity))
    is_full = 2 * len(times) >= len(np.unique(bins)) * who
    return cadence if 1 < len(slots) < 24 and is_full and _are_apart(times, bins, entity) else None


def _step(times: np.ndarray, entity: np.ndarray, share: float = 0.5) -> int:
    """The usual step of those who have the shortest one [s], but for who has few rows; 0 where nobody has any.

    ``share`` of an entity's steps are no longer [0-1].
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
    """The even cadence of a width near ``step`` [s] that stamps lie around, None where they lie around none."""
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
    """Widths that a step may be meant to be: a usual one, and whole minutes, not less than ``least``; all [s]."""
    usual = min(USUAL, key=lambda width: abs(width - step))
    minutes = (step + 30) // 60 * 60
    widths = [usual, minutes] if abs(usual - step) <= NEAR * usual else [minutes]
    return [width for width in widths if width >= max(1, least)]


def _nearby(times: np.ndarray, entity: np.ndarray, step: int, least: int) -> Cadence:
    """The even cadence near the own ``step`` [s] of entities that come one after the other, or ever later.

    A bin starts where fewest stamps lie, at its phase 0 where they lie everywhere.  Who has few of his rows has bins
    of a half, a third or a quarter of his step: the first that keeps his rows apart.
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
    """The roundest time in ``[begin, begin + arc]``, or shortly before: stamps are late more often than early [s]."""
    early = begin - max(arc, width // LATE)
    for unit in (width, *reversed(USUAL), 30, 10):
        last = begin // unit * unit
        if last >= early or last + unit <= begin + arc:
            return last if last >= early else last + unit
    return begin


def _are_apart(times: np.ndarray, bins: np.ndarray, entity: np.ndarray) -> bool:
    """Whether nearly all rows of an entity have a bin of their own."""
    return _distinct(bins, entity) >= NEARLY * _distinct(times, entity)


def _distinct(times: np.ndarray, entity: np.ndarray) -> int:
    order = np.lexsort((times, entity))
    return 1 + int(np.count_nonzero(np.diff(times[order]) | np.diff(entity[order])))


def snapped(times: np.ndarray, cadence: Cadence) -> np.ndarray:
    """Times of rows ``(n,) int64`` [s], those that come shortly before the start of a bin at its start.

    Examples
    --------
    >>> snapped(np.array([3590, 3600, 3610, 5400]), Cadence(3600)).tolist()
    [3600, 3600, 3610, 5400]
    """
    start = cadence.floor(times + (cadence.width - 1) // LAST)
    return np.maximum(times, start)
