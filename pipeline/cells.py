"""What every signal last said of every entity: one array each, and how long it has been saying so."""

import numpy as np

from detectors.base import DAY, LOW_CONFIRMED, UNKNOWN, is_low
from pipeline.columns import LADDER, Columns
from pipeline.evidence import Said, losses, ratios, strong_ones, weights
from pipeline.lasting import began, latest, most

HALF = 0.5
"""What has lost as much of its traffic for a day or more is out, whatever stands [0-1]."""

SHALLOW = 0.1
"""What is left of a loss, of which an outage that is over explains so much as it took of the bin, or twice that by day,
is no other outage [0-1]."""

OBSERVED = ("seen", "hole_from", "hole_to")
"""Those that say when there were values."""

COUNTED = ("weight", "ratio", "back")
"""Those that say what still counts."""


class Cells(Columns):
    """The evidence of one run in one fusion partition, by entity and signal."""

    def write(self, said: Said, rows: np.ndarray | slice, signal: int, is_open: np.ndarray) -> None:
        """Put a bin down for its entities at ``rows``, ``is_open (n,)`` those with an open outage.

        A witness of an open outage keeps its word while it says nothing.  One that is confirmed low says no less than
        it has said, until its detector lets go: at a plateau nothing shatters.  Where another signal is back to normal
        it does so only while it is at the bottom.  What of a wide bin was in an outage that is over by now is no other.
        """
        over = self["over"][rows, signal]
        explained = ~is_open & is_low(said.state) & (said.start < over)
        if explained.any():
            inside = np.minimum((over - said.start) / self.widths[signal], 1)
            explained &= losses(ratios(said.value, said.expected)) <= 2 * inside + SHALLOW
            said = said._replace(state=np.where(explained, UNKNOWN, said.state).astype(np.int8))
        ratio = ratios(said.value, said.expected)
        lost = losses(ratio)
        weight = weights(said, lost, self.settings)
        bins = (column[None] for column in (said.state, weight, ratio, said.observed))
        fresh = self.noted(rows, signal, np.array([said.start]), *bins)
        fresh |= {"score": said.score, "health": said.health, "state": said.state}
        fresh["since"] = np.where(explained[:, None], 0, fresh["since"])
        seen, short = self["seen"][rows, signal] + self.widths[signal], self.settings.stale * self.widths[signal]
        hole = is_open & said.observed & (seen > self.widths[signal]) & (said.start - seen > short)
        if hole.any():
            fresh["hole_from"] = np.where(hole, seen, self["hole_from"][rows, signal])
            fresh["hole_to"] = np.where(hole, said.start, self["hole_to"][rows, signal])
        sure = (said.state == LOW_CONFIRMED) & is_open
        if sure.any():
            others = [i for i in self.others[signal] if not self._is_stale(i, said.start)]
            contradicted = (self["weight"][rows][:, others] < 0).any(axis=1)
            bottom = lost >= self.settings.bottom * fresh["worst"]
            fresh["weight"] = np.where(sure & (bottom | ~contradicted), fresh["heaviest"], weight)
            fresh["at_bottom"] = np.where(sure & bottom, said.start, self["at_bottom"][rows, signal])
        silent = (said.state == UNKNOWN) & is_open & (self["low_from"][rows, signal] > 0)
        some_silent = silent.any()
        if some_silent:  # one that had been let go is heard again once it is observed
            let_go = silent & said.observed & (self["weight"][rows, signal] == 0)
            self["weight"][rows, signal] = np.where(
                let_go, self["heaviest"][rows, signal], self["weight"][rows, signal]
            )
        for name, values in fresh.items():
            if some_silent and name not in OBSERVED:  # it may be observed, though nothing is said of it
                kept = silent[:, None] if name == "since" else silent
                if name == "ratio" and self.slow[signal]:  # on a holiday it says nothing, and yet expects something
                    kept = silent & np.isnan(ratio)
                values = np.where(kept, self[name][rows, signal], values)
            self[name][rows, signal] = values

    def _is_stale(self, signal: int, now: int) -> bool:
        """Whether what a signal last said says nothing of a moment any more."""
        return now > self.ends[signal] + self.settings.stale * self.widths[signal]

    def noted(
        self, rows: np.ndarray | slice, signal: int, start: np.ndarray, state: np.ndarray, weight: np.ndarray,
        ratio: np.ndarray, observed: np.ndarray,
    ) -> dict[str, np.ndarray]:  # fmt: skip
        """What stands in the columns after bins that start at ``start (t,)`` [s] and say so of the entities at ``rows``
        ``(t, n)``, while none of them is out."""
        low, unknown, lost = is_low(state), state == UNKNOWN, losses(ratio)
        was = {name: self[name][rows, signal] for name in ("low_from", "calm_from", "since", "heaviest", "worst")}
        below, missing = lost[..., None] >= LADDER, np.isnan(ratio)[..., None]
        judged = np.concatenate([self["state"][None, rows, signal], state[:-1]]) != UNKNOWN
        falls = low & ~np.concatenate([was["low_from"][None] > 0, low[:-1]])
        return {
            "weight": weight[-1], "ratio": ratio[-1], "back": self.backs(rows, signal, start, low)[-1],
            "low_from": began(was["low_from"], start, low, ~low),
            "calm_from": began(was["calm_from"], start, ~(low | unknown), low),
            "risen": began(self["risen"][rows, signal], start, ~(low | unknown), state == LOW_CONFIRMED),
            "seen": latest(self["seen"][rows, signal], np.broadcast_to(start[:, None], observed.shape), observed),
            "spoke": latest(self["spoke"][rows, signal], np.broadcast_to(start[:, None], unknown.shape), ~unknown),
            "dated": latest(self["dated"][rows, signal], judged, falls),
            "since": began(was["since"], start, below, ~below & ~missing),
            "heaviest": most(was["heaviest"], weight, low), "worst": most(was["worst"], lost, low),
        }  # fmt: skip

    def backs(self, rows: np.ndarray | slice, signal: int, start: np.ndarray, low: np.ndarray) -> np.ndarray:
        """When each entity was last seen to come back, after each of t bins ``(t, n)`` [s]."""
        if len(low) == 1:  # nothing to look back over
            came = low[0] | (self["low_from"][rows, signal] > 0)
            return np.where(came, np.where(low[0], 0, start[0]), self["back"][rows, signal])[None]
        before = np.concatenate([self["low_from"][None, rows, signal] > 0, low[:-1]])
        at = np.where(low | before, 1 + np.arange(len(low))[:, None], 0)
        came = np.concatenate([self["back"][None, rows, signal], np.where(low, 0, start[:, None])])
        return np.take_along_axis(came, np.maximum.accumulate(at, axis=0), axis=0)

    def terms(self, rows: np.ndarray, now: int, is_open: np.ndarray, sure: np.ndarray) -> np.ndarray:
        """Weights ``(n, s)`` that still count at a moment; ``sure (n,) bool``: of which outages are confirmed."""
        weight, ratio, back = (self[name][rows] for name in COUNTED)
        terms = self.counted(weight, ratio, back, np.array(self.ends, np.int64), now, is_open)
        held = is_open[:, None] & (terms > 0)
        if (gone := held & self.unseen(rows, now)).any():
            gone &= self._lets_go(rows, terms, now)
        gone |= held & ~sure[:, None] & self._mute(rows, now)
        if gone.any():  # for good, until it says something again
            terms = np.where(gone, 0.0, terms)
            self["weight"][rows] = np.where(gone, 0.0, self["weight"][rows])
        return terms

    def unseen(self, rows: np.ndarray, now: int, longer: int = DAY) -> np.ndarray:
        """Which signals have not been observed of the entities at ``rows`` for longer [s], ``(n, s) bool``."""
        return self["seen"][rows] + self.wide + np.maximum(longer, self.settings.stale * self.wide) < now

    def waits(self, rows: np.ndarray, now: int) -> np.ndarray:
        """Of which outages a witness was low when it was last observed, that may be so again: for more than a day and
        less than ``settings.used_to`` nobody knows ``(n,) bool``."""
        low = (self["low_from"][rows] > 0) & strong_ones(self["witness"][rows]) & self.unseen(rows, now)
        return (low & ~self.unseen(rows, now, self.settings.used_to)).any(axis=1)

    def _mute(self, rows: np.ndarray, now: int) -> np.ndarray:
        """Which signals say nothing of the entities at ``rows`` for so long that they hold no suspicion ``(n, s)``."""
        return self["spoke"][rows] + self.wide + self.settings.used_to < now

    def stands(self, spoke: np.ndarray, signal: int, start: int) -> np.ndarray:
        """Whether what a signal said of each in bins that started at ``spoke (n,)`` stands in a later one [s]."""
        return np.asarray((spoke > 0) & (start - spoke <= self.settings.stale * self.widths[signal]))

    def _risen(self, rows: np.ndarray) -> np.ndarray:
        """Which signals of the entities at ``rows`` are back from the bottom of the outage ``(n, s) bool``."""
        at_bottom = self["at_bottom"][rows]
        return (at_bottom > 0) & (self["risen"][rows] > at_bottom)

    def _lets_go(self, rows: np.ndarray, terms: np.ndarray, now: int) -> np.ndarray:
        """Which terms ``(n, s)`` of witnesses that are no longer observed hold no outage: for a day another strong one
        has been back, and says as much of a return; or for six days any strong one has; or anybody says for weeks that
        it stands."""
        risen = self["risen"][rows]
        fell = (terms < 0) & strong_ones(self["witness"][rows]) & self._risen(rows)
        back, long_back = (fell & (risen < now - time) for time in (DAY, self.settings.used_to))
        as_much = self.says <= np.where(back, self.says, -1.0).max(axis=1, keepdims=True)
        stands = (terms < 0) & (risen > 0) & (risen < now - self.settings.new_level)
        long, longer = (self.unseen(rows, now, time) for time in (self.settings.used_to, self.settings.new_level))
        return as_much | (long_back.any(axis=1, keepdims=True) & long) | (stands.any(axis=1, keepdims=True) & longer)

    def counted(
        self, weight: np.ndarray, ratio: np.ndarray, back: np.ndarray, ends: np.ndarray, now: int | np.ndarray,
        is_open: np.ndarray,
    ) -> np.ndarray:  # fmt: skip
        """Weights that still count: a verdict goes stale, the witness of an open outage does not.

        Parameters
        ----------
        weight, ratio, back
            As in `COLUMNS`, ``(n, s)``.
        ends, now
            When the last bin of each signal ended, ``(s,)`` or ``(n, s)``, and the moment, of all or ``(n, 1)`` [s].
        """
        stale = now > ends + self.settings.stale * self.wide
        terms = np.where(stale & ~(is_open[:, None] & (weight > 0)), 0.0, weight)
        for beside, first in self.pairs:
            if not terms[:, beside].any():
                continue
            # where the first detector says nothing, noise is too loud or the past too short for any outage to begin
            mute = ~is_open & (weight[:, first] == 0) & (weight[:, beside] > 0)
            recent = (back[:, first] > 0) & ((now - back)[:, first] <= self.settings.slow_memory)
            remembers = recent & (~is_open | (losses(ratio[:, beside]) < self.settings.full_depth / 2))
            terms[:, beside] = np.where(remembers | mute, 0.0, terms[:, beside])
            # the first detector has got used to what a slower one still remembers
            terms[:, first] = np.where((terms[:, beside] > 0) & (terms[:, first] < 0), 0.0, terms[:, first])
            # where half is gone for a day, what answers from elsewhere says as little against it as routes do
            half = (terms[:, beside] > self.settings.slow_low) & (losses(ratio[:, beside]) >= HALF)
            if half.any():
                terms[half] = np.maximum(terms[half], self.settings.against("bgp"))
        return terms

    def once(self, weight: np.ndarray) -> np.ndarray:
        """Weights ``(n, s)`` for an outage, without those beside a first detector that is low too: it tells better."""
        if self.pairs:
            weight = weight.copy()
            for beside, first in self.pairs:
                weight[weight[:, first] > 0, beside] = 0
        return weight

    def fast(self, witnesses: np.ndarray) -> np.ndarray:
        """Witnesses ``(n, s) bool`` less the slow ones beside others: these tell no moment."""
        return witnesses & (~self.slow | ~(witnesses & ~self.slow).any(axis=1, keepdims=True))

    def loudest(self, terms: np.ndarray) -> np.ndarray:
        """Terms ``(n, s)`` in which a signal says for an outage what the loudest of its detectors does: all of them
        heard the same."""
        if self.pairs:
            terms = terms.copy()
            for beside, first in self.pairs:
                terms[:, beside] = np.maximum(terms[:, beside] - np.maximum(terms[:, first], 0.0), 0.0)
        return terms

    def unreturned(self, rows: np.ndarray, terms: np.ndarray) -> np.ndarray:
        """The terms ``(n, s)`` of confirmed outages, less those that speak too soon of a return.

        While a witness is confirmed low and at the bottom, no signal that would say less of a return than that one is
        heard against it: the routes are back, a service is whitelisted, and still nobody is reached.
        """
        down = (self["state"][rows] == LOW_CONFIRMED) & (terms > 0)
        down &= losses(self["ratio"][rows]) >= self.settings.bottom * self["worst"][rows]
        best = np.where(down, self.says, -1.0).max(axis=1, keepdims=True)
        return np.where((terms < 0) & (self.says <= best), 0.0, terms)

    def after(self, rows: np.ndarray, terms: np.ndarray, onset: np.ndarray) -> np.ndarray:
        """Terms ``(n, s)`` less those against an outage that were seen before its onset ``(n,)`` [s]: they say nothing
        of what stands since."""
        before = self["seen"][rows] + self.wide <= onset[:, None]
        return np.where((terms < 0) & before, 0.0, terms)

    def witnesses(self, rows: np.ndarray, weight: np.ndarray) -> np.ndarray:
        """The heaviest weight ``(n, s)`` of each signal in the open outages at ``rows``, now that it has this one."""
        heaviest = np.maximum(self["witness"][rows], weight)
        self["witness"][rows] = heaviest
        return heaviest

    def recent(self, now: int) -> bool:
        """Whether a bin that ends ``now`` or later [s] can have begun in an outage that is over."""
        return now - max(self.widths, default=0) < self.last_over

    def forget(self, row: int, now: int, end: int) -> None:
        """The outage is over by ``now`` [s]: what is still low, or is so again, began no sooner, and what is no longer
        observed has no word in the next one; ``end``: when it ended, 0 for one that was not confirmed [s]."""
        self["witness"][row] = 0
        self["over"][row] = np.maximum(self["over"][row], end)
        self.last_over = max(self.last_over, end)
        for name in ("low_from", "since"):
            self[name][row] = np.where(self[name][row] > 0, np.maximum(self[name][row], now), 0)
        gone = (self.unseen(np.array([row]), now) | self._mute(np.array([row]), now))[0]
        for name in ("weight", "low_from", "since", "heaviest", "worst"):
            self[name][row, gone] = 0

    def returned(self, rows: np.ndarray, strong: np.ndarray, now: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """When the last of these witnesses ``(n, s)`` returned, left the bottom, or was last observed [s], and the
        widest and narrowest of their bins [s]; 0 as long as none has returned."""
        widths = np.broadcast_to(self.wide, strong.shape)
        widest = np.where(strong, widths, 0).max(axis=1)
        finest = np.where(strong, widths, widest[:, None]).min(axis=1)
        low, calm, at_bottom = self["low_from"][rows], self["calm_from"][rows], self["at_bottom"][rows]
        gone = (low > 0) & strong & self.unseen(rows, now)
        if gone.any():  # long ago: passing lows since then are none of it
            calm = np.where(gone.any(axis=1, keepdims=True) & self._risen(rows), self["risen"][rows], calm)
        last = self._unhidden(rows, strong, np.where(gone, self["seen"][rows] + widths, calm))
        # what is low by a little lies behind others
        still = np.where((low > 0) & (at_bottom >= low), at_bottom + widths, 0)
        ends = np.where(strong, last, 0).max(axis=1)
        return np.where(ends > 0, np.maximum(ends, np.where(strong, still, 0).max(axis=1)), 0), widest, finest

    def _unhidden(self, rows: np.ndarray, strong: np.ndarray, last: np.ndarray) -> np.ndarray:
        """When each of the ``strong`` witnesses ``(n, s)`` returned, as far as is known.  One whose ``last (n, s)`` was
        its first bin after a hole was back by then: sooner, if another says so that tells as much of a return."""
        hidden = strong & (last > 0) & (last == self["hole_to"][rows])
        if not hidden.any():
            return last
        told = np.where(strong & ~hidden & (last > 0), self.says, -1.0).max(axis=1, keepdims=True)
        return np.where(hidden & (self.says <= told), self["hole_from"][rows], last)

    def begun(self, rows: np.ndarray, strong: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """When the first of these witnesses ``(n, s)`` fell ``(n,)`` [s], and whether it was judged just before."""
        onsets = np.where(strong, np.maximum(self.onsets(rows), self["over"][rows]), 2**62)
        return onsets.min(axis=1), self["dated"][rows, onsets.argmin(axis=1)]

    def onsets(self, rows: np.ndarray) -> np.ndarray:
        """Since when each signal has been down ``(n, s) int64`` [s]: looked back for from how deep it is now.

        A sag of a few percent that lasts a day before is not yet what is going on now.
        """
        lost = losses(self["ratio"][rows])
        step = np.maximum(np.searchsorted(LADDER, lost / 2, side="right") - 1, 0)
        since = self["since"][rows[:, None], np.arange(len(self.signals)), step]
        return np.where(since > 0, since, self["low_from"][rows])
