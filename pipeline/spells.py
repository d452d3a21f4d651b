"""Spells in which nobody is out: their bins are taken in at once, as if one had come after the other."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from detectors.base import UNKNOWN
from pipeline.cells import COUNTED, LADDER, Cells
from pipeline.evidence import Said, is_low, losses, ratios, weights
from pipeline.parts import countries
from pipeline.roll import Frame
from pipeline.settings import Fusing
from pipeline.turns import Turn


class Spell(NamedTuple):
    """Bins of one signal for n entities, while nobody is out: ``places (t,)`` of their turns, their starts ``(t,)`` and
    ends ``(t,)`` [s], what they say, and the weight and ratio of it, ``(t, n)``; ``rows (n,)`` and ``signal``: where
    these stand."""

    rows: np.ndarray
    signal: int
    places: np.ndarray
    start: np.ndarray
    end: np.ndarray
    said: Said
    weight: np.ndarray
    ratio: np.ndarray

    @classmethod
    def of(cls, turns: Sequence[Turn], places: list[int], frame: Frame, signal: int, settings: Fusing) -> "Spell":
        """The bins at these places of the turns, all of one frame, in which no country of parts is low."""
        own = [turns[place] for place in places]
        verdicts, bins = own[0].verdicts, [turn.at for turn in own]
        columns = (getattr(verdicts, name)[bins] for name in ("value", "expected", "score", "state", "health"))
        said = Said(own[0].signal, int(verdicts.start[bins[-1]]), verdicts.entities, *columns)
        if frame.parts.countries:
            before = np.zeros(len(frame.parts.countries), np.int8)  # no country stays low of which no part is
            each = [countries(turn.said, frame.parts, before, settings)[3:] for turn in own]
            whole = (np.array(column) for column in zip(*each, strict=True))
            joined = (np.concatenate(pair, axis=1) for pair in zip(said[3:], whole, strict=True))
            said = Said(said.signal, said.start, said.entities + frame.parts.countries, *joined)
        ends = np.array([turn.end for turn in own], np.int64)
        ratio = ratios(said.value, said.expected)
        at = np.array(places, np.intp)
        return cls(frame.rows, signal, at, verdicts.start[bins], ends, said, weights(said, settings), ratio)

    def until(self, place: int) -> "Spell":
        """Those before a place."""
        t = int(np.searchsorted(self.places, place))
        said = Said(self.said.signal, int(self.start[t - 1]), self.said.entities, *(a[:t] for a in self.said[3:]))
        return self._replace(
            places=self.places[:t], start=self.start[:t], end=self.end[:t], said=said, weight=self.weight[:t],
            ratio=self.ratio[:t],
        )  # fmt: skip


def fold(cells: Cells, spell: Spell) -> None:
    """Put down a spell's bins: what `Cells.write` puts down of one bin after the other while nobody is out."""
    start, low, unknown = spell.start, is_low(spell.said.state), spell.said.state == UNKNOWN
    lost, missing, place = losses(spell.ratio), np.isnan(spell.ratio), (spell.rows, spell.signal)
    since = cells["since"][place]
    for step, least in enumerate(LADDER):
        below = lost >= least
        since[:, step] = began(since[:, step], start, below, ~below & ~missing)
    fresh: dict[str, Any] = {
        "weight": spell.weight[-1], "ratio": spell.ratio[-1], "score": spell.said.score[-1],
        "health": spell.said.health[-1], "state": spell.said.state[-1], "since": since,
        "heaviest": most(cells["heaviest"][place], spell.weight, low), "worst": most(cells["worst"][place], lost, low),
        "back": backs(cells, spell)[-1], "low_from": began(cells["low_from"][place], start, low, ~low),
        "calm_from": began(cells["calm_from"][place], start, ~(low | unknown), low | unknown),
    }  # fmt: skip
    for name, values in fresh.items():
        cells[name][place] = values
    cells.ends[spell.signal] = int(spell.end[-1])


