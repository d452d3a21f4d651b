"""Bins whose turn has come, in order of event time, and what those say in which nobody is low."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from pipeline.evidence import BESIDE, Said, is_low
from pipeline.parts import Parts, countries
from pipeline.records import Verdicts
from pipeline.settings import Fusing


class Turn(NamedTuple):
    """Bin ``at`` of a frame, which ends at ``end`` [s]; ``beside``: by a detector beside the first, a further term."""

    verdicts: Verdicts
    at: int
    end: int
    beside: bool = False

    @property
    def signal(self) -> str:
        """The name of its term."""
        return self.verdicts.signal + (BESIDE + self.verdicts.detector if self.beside else "")

    @property
    def said(self) -> Said:
        """What it says."""
        verdicts, i = self.verdicts, self.at
        columns = (getattr(verdicts, name)[i] for name in ("value", "expected", "score", "state", "health"))
        return Said(self.signal, int(verdicts.start[i]), verdicts.entities, *columns)


class Calm(NamedTuple):
    """Bins of one signal for n entities of which none is low; ``start (t,) int64`` [s], others ``(t, n)``, and what the
    ``last`` of them says."""

    start: np.ndarray
    value: np.ndarray
    expected: np.ndarray
    state: np.ndarray
    last: Said

    @classmethod
    def of(cls, turns: Sequence[Turn], parts: Parts, last: Said, settings: Fusing) -> "Calm":
        """These bins of one frame, with those countries behind it that it has only ``parts`` of."""
        verdicts, bins = turns[0].verdicts, [turn.at for turn in turns]
        columns = [verdicts.value[bins], verdicts.expected[bins], verdicts.state[bins]]
        if parts.countries:
            before = np.zeros(len(parts.countries), np.int8)  # no country stays low of which no part is
            whole = [countries(turn.said, parts, before, settings) for turn in turns]
            more = ([said.value for said in whole], [said.expected for said in whole], [said.state for said in whole])
            columns = [np.concatenate([own, np.array(of)], axis=1) for own, of in zip(columns, more, strict=True)]
        value, expected, state = columns
        return cls(verdicts.start[bins], value, expected, state, last)


def with_low(turns: Sequence[Turn]) -> np.ndarray:
    """The places ``(k,) intp`` of the turns in which anybody is low."""
    frames = {id(turn.verdicts): turn.verdicts for turn in turns}
    low = {key: np.any(is_low(verdicts.state), axis=1) for key, verdicts in frames.items()}
    return np.flatnonzero([low[id(turn.verdicts)][turn.at] for turn in turns])


def by_frame(turns: Sequence[Turn]) -> list[list[Turn]]:
    """The turns of each frame, in the order in which the frames come."""
    frames: dict[int, list[Turn]] = {}
    for turn in turns:
        frames.setdefault(id(turn.verdicts), []).append(turn)
    return list(frames.values())
