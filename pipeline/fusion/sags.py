"""A feast or a sag that an outage falls in: neither its hours before nor those after are of the outage."""

import numpy as np

from detectors.base import ALWAYS, is_low
from pipeline.fusion.columns import STEPS, Columns
from pipeline.fusion.evidence import losses
from pipeline.fusion.outages import SAG
from pipeline.judge.lasting import began, summed

LASTS = 3 * 3600
"""A feast or a sag does so for as long: what is low for less is how a slow outage begins [s]."""

PARTS = 1000
"""A loss is summed up in so many parts, which are whole [-]."""

FEAST = 0.4
"""Feasts and strikes take less [0-1]."""

REST = 0.15
"""It lacks no more than before while it lacks less than so much of what it lost in the outage [0-1]."""

STRAYS, SWAYS = 0.25, 0.75
"""But for what a feast goes up and down by the hour: it may take so much more than on average, and no more than that
[0-1]."""

FAR, NEARER = 0.6, 0.5
"""What falls out of a sag has lacked no more than so much of what is then missing, of the traffic in bins that tell
when, and of all others [0-1]: else it goes on as it was.  People who vote or feast are missing in the traffic, and
probes are answered."""

EDGE = 0.2
"""From this share of the way on the fall takes less than `fusion.outages.SAG`, or one bin: what falls for hours is a
slow outage [0-1]."""

NEAR = 0.9
"""A fall is the one to so much of the most that was lost since, at most [-]: the rest is noise, and may come hours
later."""


def sagged(
    cells: Columns, rows: np.ndarray | slice, signal: int | slice, start: np.ndarray, low: np.ndarray, lost: np.ndarray
) -> dict[str, np.ndarray]:
    """When each entity first lost each share of `STEPS`, for how long it had been low before, and what it lost in that
    time, after bins that start at ``start (t,)`` [s], ``(t, n)``, or ``(1, n, k)`` of k signals, in which it was
    ``low`` and had ``lost`` so much [0-1]; by the names of these columns, ``(n, 7)`` or ``(n, k, 7)`` each, none where
    none of them changes."""
    its = low.any(axis=0) | (cells["low_from"][rows, signal] > 0)
    if not its.any():
        return {}
    columns = {name: cells[name][rows, signal] for name in ("fallen", "sagged", "sag")}
    was = {name: values[its] for name, values in columns.items()}
    width = np.broadcast_to(cells.wide[signal], its.shape)[its][:, None]
    low, lost = low[:, its, None], lost[:, its, None]
    falls = low & (lost >= STEPS)
    sags = low & (summed((was["fallen"] > 0).astype(np.int64), 1, falls, ~low) == 0)
    fresh = {
        "fallen": began(was["fallen"], start, falls, np.broadcast_to(~low, falls.shape)),
        "sagged": summed(was["sagged"], width, sags, ~low)[-1],
        "sag": summed(was["sag"], width * np.rint(PARTS * lost).astype(np.int64), sags, ~low)[-1],
    }
    told = {name: np.zeros_like(values) for name, values in columns.items()}
    for name, values in fresh.items():
        told[name][its] = values
    return told