def backs(cells: Cells, spell: Spell) -> np.ndarray:
    """When each entity was last seen to come back, after each of a spell's bins ``(t, n)`` [s]."""
    low, rows, signal = is_low(spell.said.state), spell.rows, spell.signal
    before = np.concatenate([cells["low_from"][None, rows, signal] > 0, low[:-1]])
    at = np.where(low | before, 1 + np.arange(len(low))[:, None], 0)
    came = np.concatenate([cells["back"][None, rows, signal], np.where(low, 0, spell.start[:, None])])
    return np.take_along_axis(came, np.maximum.accumulate(at, axis=0), axis=0)


def counted(cells: Cells, spells: Sequence[Spell], rows: np.ndarray, ends: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What counts of the entities at ``rows (m,)`` after each turn, ``(k, m, s)``, and of whom there is word in it
    ``(k, m) bool``.

    Parameters
    ----------
    spells
        One of each signal of which a turn is.
    ends
        ``(k,)`` when each turn's bin ends [s].
    """
    k, m, s = len(ends), len(rows), len(cells.signals)
    columns = [np.repeat(cells[name][None, rows], k, axis=0) for name in COUNTED]
    last, word = np.repeat(np.array([cells.ends], np.int64), k, axis=0), np.zeros((k, m), bool)
    for spell in spells:
        after = np.searchsorted(spell.places, np.arange(k), side="right") - 1
        turns = np.flatnonzero(after >= 0)
        _, listed, own = np.intersect1d(rows, spell.rows, assume_unique=True, return_indices=True)
        to, of = np.ix_(turns, listed, np.array([spell.signal])), np.ix_(after[turns], own)
        for column, values in zip(columns, (spell.weight, spell.ratio, backs(cells, spell)), strict=True):
            column[to] = values[of][..., None]
        last[turns, spell.signal] = spell.end[after[turns]]
        word[np.ix_(spell.places, listed)] = True
    weight, ratio, back = (column.reshape(k * m, s) for column in columns)
    now = np.repeat(ends, m)[:, None]
    terms = cells.counted(weight, ratio, back, np.repeat(last, m, axis=0), now, np.zeros(k * m, bool))
    return terms.reshape(k, m, s), word


def began(was: np.ndarray, start: np.ndarray, holds: np.ndarray, breaks: np.ndarray) -> np.ndarray:
    """Since when something holds ``(n,)`` [s], 0 where it does not; it lasts through bins that say neither.

    Parameters
    ----------
    was
        ``(n,)`` since when it had held before, 0 where it had not [s].
    start
        ``(t,) int64`` starts of the bins [s].
    holds, breaks
        ``(t, n) bool``, never both.

    Examples
    --------
    >>> holds = np.array([[True, True, False, True], [True, False, False, False], [True, True, True, False]])
    >>> breaks = np.array([[False, False, True, False], [False, True, False, False], [False, False, False, False]])
    >>> began(np.array([100, 100, 100, 0]), np.array([300, 600, 900]), holds, breaks).tolist()
    [100, 900, 900, 300]
    """
    broken, held = _at_last(holds, breaks)
    fresh = np.where(held.any(axis=0), start[np.argmax(held, axis=0)], 0)
    return np.where((was > 0) & ~broken, was, fresh)


def most(was: np.ndarray, values: np.ndarray, holds: np.ndarray) -> np.ndarray:
    """The largest value ``(n,)`` since something holds, and what it was before if that lasts; 0 where it does not.

    Examples
    --------
    >>> holds = np.array([[True, True], [True, False], [True, True]])
    >>> most(np.array([7.0, 7.0]), np.array([[2.0, 9.0], [3.0, 0.0], [1.0, 4.0]]), holds).tolist()
    [7.0, 4.0]
    """
    broken, held = _at_last(holds, ~holds)
    return np.maximum(np.where(held, values, 0).max(axis=0), np.where(broken, 0, was))


def _at_last(holds: np.ndarray, breaks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where anything breaks it ``(n,)``, and where it holds after the last time ``(t, n)``."""
    broken = breaks.any(axis=0)
    after = np.where(broken, len(breaks) - np.argmax(breaks[::-1], axis=0), 0)
    return np.asarray(broken), holds & (np.arange(len(breaks))[:, None] >= after)
