"""What every signal last said of every entity: one array each, and how long it has been saying so."""

from typing import Any

import numpy as np

from detectors.base import DAY, LOW_CONFIRMED, UNKNOWN, is_low
from pipeline.evidence import BESIDE, Said, kind_of, losses, ratios, weights
from pipeline.lasting import began, latest, most
from pipeline.settings import Fusing

LADDER = np.array([0.01, 0.02, 0.04, 0.08, 0.16, 0.32])
"""Losses since when is noted [0-1]: an onset is looked back for on the step that is a quarter to a half of the loss."""

COLUMNS = {
    "weight": (np.float64, ()), "ratio": (np.float64, ()), "score": (np.float64, ()), "health": (np.float64, ()),
    "state": (np.int8, ()), "low_from": (np.int64, ()), "calm_from": (np.int64, ()), "back": (np.int64, ()),
    "seen": (np.int64, ()), "since": (np.int64, LADDER.shape),
    "heaviest": (np.float64, ()), "worst": (np.float64, ()), "witness": (np.float64, ()),
}  # fmt: skip
"""One ``(entities, signals)`` array each: the term's weight, what it rests on, when the signal fell, since when it is
calm, when it last came back and was last observed [s], since when it has lost each share of `LADDER` [s], its heaviest
weight and largest loss while it is low, and its heaviest weight in the outage that is open."""


HALF = 0.5
"""What has lost as much of its traffic for a day or more is out, whatever stands [0-1]."""

COUNTED = ("weight", "ratio", "back")
"""Those that say what still counts."""


