"""Spells in which nobody is out: their bins are taken in at once, as if one had come after the other."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from detectors.base import UNKNOWN
from pipeline.fusion import holding
from pipeline.fusion.cells import Cells
from pipeline.fusion.columns import COUNTED
from pipeline.fusion.evidence import Said, losses, ratios, weights
from pipeline.fusion.roll import Frame, Roll
from pipeline.fusion.turns import Turn
from pipeline.fusion.wholes import in_turns
from pipeline.judge.lasting import latest


class Spell(NamedTuple):
    """Bins of one signal for n entities, while nobody is out: ``places (t,)`` of their turns, their starts ``(t,)`` and
    ends ``(t,)`` [s], what they say, and the weight and ratio of it, ``(t, n)``; ``rows (n,)`` and ``signal``: where
    these stand; ``lent (t, n) bool``: whether networks said it of their country."""

    rows: np.ndarray
    signal: int
    places: np.ndarray
    start: np.ndarray
    end: np.ndarray
    said: Said
    weight: np.ndarray
    ratio: np.ndarray
    lent: np.ndarray

    @classmethod
    def of(
        cls, turns: Sequence[Turn], places: list[int], frame: Frame, signal: int, cells: Cells, roll: Roll
    ) -> "Spell":
        """The bins at these places of the turns, all of one frame, in which no country of parts is low."""
        own = [turns[place] for place in places]
        verdicts, bins = own[0].verdicts, [turn.at for turn in own]
        columns = (getattr(verdicts, name)[bins] for name in ("value", "expected", "score", "state", "health"))
        said = Said(own[0].signal, int(verdicts.start[bins[-1]]), verdicts.entities, *columns)
        lent = np.zeros((len(own), len(frame.rows)), bool)
        if frame.parts.countries:
            *whole, theirs = (np.array(c) for c in zip(*in_turns(own, frame, signal, cells, roll), strict=True))
            lent[:, len(verdicts.entities) :] = theirs
            joined = (np.concatenate(pair, axis=1) for pair in zip(said[3:], whole, strict=True))
            said = Said(said.signal, said.start, said.entities + frame.parts.countries, *joined)
        ends = np.array([turn.end for turn in own], np.int64)
        ratio = ratios(said.value, said.expected)
        at = np.array(places, np.intp)
        weight = weights(said, losses(ratio), cells.says[signal], cells.slow[signal], cells.settings)
        weight = cells.stood(frame.rows, signal, verdicts.start[bins], weight, said.observed)
        return cls(frame.rows, signal, at, verdicts.start[bins], ends, said, weight, ratio, lent)

    def until(self, place: int) -> "Spell":
        """Those before a place."""
        t = int(np.searchsorted(self.places, place))
        said = Said(self.said.signal, int(self.start[t - 1]), self.said.entities, *(a[:t] for a in self.said[3:]))
        return self._replace(
            places=self.places[:t], start=self.start[:t], end=self.end[:t], said=said, weight=self.weight[:t],
            ratio=self.ratio[:t], lent=self.lent[:t],
        )  # fmt: skip


def fold(cells: Cells, spell: Spell) -> None:
    """Put down a spell's bins."""
    said = spell.said
    fresh = cells.noted(spell.rows, spell.signal, spell.start, said.state, spell.weight, spell.ratio, said.observed)
    fresh |= {"score": said.score[-1], "health": said.health[-1], "state": said.state[-1]}
    for name, values in fresh.items():
        cells[name][spell.rows, spell.signal] = values
    lent = cells["lent"][spell.rows, spell.signal]
    cells["lent"][spell.rows, spell.signal] = latest(lent, spell.lent, said.state != UNKNOWN)
    cells.ends[spell.signal] = int(spell.end[-1])


def counted(
    cells: Cells, spells: Sequence[Spell], rows: np.ndarray, ends: np.ndarray, last: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """What counts of the entities at ``rows`` after bins that are alike, ``(k, m, s)``, and of whom there is word in
    them ``(k, m) bool``.

    Parameters
    ----------
    spells
        One of each signal of which a turn is.
    ends, last
        ``(k,)`` when these bins end [s], and the place of the last one's turn.
    """
    k, m, s = len(ends), len(rows), len(cells.signals)
    columns = {name: np.repeat(cells[name][None, rows], k, axis=0) for name in COUNTED}
    ended, word = np.repeat(np.array([cells.ends], np.int64), k, axis=0), np.zeros((k, m), bool)
    for spell in spells:
        after = np.searchsorted(spell.places, last, side="right") - 1
        turns = np.flatnonzero(after >= 0)
        _, listed, own = np.intersect1d(rows, spell.rows, assume_unique=True, return_indices=True)
        to, of = np.ix_(turns, listed, np.array([spell.signal])), np.ix_(after[turns], own)
        back = cells.backs(spell.rows, spell.signal, spell.start, spell.said.state)
        for name, said in (("weight", spell.weight), ("ratio", spell.ratio), ("back", back)):
            columns[name][to] = said[of][..., None]
        if cells.slow[spell.signal]:  # of others nobody asks for how long they have been deep, until an outage is open
            seen = np.where(spell.said.observed[:, own], spell.ratio[:, own], np.nan)
            deepened = cells.deepened(rows[listed], spell.signal, seen)
            for name in deepened.keys() & columns.keys():
                columns[name][to] = deepened[name][after[turns]][..., None]
        ended[turns, spell.signal] = spell.end[after[turns]]
        word[np.ix_(np.searchsorted(last, spell.places), listed)] = True
    now = np.repeat(ends, m)[:, None]
    flat = {name: column.reshape(k * m, s) for name, column in columns.items()}
    ended, is_open = np.repeat(ended, m, axis=0), np.zeros(k * m, bool)
    terms = holding.counted(cells, **flat, ends=ended, now=now, is_open=is_open)
    return terms.reshape(k, m, s), word
