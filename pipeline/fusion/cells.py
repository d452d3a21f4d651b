"""What every signal last said of every entity: one array each, and how long it has been saying so."""

from collections.abc import Sequence

import numpy as np

from detectors.base import LOW_CONFIRMED, UNKNOWN, is_low
from pipeline.fusion.columns import ALL, DEEP, GONE, HALF, LADDER, OBSERVED, OF_FALL, OF_OUTAGE, SUMMED, Columns
from pipeline.fusion.evidence import Block, Said, losses, ratios, weights
from pipeline.fusion.holding import mute, stale, unseen
from pipeline.fusion.sags import kept, sagged
from pipeline.fusion.sudden import fell
from pipeline.judge.lasting import began, carried, latest, most, summed

SHALLOW = 0.1
"""What is left of a loss, of which an outage that is over explains so much as it took of the bin, or twice that by day,
is no other outage [0-1]."""


def explains(over: np.ndarray | int, start: int, width: np.ndarray | int, lost: np.ndarray | float) -> np.ndarray:
    """Whether an outage that was ``over`` then explains what is ``lost`` [0-1] of a bin of this ``width`` that starts
    then [s].

    Examples
    --------
    >>> explains(np.array([1800, 1800, 0]), 0, 3600, np.array([0.5, 1.0, 0.5])).tolist()
    [True, True, False]
    """
    return np.asarray((start < over) & (lost <= 2 * np.minimum((over - start) / width, 1) + SHALLOW))


WAS_BACK = 0.25
"""What lacked less than so much of what it loses now, while it was not low, had been back [0-1]."""


