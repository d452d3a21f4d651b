"""What was expected before an outage: its witnesses are held against that, whatever a detector gets used to."""

from collections.abc import Sequence

import numpy as np

from detectors.base import LOW_CONFIRMED, NORMAL, UNKNOWN, is_low
from pipeline.bins import DAY
from pipeline.fusion.cells import Cells
from pipeline.fusion.evidence import BESIDE, Said, ratios
from pipeline.fusion.returned import MEMORABLE, Returned
from pipeline.fusion.weekly import Weekly
from pipeline.settings import Fusing

DARK = 0.1
"""A country or region that has no more than this share of what was expected is dark, for however long [0-1]."""


WHOLE = 0.9
"""Of the least that was expected so much is all of it, but for noise [0-1]."""


class Usual:
    """What was expected before a confirmed outage that goes on, and before those that are over and remembered.

    ``least``: the least that was expected, learnt as long as no detector gets used to a low level.  ``returned``: the
    outages that are over, or have begun to be, and to which a detector had got used; ``out (entities,) bool``: whose
    confirmed outage is open; ``back``: returns that begin with the bins that are being held.
    """

    def __init__(self, settings: Fusing) -> None:
        self.settings = settings
        self.least = Weekly()
        self.returned = Returned(settings)
        self.out = np.zeros(0, bool)
        self.back: list[tuple[np.ndarray, int, int, np.ndarray]] = []

    def grow(self, entities: int, signals: int) -> None:
        """Room for new entities and signals."""
        if self.returned.lost.shape != (entities, signals):
            self.least.grow(entities, signals)
            self.returned.grow(entities, signals)
            self.out = np.pad(self.out, (0, entities - len(self.out)))

    def hold(self, each: Sequence[Said], rows: np.ndarray, signals: Sequence[int], cells: Cells) -> list[Said]:
        """What signals say of the entities at ``rows`` in bins that begin and end together, with those still down, or
        down again, whom their detector has got used to.

        After ``settings.used_to`` of a confirmed outage a value is down while it lacks ``settings.bottom`` of the most
        that was lost; after ``settings.new_level`` it is the level, but nobody gets used to a country or region that is
        dark.  Where none is down so, what is said itself comes back.

        A detector may say nothing for days because it strays too far in an outage: what has again all that was expected
        is back.  One that has got used to next to nothing says nothing more, also of what is back, for days: here it is
        back all the same, and next to nothing is the level in its time.
        """
        sure, kept = self.out[rows], self.returned.until[rows] > 0
        if not (sure.any() or kept.any()):
            return list(each)
        start, at = each[0].start, np.ix_(rows, np.array(signals))
        since, state = cells["low_from"][at], np.stack([said.state for said in each], axis=1)
        first = np.array([BESIDE not in said.signal for said in each])
        lasted = np.where(sure[:, None] & (since > 0), start - since, 0)
        late, mute = lasted >= self.settings.used_to - DAY, (state == UNKNOWN) & first & (lasted > 0)
        learns = is_low(state) & (lasted > 0)
        calm = ~(late | mute).any(axis=0) & ~kept.any()  # nobody gets used to it yet
        told = []
        for i, (said, signal) in enumerate(zip(each, signals, strict=True)):
            if calm[i]:
                self._learn(said, rows, signal, learns[:, i])
                told.append(said)
            else:
                told.append(self._held(said, rows, signal, cells, since[:, i], lasted[:, i]))
        lost = self.returned.lost[at]
        deep = sure[:, None] & first & (lost >= MEMORABLE) & (since > 0)
        for i in np.flatnonzero(deep.any(axis=0)).tolist():
            held, signal = told[i], signals[i]
            least = self.least.at(rows, signal, start)
            back = deep[:, i] & (least > 0) & each[i].observed & ~is_low(held.state) & (held.state != UNKNOWN)
            now = start + cells.widths[signal]
            self.back.append((rows[back], signal, now, each[i].value[back] / least[back]))
        for i in np.flatnonzero((sunk := sure[:, None] & (lost > 0)).any(axis=0)).tolist():
            told[i] = self._beside(told[i], rows, signals[i], sunk[:, i])
        return told

    def held(self) -> None:
        """All signals that are alike were held: those that are back begin to be remembered, whichever came first."""
        for back in self.back:
            self.returned.begin(*back)
        self.back.clear()

    def _held(
        self, said: Said, rows: np.ndarray, signal: int, cells: Cells, since: np.ndarray, lasted: np.ndarray
    ) -> Said:  # fmt: skip
        """See `hold`; ``since (n,)`` [s] each is low, and how long it has ``lasted (n,)`` where it is out [s]."""
        sure, kept, low = self.out[rows], self.returned.until[rows] > 0, is_low(said.state)
        remembers, late = kept.any(), lasted >= self.settings.used_to - DAY
        least = self.least.at(rows, signal, said.start)
        if remembers:
            again = self.returned.hold(said, rows, signal, np.where(kept & (~sure | (since == 0)), least, 0), since > 0)
            anew = is_low(again.state) & ~low & (since == 0)
            cells["since"][rows[anew], signal] = 0  # what had come back in part was not lost before now
            said, low = again, is_low(again.state)
        worst, score = cells["worst"][rows, signal], cells["score"][rows, signal]
        learns, long = low & (lasted > 0) & ~kept, lasted >= self.settings.used_to
        if (learns & long).any():  # then only in hours that nobody has seen since the onset
            learns &= ~long | self.least.unknown(rows, signal, said.start)
        self._learn(said, rows, signal, learns)
        if late.any():
            share = ratios(said.value, np.where(late, least, 0))
            self.returned.note(rows, signal, share, score, cells.widths[signal])
        used = (least > 0) & (lasted > 0) & (kept | long)
        level = lasted >= self.settings.new_level
        mute = _mute(said)  # also of what is remembered: that may have another word by now
        unsaid = mute & (least > 0) & (lasted > 0)
        if not (used | unsaid).any():
            return said
        if level.any():
            places = np.array([entity.type in ("country", "region") for entity in said.entities])
            level &= ~(places & (said.value <= DARK * least))
        lost = self.returned.lost[rows, signal]  # of the least, as the value is held against it
        bottom = least * (1 - self.settings.bottom * np.where(lost > 0, np.minimum(worst, lost), worst))
        if remembers:
            bottom = np.where(kept & ~long, self.returned.bottom(rows, signal, least), bottom)
        # what has nearly all again is left to its detectors: what it lacks is within what a day goes up and down
        used = used & ~((lost > 0) & (lost < MEMORABLE / 2) & (lost < self.settings.bottom * worst) & ~kept)
        down = said.value < bottom
        down &= used & ~level
        expects_little = used & mute & (said.expected < bottom)
        back = said.observed & ~down & (expects_little | (unsaid & (said.value >= WHOLE * least)))
        down &= ~low
        judged = said.state != UNKNOWN  # of nothing expected a detector says nothing: it is shown beside what was
        if not (down | back).any():
            return said
        state = np.where(down & judged, LOW_CONFIRMED, np.where(back, NORMAL, said.state)).astype(np.int8)
        expected = np.where(down | (back & ~level), least, said.expected)
        return said._replace(expected=expected, score=np.where(down, score, said.score), state=state)

    def _beside(self, said: Said, rows: np.ndarray, signal: int, sunk: np.ndarray) -> Said:
        """The same, beside the least that was expected before where what is expected has ``sunk (n,) bool`` since: that
        is the usual until the outage is over, for what is back too."""
        least = self.least.at(rows, signal, said.start)
        sunk = sunk & ~(said.expected.astype(np.float32) >= least)  # as it was learnt
        return said._replace(expected=np.where(sunk & (least > 0), least, said.expected)) if sunk.any() else said

    def _learn(self, said: Said, rows: np.ndarray, signal: int, learns: np.ndarray) -> None:
        """Learn what was expected of the entities at ``rows``, of which it ``learns (n,) bool``, if anything was."""
        if learns.any() and (expects := learns & (said.expected > 0)).any():
            self.least.learn(rows[expects], signal, said.start, said.expected[expects])

    def end(self, row: int, lasted: int, now: int) -> None:
        """A confirmed outage is over by ``now`` after it has ``lasted`` [s]."""
        if self.returned.until[row] or (lasted >= self.settings.used_to and self.returned.was_deep(row)):
            self.returned.keep(row, now)
        else:
            self._forget(row)

    def lapse(self, now: int, is_open: np.ndarray) -> None:
        """Forget what was remembered long enough by ``now`` [s], but of those that are out ``(entities,) bool``."""
        for row in np.flatnonzero((self.returned.until > 0) & (self.returned.until <= now) & ~is_open).tolist():
            self._forget(row)

    def _forget(self, row: int) -> None:
        self.least.forget(row)
        self.returned.forget(row)

    def save(self) -> dict[str, np.ndarray]:
        """Arrays: of those in an outage only, or in one that is remembered."""
        rows = np.flatnonzero(self.least.known() | self.returned.known())
        return {"usual_rows": rows, "usual_least": self.least.save(rows), **self.returned.save(rows)}

    def load(self, arrays: dict[str, np.ndarray]) -> None:
        """Take over what was saved; there is room for it."""
        self.least.load(arrays["usual_rows"], arrays["usual_least"])
        self.returned.load(arrays["usual_rows"], arrays)


def _mute(said: Said) -> np.ndarray:
    """Of whom a first detector says nothing ``(n,) bool``; one beside it does so on holidays, and of single bins."""
    return np.asarray((said.state == UNKNOWN) & (BESIDE not in said.signal))
