"""One array for each thing that is known of every entity by every signal."""

from typing import Any, NamedTuple

import numpy as np

from pipeline.fusion.evidence import BESIDE
from pipeline.kinds import ROUTES, TRAFFIC, kind_of
from pipeline.settings import Fusing

MOST = 0.75
"""What has lost so much for hours is out, on whatever day [0-1]."""

HALF = 0.45
"""What has lost so much of its traffic for hours of a working day is out, whatever stands [0-1].  Of less nobody can
tell it from a feast, a strike or a season: it is suspected, whatever a single bin is like."""

STILL_HALF = 0.35
"""What had lost `HALF` in an outage that is confirmed has still done so while it lacks so much [0-1]: bins stray about
half, and what came back by half did come back."""

ALL = 0.995
"""Where more is lost while others stand a feed may have counted nothing [0-1]: phones leave more of a country."""

LADDER = np.array([0.01, 0.02, 0.04, 0.08, 0.16, 0.32, MOST])
"""Losses since when is noted [0-1]: an onset is looked back for on the step that is a quarter to a half of the loss."""

STEPS = np.array([0.16, 0.24, 0.32, 0.4, 0.5, 0.6, MOST])
"""Losses before which a sag is one [0-1]."""

LATELY = 30
"""Bins of which it is known what each signal had lost in them: two hours of bins of five minutes, and what is next to
these."""

DEEP, GONE = len(LADDER) - 2, len(LADDER) - 1
"""The step of what is no mood of a day any more, and that of `MOST`."""


class Column(NamedTuple):
    """What is known of every entity by every signal: type, ``what`` it is, and of what further length."""

    dtype: type
    what: str
    more: tuple[int, ...] = ()


COLUMNS = {
    "weight": Column(np.float64, "of the term [log-odds]"),
    "ratio": Column(np.float64, "of the value and what was expected [-]"),
    "score": Column(np.float64, "that it rests on [robust standard deviations]"),
    "health": Column(np.float64, "share of healthy sources [0-1]"),
    "state": Column(np.int8, "that its detector gave it"),
    "low_from": Column(np.int64, "when it fell, 0 where it is not low [s]"),
    "calm_from": Column(np.int64, "since when it is calm, 0 where it is not [s]"),
    "back": Column(np.int64, "when it last came back [s]"),
    "risen": Column(np.int64, "since when it is calm but for passing lows [s]"),
    "seen": Column(np.int64, "when it was last observed [s]"),
    "spoke": Column(np.int64, "when it last said something [s]"),
    "met": Column(np.int64, "when it was first observed [s]"),
    "dated": Column(np.bool_, "whether it was judged just before it fell"),
    "since": Column(np.int64, "since when it has lost each share of `LADDER` [s]", LADDER.shape),
    "heaviest": Column(np.float64, "the largest weight while it is low [log-odds]"),
    "worst": Column(np.float64, "the largest loss while it is low [0-1]"),
    "gone": Column(np.int64, "for how long in sum `MOST` of it was seen gone since it last was not [s]"),
    "deep": Column(np.int64, "for how long it has lost as much as the step `DEEP` [s]"),
    "half": Column(np.int64, "for how long of that time it had lost `HALF` [s]"),
    "bare": Column(np.int64, "and for how long `ALL` [s]"),
    "lent": Column(np.bool_, "whether networks said it of their country"),
    "over": Column(np.int64, "when its last confirmed outage ended [s]"),
    "witness": Column(np.float64, "the largest weight in the outage that is open [log-odds]"),
    "hole_from": Column(np.int64, "from when it was last not observed in one that was open [s]"),
    "hole_to": Column(np.int64, "until when it was not [s]"),
    "at_bottom": Column(np.int64, "when it was last at the bottom of the outage that is open [s]"),
    "depth": Column(np.float64, "its largest loss in that one [0-1]"),
    "off": Column(np.int64, "for how long it has been low since it left the bottom [s]"),
    "off_lost": Column(np.float64, "what it lost in this time [share times s]"),
    "home": Column(np.int64, "since when it lacks no more than before it fell, and yet is low [s]"),
    "fallen": Column(np.int64, "when it first lost each share of `STEPS` since it is low [s]", STEPS.shape),
    "sagged": Column(np.int64, "for how long it was low before that [s]", STEPS.shape),
    "sag": Column(np.int64, "what it lost in that time [thousandths times s]", STEPS.shape),
    "lately": Column(
        np.float32, "what it had lost in each of the last bins, NaN where that is not known [0-1]", (LATELY,)
    ),
    "heard": Column(np.int64, "when the last of these began [s]"),
    "sudden": Column(np.int64, "since when it is down by what fell at once, 0 where it is not [s]"),
    "up": Column(np.int64, "for how long it has not been low since it was last confirmed to be [s]"),
    "up_lost": Column(np.float64, "what it lost in that time [share times s]"),
}
"""One ``(entities, signals)`` array each."""