class Cells:
    """The evidence of one run in one fusion partition, by entity and signal."""

    def __init__(self, settings: Fusing) -> None:
        self.settings = settings
        self.signals: list[str] = []
        self.ends: list[int] = []
        self.widths: list[int] = []
        self._relate()
        self.columns = {name: np.zeros((0, 0, *more), dtype) for name, (dtype, more) in COLUMNS.items()}

    def __getitem__(self, name: str) -> np.ndarray:
        return self.columns[name]

    def signal(self, name: str, width: int) -> int:
        """The place of a signal; one that is new gets one."""
        if name not in self.signals:
            self.signals.append(name)
            self.ends.append(0)
            self.widths.append(width)
            self._relate()
            self.grow(len(self["weight"]))
        return self.signals.index(name)

    def _relate(self) -> None:
        """How the signals stand to one another: ``pairs`` of the place of each detector beside a first one and of that;
        ``slow (s,) bool``: which are such; ``others``: of each the places of all but those of any detector of it."""
        names = [signal.partition(BESIDE)[0] for signal in self.signals]
        firsts = {signal: i for i, signal in enumerate(self.signals)}
        self.slow = np.array([BESIDE in signal for signal in self.signals], bool)
        self.pairs = [(i, firsts[name]) for i, name in enumerate(names) if self.slow[i] and name in firsts]
        self.others = [[i for i, other in enumerate(names) if other != name] for name in names]

    def grow(self, entities: int) -> None:
        """Room for new entities and signals."""
        shape = (entities, len(self.signals))
        if self["weight"].shape == shape:
            return
        for name, column in self.columns.items():
            wider = np.zeros((*shape, *column.shape[2:]), column.dtype)
            wider[: column.shape[0], : column.shape[1]] = column
            self.columns[name] = wider

    def write(self, said: Said, rows: np.ndarray | slice, signal: int, is_open: np.ndarray) -> None:
        """Put a bin down for its entities at ``rows``, ``is_open (n,)`` those with an open outage.

        A witness of an open outage keeps its word while it says nothing.  One that is confirmed low says no less than
        it has said, until its detector lets go: at a plateau nothing shatters.  Where another signal is back to normal
        it does so only while it is at the bottom.
        """
        ratio = ratios(said.value, said.expected)
        lost = losses(ratio)
        weight = weights(said, lost, self.settings)
        bins = (column[None] for column in (said.state, weight, ratio, said.observed))
        fresh = self.noted(rows, signal, np.array([said.start]), *bins)
        fresh |= {"score": said.score, "health": said.health, "state": said.state}
        sure = (said.state == LOW_CONFIRMED) & is_open
        if sure.any():
            contradicted = (self["weight"][rows][:, self.others[signal]] < 0).any(axis=1)
            holds = sure & ((lost >= self.settings.bottom * fresh["worst"]) | ~contradicted)
            fresh["weight"] = np.where(holds, fresh["heaviest"], weight)
        silent = (said.state == UNKNOWN) & is_open & (self["low_from"][rows, signal] > 0)
        some_silent = silent.any()
        for name, values in fresh.items():
            if some_silent and name != "seen":  # it may be observed, though nothing is said of it
                kept = silent[:, None] if name == "since" else silent
                if name == "ratio" and self.slow[signal]:  # on a holiday it says nothing, and yet expects something
                    kept = silent & np.isnan(ratio)
                values = np.where(kept, self[name][rows, signal], values)
            self[name][rows, signal] = values

    def noted(
        self, rows: np.ndarray | slice, signal: int, start: np.ndarray, state: np.ndarray, weight: np.ndarray,
        ratio: np.ndarray, observed: np.ndarray,
    ) -> dict[str, np.ndarray]:  # fmt: skip
        """What stands in the columns after bins that start at ``start (t,)`` [s] and say so of the entities at ``rows``
        ``(t, n)``, while none of them is out."""
        low, unknown, lost = is_low(state), state == UNKNOWN, losses(ratio)
        was = {name: self[name][rows, signal] for name in ("low_from", "calm_from", "since", "heaviest", "worst")}
        below, missing = lost[..., None] >= LADDER, np.isnan(ratio)[..., None]
        return {
            "weight": weight[-1], "ratio": ratio[-1], "back": self.backs(rows, signal, start, low)[-1],
            "low_from": began(was["low_from"], start, low, ~low),
            "calm_from": began(was["calm_from"], start, ~(low | unknown), low | unknown),
            "seen": latest(self["seen"][rows, signal], np.broadcast_to(start[:, None], observed.shape), observed),
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

    def terms(self, rows: np.ndarray, now: int, is_open: np.ndarray) -> np.ndarray:
        """Weights ``(n, s)`` that still count at a moment."""
        weight, ratio, back = (self[name][rows] for name in COUNTED)
        terms = self.counted(weight, ratio, back, np.array(self.ends, np.int64), now, is_open)
        unseen = is_open[:, None] & (terms > 0) & self.unseen(rows, now)
        return np.where(unseen & self._lets_go(rows, terms, now), 0.0, terms) if unseen.any() else terms

    def unseen(self, rows: np.ndarray, now: int, longer: int = DAY) -> np.ndarray:
        """Which signals have not been observed of the entities at ``rows`` for longer [s], ``(n, s) bool``."""
        widths = np.array(self.widths, np.int64)
        return self["seen"][rows] + widths + np.maximum(longer, self.settings.stale * widths) < now

    def _lets_go(self, rows: np.ndarray, terms: np.ndarray, now: int) -> np.ndarray:
        """Which terms ``(n, s)`` of witnesses that are no longer observed hold no outage: for a day another that was
        out has been back, and says as much of a return; or anybody says for weeks that it stands."""
        says = np.array([-self.settings.against(kind_of(signal)) for signal in self.signals])
        calm = self["calm_from"][rows]
        back = (terms < 0) & (self["witness"][rows] > 0) & (calm > 0) & (calm < now - DAY)
        as_much = says <= np.where(back, says, -1.0).max(axis=1, keepdims=True)
        stands = (terms < 0).any(axis=1, keepdims=True)
        return as_much | (stands & self.unseen(rows, now, self.settings.new_level))

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
        stale = now > ends + self.settings.stale * np.array(self.widths, np.int64)
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
        says = np.array([-self.settings.against(kind_of(signal)) for signal in self.signals])
        down = (self["state"][rows] == LOW_CONFIRMED) & (terms > 0)
        down &= losses(self["ratio"][rows]) >= self.settings.bottom * self["worst"][rows]
        best = np.where(down, says, -1.0).max(axis=1, keepdims=True)
        return np.where((terms < 0) & (says <= best), 0.0, terms)

    def witnesses(self, rows: np.ndarray, weight: np.ndarray) -> np.ndarray:
        """The heaviest weight ``(n, s)`` of each signal in the open outages at ``rows``, now that it has this one."""
        heaviest = np.maximum(self["witness"][rows], weight)
        self["witness"][rows] = heaviest
        return heaviest

    def forget(self, row: int, now: int) -> None:
        """The outage is over by ``now`` [s]: what is still low, or is so again, began no sooner, and what is no longer
        observed has no word in the next one."""
        self["witness"][row] = 0
        for name in ("low_from", "since"):
            self[name][row] = np.where(self[name][row] > 0, now, 0)
        gone = self.unseen(np.array([row]), now)[0]
        for name in ("weight", "low_from", "since"):
            self[name][row, gone] = 0

    def returned(self, rows: np.ndarray, strong: np.ndarray, now: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """When the last of these witnesses ``(n, s)`` returned, or was last observed [s], and the widest and narrowest
        of their bins [s]."""
        widths = np.broadcast_to(np.array(self.widths), strong.shape)
        widest = np.where(strong, widths, 0).max(axis=1)
        finest = np.where(strong, widths, widest[:, None]).min(axis=1)
        gone = (self["low_from"][rows] > 0) & self.unseen(rows, now)
        last = np.where(gone, self["seen"][rows] + widths, self["calm_from"][rows])
        return np.where(strong, last, 0).max(axis=1), widest, finest

    def onsets(self, rows: np.ndarray) -> np.ndarray:
        """Since when each signal has been down ``(n, s) int64`` [s]: looked back for from how deep it is now.

        A sag of a few percent that lasts a day before is not yet what is going on now.
        """
        lost = losses(self["ratio"][rows])
        step = np.maximum(np.searchsorted(LADDER, lost / 2, side="right") - 1, 0)
        since = self["since"][rows[:, None], np.arange(len(self.signals)), step]
        return np.where(since > 0, since, self["low_from"][rows])

    def save(self) -> tuple[Any, dict[str, np.ndarray]]:
        """Head and arrays."""
        return (self.signals, self.ends, self.widths), dict(self.columns)

    def load(self, head: Any, columns: dict[str, np.ndarray]) -> None:
        """Take over what was saved."""
        self.signals, self.ends, self.widths = head
        self._relate()
        self.columns = {name: columns[name].copy() for name in COLUMNS}