class Cells(Columns):
    """The evidence of one run in one fusion partition, by entity and signal."""

    def write(self, bins: Sequence[Block]) -> None:
        """Put bins down that begin and end together."""
        for its, fresh in [(its, self._unsaid(its, self._fresh(its))) for its in bins]:
            for name, values in fresh.items():
                self[name][its.rows, its.signals] = values

    def _fresh(self, bins: Block) -> dict[str, np.ndarray]:
        """What stands in the columns after them, but for outages that are open."""
        rows, signals, is_open = bins.rows, bins.signals, bins.is_open
        said, explained = self._unexplained(bins)
        ratio = ratios(said.value, said.expected)
        weight = weights(said, losses(ratio), self.says[signals], self.slow[signals], self.settings)
        weight = self.stood(rows, signals, np.array([said.start]), weight[None], said.observed[None])[0]
        columns = (column[None] for column in (said.state, weight, ratio, said.observed))
        fresh = self.noted(rows, signals, np.array([said.start]), *columns)
        # what is seen of an open outage is what was judged last
        silent = is_open & (said.state == UNKNOWN) & ~self.slow[signals]
        fresh["ratio"] = np.where(silent, self["ratio"][rows, signals], fresh["ratio"])
        fresh |= {"score": said.score, "health": said.health, "state": said.state}
        fresh["since"] = np.where(explained[..., None], 0, fresh["since"])
        fresh |= {name: np.where(explained, 0, fresh[name]) for name in SUMMED}
        return fresh | self._holes(bins)

    def _unexplained(self, bins: Block) -> tuple[Said, np.ndarray]:
        """What is said, but for losses ``(n, k) bool`` of a wide bin that were in an outage that is over by now: they
        are no other one."""
        said, over = bins.said, self["over"][bins.rows, bins.signals]
        explained = ~bins.is_open & is_low(said.state) & (said.start < over)
        if explained.any():
            lost = losses(ratios(said.value, said.expected))
            explained &= explains(over, said.start, self.wide[bins.signals], lost)
            said = said._replace(state=np.where(explained, UNKNOWN, said.state).astype(np.int8))
        return said, explained

    def _holes(self, bins: Block) -> dict[str, np.ndarray]:
        """From when to when those in an open outage were not observed, where they are again."""
        said, width = bins.said, self.wide[bins.signals]
        seen = self["seen"][bins.rows, bins.signals] + width
        hole = bins.is_open & said.observed & (seen > width) & (said.start - seen > self.settings.stale * width)
        if not hole.any():
            return {}
        return {
            name: np.where(hole, at, self[name][bins.rows, bins.signals])
            for name, at in (("hole_from", seen), ("hole_to", said.start))
        }

    def at_plateau(self, rows: np.ndarray, signals: Sequence[int], start: int) -> None:
        """A witness of the open outages at ``rows (n,)`` that is confirmed low in the bin that starts then [s] says no
        less than it has said, until its detector lets go: at a plateau nothing shatters.  Where another signal is back
        to normal it does so only while it is at the bottom."""
        at = np.ix_(rows, np.array(signals))
        sure, bottom = self._at_bottom(at, start)
        if not sure.any():
            return
        against = (self["weight"][rows] < 0) & ~stale(self, np.array(self.ends, np.int64), start)
        contradicted = against @ self.apart[np.array(signals)].T
        self["weight"][at] = np.where(sure & (bottom | ~contradicted), self["heaviest"][at], self["weight"][at])
        self["at_bottom"][at] = np.where(sure & bottom, start, self["at_bottom"][at])

    def _at_bottom(self, at: tuple[np.ndarray, ...], start: int) -> tuple[np.ndarray, np.ndarray]:
        """Which witnesses of open outages are confirmed low in the bin that starts then [s], and which are low and at
        the bottom; how far the others are from it is noted.  What falls again after it `WAS_BACK` has one of its own.
        """
        spoke, lost = self["spoke"][at] == start, losses(self["ratio"][at])
        low, up, up_lost = is_low(self["state"][at]) & spoke, self["up"][at], self["up_lost"][at]
        sure = low & (self["state"][at] == LOW_CONFIRMED)
        if (anew := sure & (up > 0) & (up_lost < WAS_BACK * lost * up)).any():
            for name in OF_FALL:
                self[name][at] = np.where(anew, 0, self[name][at])
        width = self.wide[at[1].ravel()]
        for name, amount in (("up", width), ("up_lost", width * lost)):
            self[name][at] = np.where(sure, 0, self[name][at] + amount * (spoke & ~low))
        self["depth"][at] = np.maximum(self["depth"][at], np.where(low, lost, 0))
        bottom = low & (lost >= self.settings.bottom * self["depth"][at])
        for name, amount in (("off", width), ("off_lost", width * lost)):
            self[name][at] = np.where(bottom, 0, self[name][at] + amount * (low & ~bottom))
        return sure, bottom

    def _unsaid(self, bins: Block, fresh: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """What stands in the columns then: a witness of an open outage keeps its word while it says nothing, and one
        that had been let go is heard again once it is observed."""
        rows, signals, said = bins.rows, bins.signals, bins.said
        silent = (fresh["state"] == UNKNOWN) & bins.is_open & (self["low_from"][rows, signals] > 0)
        if not silent.any():
            return fresh
        kept = {name: self[name][rows, signals] for name in fresh if name not in OBSERVED}
        again = said.observed & (kept["weight"] == 0)
        kept["weight"] = np.where(again, self["heaviest"][rows, signals], kept["weight"])
        # on a holiday a slow one says nothing, and yet expects something
        expects = ~np.isnan(fresh["ratio"]) & said.observed & self.slow[signals]
        kept["ratio"] = np.where(expects, fresh["ratio"], kept["ratio"])
        for beside, first in self.pairs:
            if beside not in bins.places:
                continue
            # and where it expects nothing, its word is over once the first detector says that the series is back
            at = beside - signals.start
            is_back = said.observed[:, at] & ~expects[:, at] & (self["back"][rows, first] > self["spoke"][rows, beside])
            is_back &= self["low_from"][rows, first] == 0
            kept["weight"][:, at] = np.where(is_back, 0.0, kept["weight"][:, at])
        return fresh | {
            name: np.where(silent[..., None] if values.ndim > silent.ndim else silent, values, fresh[name])
            for name, values in kept.items()
        }

    def noted(
        self, rows: np.ndarray | slice, signal: int | slice, start: np.ndarray, state: np.ndarray, weight: np.ndarray,
        ratio: np.ndarray, observed: np.ndarray,
    ) -> dict[str, np.ndarray]:  # fmt: skip
        """What stands in the columns after bins that start at ``start (t,)`` [s] and say so of the entities at ``rows``
        ``(t, n)``, or ``(1, n, k)`` of k signals, while none of them is out."""
        seen = np.where(observed, ratio, np.nan)
        low, spoke, lost = is_low(state), state != UNKNOWN, losses(seen)
        calm = spoke & ~low
        was = {name: self[name][rows, signal] for name in ("low_from", "calm_from", "since", "heaviest", "worst")}
        width = self.wide[signal]
        below = lost[..., None] >= LADDER
        above = ~(below | np.isnan(seen)[..., None])
        judged = np.concatenate([self["state"][None, rows, signal], state[:-1]]) != UNKNOWN
        falls = low & ~np.concatenate([was["low_from"][None] > 0, low[:-1]])
        return {
            "weight": weight[-1], "ratio": ratio[-1], "back": self.backs(rows, signal, start, state)[-1],
            "low_from": began(was["low_from"], start, low, ~low),
            "calm_from": began(was["calm_from"], start, calm, low),
            "risen": began(self["risen"][rows, signal], start, calm, state == LOW_CONFIRMED),
            "seen": latest(self["seen"][rows, signal], start[:, None], observed),
            "spoke": latest(self["spoke"][rows, signal], start[:, None], spoke),
            "dated": latest(self["dated"][rows, signal], judged, falls),
            "met": began(self["met"][rows, signal], start, observed, np.zeros_like(observed)),
            "since": began(was["since"], start, below, above),
            "gone": summed(self["gone"][rows, signal], width, below[..., GONE], above[..., GONE])[-1],
            "heaviest": most(was["heaviest"], weight, low), "worst": most(was["worst"], lost, low),
        } | {name: values[-1] for name, values in self.deepened(rows, signal, seen).items()} | sagged(
            self, rows, signal, start, low, lost
        ) | fell(self, rows, signal, start, seen)  # fmt: skip

    def deepened(self, rows: np.ndarray | slice, signal: int | slice, seen: np.ndarray) -> dict[str, np.ndarray]:
        """For how long each entity has been `DEEP` after each bin ``(t, n)``, and for how long of that time it had lost
        `HALF`, and `ALL` [s], by the names of these columns; ``seen``: what there was of what was expected, NaN where
        nothing was observed."""
        lost, width = losses(seen), self.wide[signal]
        below = lost >= LADDER[DEEP]
        above = ~(below | np.isnan(seen))
        amounts = {"deep": width, "half": width * (lost >= HALF), "bare": width * (lost >= ALL)}
        return {name: summed(self[name][rows, signal], amount, below, above) for name, amount in amounts.items()}

    def stood(
        self, rows: np.ndarray | slice, signal: int | slice, start: np.ndarray, weight: np.ndarray, observed: np.ndarray
    ) -> np.ndarray:
        """The weights of bins that start at ``start (t,)`` [s], ``(t, n)`` or ``(1, n, k)``: who was as usual speaks
        against an outage through bins in which he is not observed, until that word is stale."""
        if observed.all():
            return weight
        times = np.broadcast_to(start.reshape(-1, *[1] * (weight.ndim - 1)), weight.shape)
        word = carried(self["weight"][rows, signal], weight, observed)
        spoke = carried(self["spoke"][rows, signal], times, observed)
        stands = ~observed & (word < 0) & (times - spoke <= self.settings.stale * self.wide[signal])
        return np.where(stands, word, weight)

    def backs(self, rows: np.ndarray | slice, signal: int | slice, start: np.ndarray, state: np.ndarray) -> np.ndarray:
        """When each entity was last seen to come back, after each of t bins ``(t, n)`` [s]: who was low when something
        was last said, and no longer is; a bin of which nothing is said is no return."""
        low, unknown = is_low(state), state == UNKNOWN
        was = (self["calm_from"][rows, signal] == 0) & (self["spoke"][rows, signal] > 0)
        came = np.where(carried(was, low, ~unknown) & ~(low | unknown), start[:, None], self["back"][rows, signal])
        return came if len(low) == 1 else np.maximum.accumulate(came, axis=0)

    def hold(self, newest: int, now: int) -> None:
        """Take the last bin of each signal that ended after ``newest`` as one that ends ``now``, both [s]."""
        self.ends[:] = [now if end > newest else end for end in self.ends]

    def let_go(self, rows: np.ndarray, gone: np.ndarray) -> None:
        """These witnesses ``(n, s) bool`` count no more, until they say something again."""
        self["weight"][rows] = np.where(gone, 0.0, self["weight"][rows])

    def hear(self, rows: np.ndarray, weight: np.ndarray) -> None:
        """The open outages at ``rows`` have witnesses of this weight ``(n, s)``."""
        self["witness"][rows] = np.maximum(self["witness"][rows], weight)

    def unhear(self, rows: np.ndarray, which: np.ndarray) -> None:
        """These signals ``(n, s) bool`` are no witnesses of the open outages at ``rows``."""
        self["witness"][rows] = np.where(which, 0.0, self["witness"][rows])

    def recent(self, now: int) -> bool:
        """Whether a bin that ends ``now`` or later [s] can have begun in an outage that is over."""
        return now - max(self.widths, default=0) < self.last_over

    def forget(self, row: int, now: int, end: int, start: int) -> None:
        """The outage is over by ``now`` [s]: what is still low, or is so again, began no sooner, unless it fell in the
        last bin, which has this ``start`` [s]; what is no longer observed has no word in the next one; ``end``: when it
        ended, 0 for one that was not confirmed [s]."""
        self["witness"][row] = 0
        goes_on = kept(self, row)
        for name in OF_OUTAGE:
            self[name][row] = 0
        for name, values in goes_on.items():
            self[name][row] = values
        self["over"][row] = np.maximum(self["over"][row], end)
        self.last_over = max(self.last_over, end)
        for name in ("low_from", "since"):
            since = self[name][row]
            self[name][row] = np.where((since > 0) & (since < start), np.maximum(since, now), since)
        gone = (unseen(self, np.array([row]), now) | mute(self, np.array([row]), now))[0]
        for name in ("weight", "low_from", "since", "heaviest", "worst", "fallen", "sagged", "sag"):
            self[name][row, gone] = 0