def lacked_before(cells: Columns, rows: np.ndarray, lost: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What each signal of these entities lacked before it fell to have ``lost (n, s)`` [0-1], 0 where that was not for
    as long as a feast `LASTS`, or not so little, or where the fall took hours or a slow detector tells it; and when it
    fell, where it lacked anything [s]; ``(n, s)`` each."""
    if not (cells["sagged"][rows] >= LASTS).any():
        return np.zeros_like(lost), np.zeros(lost.shape, np.int64)
    lacked, fell, edge, by = _falls(cells, rows, lost)
    took = _took(cells, rows, edge, by)
    far = np.where(cells.traffic & (cells.wide < SAG), FAR, NEARER)
    out_of = ~cells.slow & (lost >= cells.settings.full_depth) & (lacked <= far * lost)
    return np.where(out_of & ((took < SAG) | (took <= cells.wide)), lacked, 0), fell


def _falls(
    cells: Columns, rows: np.ndarray, lost: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:  # fmt: skip
    """What each signal lacked for long before it fell to have ``lost (n, s)`` [0-1], when it fell [s], 0 where that is
    not known, and the places in `STEPS` between which it did; ``(n, s)`` each."""
    step, last = _step(NEAR * lost), _step(lost)
    fell, lasted, sag = (of_step(cells[name][rows], step) for name in ("fallen", "sagged", "sag"))
    lacked = np.where((lasted >= LASTS) & (fell > 0), sag / np.maximum(lasted, 1) / PARTS, 0)
    edge = np.searchsorted(STEPS, lacked + EDGE * (lost - lacked))
    by = np.where(edge < step, step, last)
    return lacked, fell, np.minimum(edge, by), by


def _took(cells: Columns, rows: np.ndarray, first: np.ndarray, last: np.ndarray) -> np.ndarray:
    """How long each signal fell between two of `STEPS` ``(n, s)`` [s]."""
    return of_step(cells["fallen"][rows], last) - of_step(cells["fallen"][rows], first)


def _step(lost: np.ndarray) -> np.ndarray:
    """Which of `STEPS` is the last that is no more than what is lost ``(...)`` [0-1]; the first where none is."""
    return np.maximum(np.searchsorted(STEPS, lost, side="right") - 1, 0)


def of_step(values: np.ndarray, step: np.ndarray) -> np.ndarray:
    """Those of one of `STEPS` each."""
    return np.take_along_axis(values, step[..., None], axis=-1)[..., 0]


def note_home(cells: Columns, rows: np.ndarray, start: int, onset: np.ndarray) -> None:
    """Since when signals of entities at ``rows (n,)``, whose open outages have this ``onset (n,)`` [s], lack no more
    than before it, and yet are low, in a bin that starts then [s]."""
    depth, since = cells["depth"][rows], cells["home"][rows]
    lacked, fell = lacked_before(cells, rows, depth)
    lacked = np.where(fell <= onset[:, None] + SAG, lacked, 0)  # else it was of the outage
    if not (lacked.any() or since.any()):
        return
    spoke, lost = cells["spoke"][rows] == start, losses(cells["ratio"][rows])
    home = spoke & is_low(cells["state"][rows]) & (lost < cells.settings.bottom * depth)
    home &= (lacked > 0) & (lost - lacked <= np.clip(REST * (depth - lacked), STRAYS * lacked, SWAYS * lacked))
    cells["home"][rows] = np.where(home, np.where(since > 0, since, start), np.where(spoke, 0, since))


def at_home(cells: Columns, rows: np.ndarray) -> np.ndarray:
    """Since when each signal is as low as it was for hours before the outage of each entity, and no lower ``(n, s)``
    [s], 0 where it is not; those beside a first detector go with it."""
    home = np.where(cells["low_from"][rows] > 0, cells["home"][rows], 0)
    for beside, first in cells.pairs if home.any() else ():
        home[:, beside] = np.maximum(home[:, beside], home[:, first])
    return home


def kept(cells: Columns, row: int) -> dict[str, np.ndarray]:
    """What stands in columns of an entity, ``(s, ...)`` each, when its outage is over and signals are back in the sag
    that they fell from: they came back then, and the sag goes on."""
    home = at_home(cells, np.array([row]))[0]
    if not home.any():
        return {}
    step = _step(NEAR * cells["depth"][row])
    sums = {name: np.where(home > 0, of_step(cells[name][row], step), 0) for name in ("sagged", "sag")}
    return {"back": np.maximum(cells["back"][row], home)} | {
        name: np.repeat(own[:, None], len(STEPS), axis=1) for name, own in sums.items()
    }


def from_feasts(cells: Columns, rows: np.ndarray, fell: np.ndarray, lost: np.ndarray) -> np.ndarray:
    """When each witness ``fell (n, s)`` [s], `ALWAYS` where it is none, and has ``lost`` so much [0-1]: what did so
    after it had lacked no more than a `FEAST` takes only then, unless another fell sooner."""
    lacked, since = lacked_before(cells, rows, lost)
    feasts = (lacked > 0) & (lacked < FEAST) & (since > fell) & (fell < ALWAYS)
    if not feasts.any():
        return fell
    others = np.where(cells.apart & ~feasts[:, :, None], fell[:, :, None], ALWAYS).min(axis=1)
    return np.where(feasts & (others + SAG >= since), since, fell)