COUNTED = ("weight", "ratio", "back", "deep", "half")
"""Those that say what still counts."""

SUMMED = ("gone", "deep", "half", "bare")
"""Those that add up while something lasts."""

OF_FALL = ("at_bottom", "depth", "off", "off_lost", "up", "up_lost", "home")
"""Those that are of one fall in one outage."""

OF_OUTAGE = (*SUMMED, *OF_FALL, "fallen", "sagged", "sag", "heaviest")
"""Those that begin anew when an outage is over, though it may still be low."""

OBSERVED = ("seen", "hole_from", "hole_to", "lately", "heard", "sudden")
"""Those that say when there were values, and which."""


class Columns:
    """`COLUMNS` of the entities and signals of one run in one fusion partition."""

    def __init__(self, settings: Fusing) -> None:
        self.settings = settings
        self.signals: list[str] = []
        self.ends: list[int] = []
        self.widths: list[int] = []
        self.behind: set[str] = set()
        self.awaited: set[str] = set()
        self._relate()
        self.columns: dict[str, np.ndarray] = {
            name: np.zeros((0, 0, *own.more), own.dtype) for name, own in COLUMNS.items()
        }
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
        are not of one and the same, whatever detector; ``routes``, ``traffic (s,) bool``: which count these; ``wide
        (s,) int64``: the widths of their bins [s]; ``says (s,)``: how much each says of a return [log-odds]."""
        names = [signal.partition(BESIDE)[0] for signal in self.signals]
        firsts = {signal: i for i, signal in enumerate(self.signals)}
        self.slow = np.array([BESIDE in signal for signal in self.signals], bool)
        self.pairs = [(i, firsts[name]) for i, name in enumerate(names) if self.slow[i] and name in firsts]
        self.wide = np.array(self.widths, np.int64)
        self.says = np.array([-self.settings.against(kind_of(name)) for name in names])
        kinds = [kind_of(name) for name in names]
        self.kinds = np.array([[kind == own for own in kinds] for kind in sorted(set(kinds))], bool)
        self.routes = np.array([kind == ROUTES for kind in kinds], bool)
        self.traffic = np.array([kind == TRAFFIC for kind in kinds], bool)
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

    def overtaken(self, rows: np.ndarray, weight: np.ndarray) -> np.ndarray:
        """Which witnesses ``(n, s) bool`` another one that is back has overtaken, by weights ``(n, s)``: they are
        behind, or their next bin is awaited and the last one began before the other's return."""
        names = [name.partition(BESIDE)[0] for name in self.signals]
        behind, awaited = (np.array([name in which for name in names]) for which in (self.behind, self.awaited))
        back = ~behind & (self["witness"][rows] > 0) & (weight < 0)
        returned = np.where(back, self["calm_from"][rows], 0).max(axis=1, keepdims=True)
        older = awaited & (self["seen"][rows] < returned)
        return np.asarray((weight > 0) & (behind & back.any(axis=1, keepdims=True) | older))

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
