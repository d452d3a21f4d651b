"""Whether a place is out: a hidden Markov chain of its state Z, and of a nuisance F of each of its signals.

    Z   up, quiet (people stay at home), blackout (routes fall too), stealth (routes stay)
    F   fine, off (the series fails by itself), moved (its level does), late (it misses the outage, or its end)

Given the path of Z the signals are independent; given the last Z they nearly are.  So P(Z) is kept, and P(F | Z) of
each signal:

    predict    P(Z) <- P(Z) exp(q dt),  P(F | Z) <- P(F | Z) exp(g dt), where a turn of Z makes some signals late
    see        P(Z) <- P(Z) sum_F P(F | Z) p(x | Z, F),  and P(F | Z) by Bayes

``p(x | Z, F)`` is one of the likelihoods of `detectors.levels`.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from detectors.levels import FINE, MOVED, OFF, OUT, QUIET, TINY, is_activity
from detectors.model import YEAR, Model

STATES = 4  # of a place, and of a signal
UP, QUIET_DAY, BLACKOUT, STEALTH = range(STATES)
IS_OUT = np.array([False, False, True, True])
LONG_HOLIDAY = 3  # kind of a day, see `Model.quiet_rates`
CALM = 0.02  # below this probability nothing of an episode is left, and terms begin anew

_UP, _QUIET, _OUT, _ROUTES = (
    (FINE, OFF, MOVED, OUT),
    (QUIET, OFF, QUIET, OUT),
    (OUT, OFF, OUT, FINE),
    (OUT, OFF, OUT, OUT),
)


def expected_likelihood(kind: str) -> np.ndarray:
    """Which likelihood counts in each state of the place and of the signal, ``(4, 4) intp``."""
    quiet = _QUIET if is_activity(kind) else _UP
    out = (_ROUTES, _UP) if kind == "bgp" else (_OUT, _OUT)  # routes miss no blackout: that is what it is
    return np.array([_UP, quiet, *out], np.intp)


def expm(q: np.ndarray) -> np.ndarray:
    """Matrix exponential, by scaling and squaring.

    Examples
    --------
    >>> expm(np.array([[-1.0, 1.0], [0.0, 0.0]])).round(4).tolist()
    [[0.3679, 0.6321], [0.0, 1.0]]
    """
    halvings = max(0, int(np.ceil(np.log2(max(1e-12, np.abs(q).sum(1).max())))) + 4)
    step, out, term = q / 2**halvings, np.eye(len(q)), np.eye(len(q))
    for i in range(1, 8):
        term = term @ step / i
        out = out + term
    for _ in range(halvings):
        out = out @ out
    return out


def _generator(rates: dict[tuple[int, int], float]) -> np.ndarray:
    q = np.zeros((STATES, STATES))
    for place, rate in rates.items():
        q[place] = rate
    np.fill_diagonal(q, -q.sum(1))
    return q


@lru_cache(maxsize=1024)
def _places(model: Model, dt: int, day: int) -> np.ndarray:
    """Transitions of a place in ``dt`` [s] on a day of this kind, ``(4, 4)``."""
    quiet, back = model.quiet_rates[day] / YEAR, 1 / model.quiet_hours[day == LONG_HOLIDAY]
    rates = {(UP, QUIET_DAY): quiet, (QUIET_DAY, UP): back}
    for up in (UP, QUIET_DAY):
        rates |= {(up, out): model.outage_rate / 2 / YEAR for out in (BLACKOUT, STEALTH)}
    rates |= {(out, UP): 1 / model.outage_hours for out in (BLACKOUT, STEALTH)}
    rates |= {(BLACKOUT, STEALTH): model.change_rate, (STEALTH, BLACKOUT): model.change_rate}
    return expm(_generator(rates) * dt / 3600)


@lru_cache(maxsize=1024)
def _signals(model: Model, dt: int) -> np.ndarray:
    """Transitions of a signal in ``dt`` [s], ``(4, 4, 4)``, by state of the place."""

    def of(off: float, late: float) -> np.ndarray:
        moved = {(0, 2): model.moved_rate / YEAR, (2, 0): 1 / 24 / model.relearn_days}
        return expm(_generator({(0, 1): off / YEAR, (1, 0): 1 / model.off_hours, (3, 0): 1 / late} | moved) * dt / 3600)

    hours = (model.late_hours, model.late_hours, model.blind_hours, model.blind_hours)
    return np.array([of(model.off_rate, late) for late in hours])


def _missed(signal: np.ndarray, share: np.ndarray) -> np.ndarray:
    """P(F) ``(z, 4, n, k)`` after a turn of the place that this ``share (z, 1, k)`` of the fine signals misses; one
    that had missed the turn before is where it should be."""
    after, missing = signal.copy(), signal[:, 0] * share
    after[:, 0] += signal[:, 3] - missing
    after[:, 3] = missing
    return after


class Chain:
    """The filter of all places, over the signals that they have.

    ``odds (n, 4)``: P(Z); ``signal (4, 4, n, k)``: P(F | Z), Z first;
    ``terms (n, k)``: the log Bayes factor of each signal for "out", summed since the place was last surely up.

    Examples
    --------
    Probes of a place that fall to nothing, by the likelihoods fine, out, off, quiet, moved:

    >>> chain = Chain(Model())
    >>> k = chain.add("probing")
    >>> chain.grow(1)
    >>> for end in range(600, 6600, 600):
    ...     chain.predict(end)
    ...     chain.see(k, np.array([0]), np.array([[1e-9, 1.0, 0.5, 1e-9, 1e-9]]))
    >>> chain.probability().round(1).tolist()
    [1.0]
    """

    def __init__(self, model: Model) -> None:
        self.model = model
        self.kinds: list[str] = []
        self.tables: list[np.ndarray] = []
        self.now: int | None = None
        self.odds = np.zeros((0, 4))
        self.signal, self.terms = np.zeros((4, 4, 0, 0)), np.zeros((0, 0))

    def __len__(self) -> int:
        return len(self.odds)

    def add(self, kind: str) -> int:
        """A further signal of this kind; its number."""
        self.kinds.append(kind)
        self.tables.append(expected_likelihood(kind))
        self._room()
        return len(self.kinds) - 1

    def grow(self, places: int) -> None:
        """Room for so many places; what is added is up."""
        more = places - len(self)
        if more > 0:
            self.odds = np.concatenate([self.odds, np.tile([1.0, 0.0, 0.0, 0.0], (more, 1))])
            self._room()

    def _room(self) -> None:
        (n, k), (had, knew) = (len(self.odds), len(self.kinds)), self.terms.shape
        signal = np.zeros((4, 4, n, k))
        signal[:, 0] = 1
        signal[..., :had, :knew] = self.signal
        terms = np.zeros((n, k))
        terms[:had, :knew] = self.terms
        self.signal, self.terms = signal, terms

    def predict(
        self, end: int, day: np.ndarray | None = None, factor: np.ndarray | None = None,
        pull: np.ndarray | None = None,
    ) -> None:  # fmt: skip
        """Move to time ``end`` [s].

        Parameters
        ----------
        day
            ``(n,) int8`` kind of each place's day, index into ``model.quiet_rates``; 0 where it is not given.
        factor
            ``(n,)`` how much likelier an outage begins than on a day like any other [-].
        pull
            ``(n,)`` probability that an outage of its country takes the place along in this step [0-1].
        """
        dt = 0 if self.now is None else end - self.now
        self.now = end
        if dt <= 0:
            return
        steps = self._steps(dt, day, factor, pull)
        flow = self.odds[:, :, None] * steps  # place, from, to
        self.odds = flow.sum(1)
        fine = np.array([table[:, 0] for table in self.tables]).reshape(-1, 4).T
        late = self.model.late * (fine == OUT)[2:, None]  # routes that stay in an outage miss nothing
        turns = _signals(self.model, dt).transpose(0, 2, 1)
        self.signal = (turns @ self._turned(flow, late).reshape(4, 4, -1)).reshape(self.signal.shape)

    def _turned(self, flow: np.ndarray, late: np.ndarray) -> np.ndarray:
        """P(F | Z) after a step in which so much of each place flows, ``(n, from, to)``, of which so many signals are
        ``late (2, 1, k)``."""
        share = (flow / np.maximum(self.odds, TINY)[:, None]).transpose(1, 2, 0)[..., None]  # from, to
        up, out = self.signal[:2], self.signal[2:]
        back = _missed(out, late)
        fell = _missed(np.stack([share[0, to] * up[0] + share[1, to] * up[1] for to in (2, 3)]), late)
        came = [share[0, to] * up[0] + share[1, to] * up[1] + share[2, to] * back[0] + share[3, to] * back[1]
                for to in (0, 1)]  # fmt: skip
        came += [fell[to - 2] + share[2, to] * out[0] + share[3, to] * out[1] for to in (2, 3)]
        return np.stack(came)

    def _steps(
        self, dt: int, day: np.ndarray | None, factor: np.ndarray | None, pull: np.ndarray | None
    ) -> np.ndarray:  # fmt: skip
        """Transitions of each place, ``(n, 4, 4)`` or ``(1, 4, 4)``."""
        kinds = [_places(self.model, dt, kind) for kind in range(len(self.model.quiet_rates))]
        if day is None and factor is None and pull is None:
            return kinds[0][None]
        steps = np.stack(kinds)[day] if day is not None else np.repeat(kinds[0][None], len(self), 0)
        entry = steps[:, :2, 2:] * (1.0 if factor is None else factor[:, None, None])
        if pull is not None:
            entry = entry + pull[:, None, None] / 2
        left = 1 - np.minimum(entry.sum(2), 1.0)
        stay = steps[:, :2, :2]
        steps[:, :2, :2] = stay * (left / stay.sum(2))[..., None]
        steps[:, :2, 2:] = entry
        return steps

    def see(self, k: int, rows: np.ndarray, likelihood: np.ndarray) -> None:
        """Take in a bin of signal ``k`` of the places at ``rows (m,)``: its ``likelihood (m, 5)``, see
        `detectors.levels`; ones say nothing."""
        joint = self.signal[..., rows, k] * likelihood.T[self.tables[k]]
        each = joint.sum(1)
        self.signal[..., rows, k] = joint / each[:, None]
        odds = self.odds[rows]
        weighed = odds * each.T
        with np.errstate(all="ignore"):
            out, up = ((weighed[:, z] + weighed[:, z + 1]) / (odds[:, z] + odds[:, z + 1]) for z in (BLACKOUT, UP))
            self.terms[rows, k] += np.nan_to_num(np.log(out / up))
        self.odds[rows] = weighed / weighed.sum(1, keepdims=True)

    def settle(self) -> None:
        """Begin the terms of places anew that are surely up."""
        self.terms[self.probability() < CALM] = 0

    def probability(self) -> np.ndarray:
        """P(out) of each place, ``(n,)``."""
        return np.asarray(self.odds[:, BLACKOUT] + self.odds[:, STEALTH])

    def stealth(self) -> np.ndarray:
        """P(routes stay | out) of each place, ``(n,)``."""
        return np.asarray(self.odds[:, STEALTH] / np.maximum(self.odds[:, 2:].sum(1), TINY))

    ARRAYS = ("odds", "signal", "terms")

    def copy(self) -> "Chain":
        """Another chain that goes on from here."""
        other = Chain(self.model)
        other.load(self.save(), {name: getattr(self, name) for name in self.ARRAYS})
        return other

    def save(self) -> Any:
        """JSON-able head; the arrays are `ARRAYS`."""
        return [self.now, self.kinds]

    def load(self, head: Any, arrays: dict[str, np.ndarray]) -> None:
        """Take over what was saved."""
        self.now, kinds = head
        self.kinds = list[str](kinds)
        self.tables = [expected_likelihood(kind) for kind in self.kinds]
        for name in self.ARRAYS:
            setattr(self, name, np.array(arrays[name]))


def leave_one_out(probability: float, terms: Sequence[float]) -> list[float]:
    """P(out) without each of these terms.

    Examples
    --------
    >>> [round(p, 2) for p in leave_one_out(0.9, [2.0, -1.0])]
    [0.55, 0.96]
    """
    odds = np.log(probability) - np.log(max(1 - probability, TINY))
    return [float(1 / (1 + np.exp(term - odds))) for term in terms]
