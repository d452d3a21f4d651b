"""One array for each thing that is known of every entity by every signal."""

from typing import Any

import numpy as np

from pipeline.evidence import BESIDE
from pipeline.kinds import ROUTES, kind_of
from pipeline.settings import Fusing

MOST = 0.75
"""What has lost so much for hours is out, on whatever day [0-1]."""

HALF = 0.45
"""What has lost so much of its traffic for hours of a working day is out, whatever stands [0-1].  Of less nobody can
tell it from a feast, a strike or a season: it is suspected, whatever a single bin is like."""

ALL = 0.995
"""Where more is lost while others stand a feed may have counted nothing [0-1]: phones leave more of a country."""

LADDER = np.array([0.01, 0.02, 0.04, 0.08, 0.16, 0.32, MOST])
"""Losses since when is noted [0-1]: an onset is looked back for on the step that is a quarter to a half of the loss."""

DEEP, GONE = len(LADDER) - 2, len(LADDER) - 1
"""The step of what is no mood of a day any more, and that of `MOST`."""

COLUMNS = {
    "weight": (np.float64, ()), "ratio": (np.float64, ()), "score": (np.float64, ()), "health": (np.float64, ()),
    "state": (np.int8, ()), "low_from": (np.int64, ()), "calm_from": (np.int64, ()), "back": (np.int64, ()),
    "risen": (np.int64, ()), "seen": (np.int64, ()), "spoke": (np.int64, ()), "at_bottom": (np.int64, ()),
    "dated": (np.bool_, ()), "since": (np.int64, LADDER.shape), "heaviest": (np.float64, ()), "worst": (np.float64, ()),
    "witness": (np.float64, ()), "over": (np.int64, ()), "hole_from": (np.int64, ()), "hole_to": (np.int64, ()),
    "met": (np.int64, ()), "gone": (np.int64, ()), "deep": (np.int64, ()), "half": (np.int64, ()),
    "bare": (np.int64, ()), "lent": (np.bool_, ()), "depth": (np.float64, ()),
    "off": (np.int64, ()), "off_lost": (np.float64, ()), "up": (np.int64, ()), "up_lost": (np.float64, ()),
}  # fmt: skip
"""One ``(entities, signals)`` array each: the term's weight, what it rests on, when the signal fell, since when it is
calm, when it last came back, since when it is calm but for passing lows, when it was last observed, last said something
and was last at the bottom of an outage [s]; whether it was judged just before it fell; since when it has lost each
share of `LADDER` [s], its heaviest weight and largest loss while it is low, its heaviest weight in the outage that is
open, when the last confirmed one ended, from when to when it was last not observed in one that was open, when it was
first judged, for how long in sum `MOST` of it was seen gone since it last was not [s], for how long the step `DEEP`
was, and for how long of that time it was `HALF`, and `ALL` [s]; whether networks said it of their country.  Of the
outage that is open: its largest loss [0-1]; for how long it has been low since it left the bottom, and not low
since it last was, and what it lost in these times [s, share times s]."""


COUNTED = ("weight", "ratio", "back", "deep", "half")
"""Those that say what still counts."""


class Columns:
    """`COLUMNS` of the entities and signals of one run in one fusion partition."""

    def __init__(self, settings: Fusing) -> None:
        self.settings = settings
        self.signals: list[str] = []
        self.ends: list[int] = []
        self.widths: list[int] = []
        self._relate()
        self.columns = {name: np.zeros((0, 0, *more), dtype) for name, (dtype, more) in COLUMNS.items()}
        self.last_over = 0

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
        ``slow (s,) bool``: which are such; ``kinds (k, s) bool``: which are of each kind; ``apart (s, s) bool``: which
        are not of one and the same, whatever detector; ``routes (s,) bool``: which count routes; ``wide (s,) int64``:
        the widths of their bins [s]; ``says (s,)``: how much each says of a return [log-odds]."""
        names = [signal.partition(BESIDE)[0] for signal in self.signals]
        firsts = {signal: i for i, signal in enumerate(self.signals)}
        self.slow = np.array([BESIDE in signal for signal in self.signals], bool)
        self.pairs = [(i, firsts[name]) for i, name in enumerate(names) if self.slow[i] and name in firsts]
        self.wide = np.array(self.widths, np.int64)
        self.says = np.array([-self.settings.against(kind_of(name)) for name in names])
        kinds = [kind_of(name) for name in names]
        self.kinds = np.array([[kind == own for own in kinds] for kind in sorted(set(kinds))], bool)
        self.routes = np.array([kind == ROUTES for kind in kinds], bool)
        self.apart = np.array([[other != name for other in names] for name in names], bool)

    def of_kinds(self, which: np.ndarray) -> np.ndarray:
        """Whether any signal of a kind is among some ``(n, s) bool``, ``(n, k) bool``."""
        return np.asarray(which @ self.kinds.T)

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

    def grow(self, entities: int) -> None:
        """Room for new entities and signals."""
        shape = (entities, len(self.signals))
        if self["weight"].shape == shape:
            return
        for name, column in self.columns.items():
            wider = np.zeros((*shape, *column.shape[2:]), column.dtype)
            wider[: column.shape[0], : column.shape[1]] = column
            self.columns[name] = wider

    def save(self) -> tuple[Any, dict[str, np.ndarray]]:
        """Head and arrays."""
        return (self.signals, self.ends, self.widths), dict(self.columns)

    def load(self, head: Any, columns: dict[str, np.ndarray]) -> None:
        """Take over what was saved."""
        self.signals, self.ends, self.widths = head
        self._relate()
        self.columns = {name: columns[name].copy() for name in COLUMNS}
        self.last_over = int(self["over"].max(initial=0))
