"""Countries without a series of their own, as their parts are heard: from bin to bin, and who speaks for whom."""

from collections.abc import Iterator, Sequence

import numpy as np

from detectors.base import UNKNOWN, is_low
from pipeline.fusion.cells import Cells
from pipeline.fusion.evidence import Said
from pipeline.fusion.holding import stands, unseen
from pipeline.fusion.parts import Asked, countries
from pipeline.fusion.roll import Frame, Roll
from pipeline.fusion.turns import Turn


def _lately(cells: Cells, spoke: np.ndarray, start: int) -> np.ndarray:
    """Which words of bins that started at ``spoke`` [s] are of so late that what said them is still there."""
    return np.asarray((spoke > 0) & (start - spoke <= cells.settings.used_to))


def of_parts(cells: Cells, roll: Roll, is_open: np.ndarray, said: Said, frame: Frame, signal: int) -> Said:
    """What is said of a frame's countries by their parts in a bin, in which outages are open ``(entities,) bool``; that
    networks said it is noted.

    A signal's networks are not heard where the country's own series or its regions have lately spoken, in whatever
    signal, unless they show the outage that is open: whoever comes in the midst of it does not end it.
    """
    parts, rows, spoke = frame.parts, frame.rows[len(said.state) :], cells["spoke"]
    lent = cells["lent"][rows]
    others = np.where(lent, 0, spoke[rows])
    kept = is_open[rows] & (cells["weight"][rows, signal] > 0) & lent[:, signal]
    kept &= ~unseen(cells, rows, said.start)[:, signal]
    silent = _lately(cells, others, said.start).any(axis=1) & ~kept
    recent = roll.networks(parts.countries, _lately(cells, spoke[:, signal], said.start))
    there = stands(cells, spoke[frame.rows[parts.rows], signal], signal, said.start)
    before = cells["state"][rows, signal]
    since = cells["low_from"][rows, signal]
    long = (since > 0) & (said.start - since >= cells.settings.used_to)
    heard = _kept(cells, is_open, said, frame, signal, there)
    made, theirs = countries(heard, parts, before, cells.settings, there, Asked(recent, silent, kept, long))
    made = _observed(made, said, frame)
    cells["lent"][rows, signal] = theirs | (lent[:, signal] & (made.state == UNKNOWN))
    return made


def _kept(
    cells: Cells, is_open: np.ndarray, said: Said, frame: Frame, signal: int, there: np.ndarray
) -> Said:  # fmt: skip
    """The same, in which a part keeps the word of its open outage while its detector, used to it, says nothing, and one
    that was ``there (m,) bool`` a bin or two before what it had lost, too: no row is no return."""
    at, own = frame.parts.rows, frame.rows[frame.parts.rows]
    mute = is_open[own] & (said.state[at] == UNKNOWN) & (cells["low_from"][own, signal] > 0)
    if not mute.any():
        return said
    state, value = said.state.copy(), said.value.copy()
    state[at[mute]] = cells["state"][own[mute], signal]
    gone = mute & there & np.isnan(value[at])
    value[at[gone]] = said.expected[at[gone]] * cells["ratio"][own[gone], signal]
    return said._replace(state=state, value=value)


def _observed(made: Said, said: Said, frame: Frame) -> Said:
    """The same, in which nothing is known of a country of which no part was observed, whatever each would stand for."""
    parts = frame.parts
    seen = np.bincount(parts.home, said.observed[parts.rows], len(parts.countries)) > 0
    state = np.where(seen, made.state, UNKNOWN).astype(np.int8)
    return made._replace(value=np.where(seen, made.value, np.nan), state=state)


def in_turns(
    turns: Sequence[Turn], frame: Frame, signal: int, cells: Cells, roll: Roll
) -> Iterator[tuple[np.ndarray, ...]]:
    """What each turn's parts say of their countries while none `may_be_low`: the columns of `Said` from value on, and
    whose networks said it."""
    parts, rows = frame.parts, frame.rows[frame.parts.rows]
    before, none = np.zeros(len(parts.countries), np.int8), np.zeros(len(parts.countries), bool)
    spoke = cells["spoke"][:, signal].copy()
    for turn in turns:
        said = turn.said
        recent = roll.networks(parts.countries, _lately(cells, spoke, said.start))
        there = stands(cells, spoke[rows], signal, said.start)
        made, theirs = countries(said, parts, before, cells.settings, there, Asked(recent, none, none, none))
        yield *_observed(made, said, frame)[3:], theirs
        spoke[rows] = np.where(said.state[parts.rows] != UNKNOWN, said.start, spoke[rows])


def may_be_low(cells: Cells, roll: Roll, frame: Frame, state: np.ndarray) -> bool:
    """Whether a country may be low by its parts, of ``state (n,)`` in a frame, or others than its networks may speak
    for it."""
    parts, rows = frame.parts, frame.rows[len(state) :]
    if not len(parts.rows):
        return False
    if is_low(state[parts.rows]).any():
        return True
    asked = np.flatnonzero(parts.of_networks)
    spoke = (cells["spoke"][rows[asked]] > 0) & ~cells["lent"][rows[asked]]
    return bool(spoke.any()) or any(roll.has_others(parts.countries[i].name) for i in asked.tolist())
