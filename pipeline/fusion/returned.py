"""Outages that lasted until a detector got used to them: for days after their return it does not see the next one."""

import numpy as np

from detectors.base import DAY, LOW_CONFIRMED, LOW_PROVISIONAL, UNKNOWN, is_low
from pipeline.fusion.evidence import BESIDE, Said
from pipeline.settings import Fusing

SAVED = ("until", "begun", "lost", "score", "peak")

MEMORABLE = 0.47
"""What had lost less is left to its detectors: half of it is within what a day goes up and down [0-1]."""


class Returned:
    """What is remembered of such outages.

    ``until (entities,) int64``: when their detector has got used to the return [s], 0 where there is none to remember;
    ``begun (entities,) bool``: whether the return began in the outage that is open.
    By signal, ``(entities, signals) float32``: ``lost`` in the last day or so of it, and ``peak``, the most that came
    back, as shares of the least that was expected before [0-1]; and ``score``, what was last said of it in the outage.
    """

    def __init__(self, settings: Fusing) -> None:
        self.settings = settings
        self.lost, self.score, self.peak = (np.zeros((0, 0), np.float32) for _ in range(3))
        self.until, self.begun = np.zeros(0, np.int64), np.zeros(0, bool)

    def grow(self, entities: int, signals: int) -> None:
        """Room for new entities and signals."""
        n, s = self.lost.shape
        self.until, self.begun = (np.pad(a, (0, entities - n)) for a in (self.until, self.begun))
        more = ((0, entities - n), (0, signals - s))
        self.lost, self.score, self.peak = (np.pad(a, more) for a in (self.lost, self.score, self.peak))

    def any(self) -> bool:
        """Whether there is an outage to remember."""
        return bool(self.until.any())

    def known(self) -> np.ndarray:
        """Of which entities there is a word ``(entities,) bool``."""
        return (self.until > 0) | self.lost.any(axis=1)

    def note(self, rows: np.ndarray, signal: int, share: np.ndarray, score: np.ndarray, width: int) -> None:
        """What is left to the entities at ``rows`` that are out, as a ``share (n,)`` of the least that was expected
        [0-1], NaN of all others; what was said of them, and how wide the bin is [s]."""
        lost, known = self.lost[rows, signal], share >= 0
        loss = np.maximum(1 - share, 0)
        smooth = np.where(lost > 0, lost + min(1, width / DAY) * (loss - lost), loss)
        self.lost[rows, signal] = np.where(known, smooth, lost)
        self.score[rows, signal] = np.where(known, score, self.score[rows, signal])

    def was_deep(self, row: int) -> bool:
        """Whether the outage was one that is remembered."""
        return bool((self.lost[row] >= MEMORABLE).any())

    def begin(self, rows: np.ndarray, signal: int, now: int, share: np.ndarray) -> None:
        """A signal of those at ``rows``, whose outage is open, shows a ``share (n,)`` again of the least that was
        expected [0-1]: it may be one good bin."""
        new = rows[self.until[rows] == 0]
        self.peak[new], self.begun[new] = 0, True
        self.until[new] = now + self.settings.used_to
        own = self.begun[rows] & (share >= 0)
        self.peak[rows[own], signal] = np.maximum(self.peak[rows[own], signal], np.minimum(share[own], 1))

    def keep(self, row: int, now: int) -> None:
        """The outage is over by ``now`` [s]: what came back in it is known, not what did after one before."""
        if not self.begun[row]:
            self.peak[row] = 0
        self.until[row], self.begun[row] = now + self.settings.used_to, False

    def forget(self, row: int) -> None:
        """It is remembered no more."""
        for column in (self.until, self.begun, self.lost, self.score, self.peak):
            column[row] = 0

    def hold(self, said: Said, rows: np.ndarray, signal: int, least: np.ndarray, was_low: np.ndarray) -> Said:
        """What is said of the entities at ``rows``, none of them out, with those that are down again.

        Parameters
        ----------
        least
            The least that was expected before the outage in this hour, in the unit of the signal, 0 where that is not
            known, or where nothing is to be remembered of it ``(n,)``.
        was_low
            Which were low in the bin before ``(n,) bool``: two bins in a row confirm.

        Notes
        -----
        What its detector expects and does not find low is not: it may be loud.  Where it does, it may have seen too
        few days of the return to be sure of it.
        """
        seen = (least > 0) & said.observed
        if BESIDE in said.signal or not seen.any():
            return said
        with np.errstate(all="ignore"):
            back = np.where(seen, np.minimum(said.value / least, 1), 0)
        self.peak[rows, signal] = np.maximum(self.peak[rows, signal], back)
        bottom = self.bottom(rows, signal, least)
        down = seen & (said.value < bottom) & (is_low(said.state) | (said.state == UNKNOWN) | (said.expected < bottom))
        if not down.any():
            return said
        sure = was_low | (said.state == LOW_CONFIRMED)
        state = np.where(down, np.where(sure, LOW_CONFIRMED, LOW_PROVISIONAL), said.state).astype(np.int8)
        expected = np.where(down & ~(said.expected >= bottom), least, said.expected)
        score = np.where(down, np.fmin(said.score, self.score[rows, signal]), said.score)
        return said._replace(expected=expected, score=score, state=state)

    def bottom(self, rows: np.ndarray, signal: int, least: np.ndarray) -> np.ndarray:
        """Below which the entities at ``rows`` are down again ``(n,)`` [unit of the signal]: they have lost
        ``settings.bottom`` of what had come back, and as much had; what never came back has not gone again."""
        lost, peak = self.lost[rows, signal], self.peak[rows, signal]
        came = peak - (1 - lost)
        returned = (lost >= MEMORABLE) & (came >= self.settings.bottom * lost)
        return np.where(returned, (peak - self.settings.bottom * came) * least, 0)

    def save(self, rows: np.ndarray) -> dict[str, np.ndarray]:
        """Arrays: of these rows, which are all that there are."""
        return {f"returned_{name}": getattr(self, name)[rows] for name in SAVED}

    def load(self, rows: np.ndarray, arrays: dict[str, np.ndarray]) -> None:
        """Take over what was saved; there is room for it."""
        for name in SAVED:
            getattr(self, name)[rows] = arrays[f"returned_{name}"]
