"""What was expected before an outage: its witnesses are held against that, whatever a detector gets used to."""

import numpy as np

from detectors.base import LOW_CONFIRMED, NORMAL, UNKNOWN, is_low
from pipeline.bins import DAY
from pipeline.cells import Cells
from pipeline.evidence import BESIDE, Said, ratios
from pipeline.returned import MEMORABLE, Returned
from pipeline.settings import Fusing
from pipeline.weekly import Weekly

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

    def hold(self, said: Said, rows: np.ndarray, signal: int, cells: Cells) -> Said:
        """What is said of the entities at ``rows``, with those still down, or down again, whom their detector has got
        used to.

        After ``settings.used_to`` of a confirmed outage a value is down while it lacks ``settings.bottom`` of the most
        that was lost; after ``settings.new_level`` it is the level, but nobody gets used to a country or region that is
        dark.  Where none is down so, ``said`` itself comes back.

        A detector may say nothing for days because it strays too far in an outage: what has again all that was expected
        is back.  One that has got used to next to nothing says nothing more, also of what is back, for days: here it is
        back all the same, and next to nothing is the level in its time.
        """
        held, out = self._held(said, rows, signal, cells), self.out[rows]
        if BESIDE in said.signal or not out.any():
            return held
        deep = out & (self.returned.lost[rows, signal] >= MEMORABLE) & (cells["low_from"][rows, signal] > 0)
        if deep.any():
            least = self.least.at(rows, signal, said.start)
            back = deep & (least > 0) & said.observed & ~is_low(held.state) & (held.state != UNKNOWN)
            now = said.start + cells.widths[signal]
            self.back.append((rows[back], signal, now, said.value[back] / least[back]))
        return held

    def held(self) -> None:
        """All signals that are alike were held: those that are back begin to be remembered, whichever came first."""
        for back in self.back:
            self.returned.begin(*back)
        self.back.clear()

    def _held(self, said: Said, rows: np.ndarray, signal: int, cells: Cells) -> Said:
        """See `hold`."""
        sure, kept = self.out[rows], self.returned.until[rows] > 0
        remembers = kept.any()
        if not (remembers or sure.any()):
            return said
        since, low = cells["low_from"][rows, signal], is_low(said.state)
        lasted = np.where(sure & (since > 0), said.start - since, 0)
        mute = _mute(said) & (lasted > 0)
        late = lasted >= self.settings.used_to - DAY
        if not (remembers or late.any() or mute.any()):  # nobody gets used to it yet
            self._learn(said, rows, signal, low & (lasted > 0))
            return said
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

    def _learn(self, said: Said, rows: np.ndarray, signal: int, learns: np.ndarray) -> None:
        """Learn what was expected of the entities at ``rows``, of which it ``learns (n,) bool``, if anything was."""
        expects = learns & (said.expected > 0)
        if expects.any():
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
