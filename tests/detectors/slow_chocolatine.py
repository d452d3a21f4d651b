"""Chocolatine once more, slow and plain: one entity, one value at a time, no numpy."""

import math
from statistics import median

from detectors.base import DAY, HIGH, LOW_CONFIRMED, NORMAL, UNKNOWN
from detectors.chocolatine import Chocolatine

WEEK = 7 * DAY
ORDERS = [(1, 0), (0, 1), (2, 0), (1, 1), (0, 2)]
NAN = math.nan


def known(*values: float) -> bool:
    return not any(math.isnan(value) for value in values)


def solved(rows: list[list[float]], right: list[float]) -> list[float]:
    """Gauss and Jordan."""
    system = [[*row, value] for row, value in zip(rows, right, strict=True)]
    for i in range(len(system)):
        pivot = max(range(i, len(system)), key=lambda j: abs(system[j][i]))
        system[i], system[pivot] = system[pivot], system[i]
        for j in range(len(system)):
            if j != i:
                factor = system[j][i] / system[i][i]
                system[j] = [a - factor * b for a, b in zip(system[j], system[i], strict=True)]
    return [row[-1] / row[i] for i, row in enumerate(system)]


def regressed(y: list[float], lags: list[list[float]]) -> list[float]:
    k = len(lags)
    whole = [i for i in range(len(y)) if known(y[i], *(lag[i] for lag in lags))]
    square = [[math.fsum(lags[a][i] * lags[b][i] for i in whole) for b in range(k)] for a in range(k)]
    size = sum(square[a][a] for a in range(k)) / k
    for a in range(k):
        square[a][a] += 1e-9 * size + 2.2250738585072014e-308
    return solved(square, [math.fsum(lags[a][i] * y[i] for i in whole) for a in range(k)])


def lagged(y: list[float], lag: int) -> list[float]:
    return [NAN] * lag + y[: len(y) - lag]


def calm(one: float, two: float) -> bool:
    return abs(two) < 1 and two + one < 1 and two - one < 1


def models(y: list[float]) -> list[tuple[list[float], list[float]]]:
    """Autoregressive and moving-average coefficients of each order."""
    lags = [lagged(y, i) for i in range(1, 7)]
    long = regressed(y, lags)
    shocks = []
    for i in range(len(y)):
        shock = y[i] - sum(c * lag[i] for c, lag in zip(long, lags, strict=True))
        shocks.append(0.0 if math.isnan(shock) else shock)
    found = []
    for p, q in ORDERS:
        both = regressed(y, [lagged(y, i + 1) for i in range(p)] + [lagged(shocks, i + 1) for i in range(q)])
        ar, ma = [*both[:p], 0.0, 0.0][:2], [*both[p:], 0.0, 0.0][:2]
        stable = calm(*ar) and calm(-ma[0], -ma[1])
        found.append((ar, ma) if stable else ([0.0, 0.0], [0.0, 0.0]))
    return found


class Chain:
    """One model on its way along a series."""

    def __init__(self, ar: list[float], ma: list[float]) -> None:
        self.ar, self.ma = ar, ma
        self.y, self.e = [0.0, 0.0], [0.0, 0.0]
        self.ahead = ([0.0, 0.0], [0.0, 0.0])

    def _next(self, y: list[float], e: list[float]) -> float:
        return self.ar[0] * y[0] + self.ar[1] * y[1] + self.ma[0] * e[0] + self.ma[1] * e[1]

    def forecast(self, origin: bool) -> float:
        y, e = (self.y, self.e) if origin else self.ahead
        value = self._next(y, e)
        self.ahead = ([value, y[0]], [0.0, e[0]])
        return value

    def see(self, y: float) -> None:
        expected = self._next(self.y, self.e)
        y = expected if math.isnan(y) else y
        self.y, self.e = [y, self.y[0]], [y - expected, self.e[0]]


class SlowChocolatine:
    """Follows one entity by the text of REFERENCE B3."""

    def __init__(self, rule: Chocolatine, width: int) -> None:
        self.rule, self.width = rule, width
        self.seen: dict[int, float] = {}
        self.painted: set[int] = set()
        self.first: int | None = None
        self.last = -1
        self.chain: Chain | None = None
        self.interval: list[float] = []
        self.made, self.low = 0, False

    def step(self, x: float, t: int) -> tuple[float, int]:
        if t // DAY != self.last // DAY and WEEK % self.width == 0:
            self._fit(t)
        before, ahead = self.seen.get(t - WEEK, NAN), NAN
        if self.chain:
            ahead = self.chain.forecast(t // self.width // 12 != self.last // self.width // 12)
        expected = before + ahead
        state = self._judged(x, expected, t)
        value = max(expected, 0.0) if state in (LOW_CONFIRMED, HIGH) else x
        if self.chain:
            self.chain.see(value - before)
        if not math.isnan(x):
            self.first = t if self.first is None else self.first
            self.seen[t] = value
            if state in (LOW_CONFIRMED, HIGH):
                self.painted.add(t)
        self.last = t
        return expected, state

    def _judged(self, x: float, expected: float, t: int) -> int:
        if not known(x, expected) or not known(self.interval[t // self.width % 12]):
            return UNKNOWN
        away, band = x - expected, self.rule.deviations * self.interval[t // self.width % 12]
        self.low = away < -band or (self.low and away <= -band * self.rule.leave and away < 0)
        return LOW_CONFIRMED if self.low else HIGH if away > band else NORMAL

    def _fit(self, t: int) -> None:
        if self.first is None or t - self.first < 11 * WEEK or (self.chain and t - self.made < WEEK):
            return
        grid = list(range(t - 11 * WEEK, t, self.width))
        values = [self.seen[s] for s in grid if s in self.seen]
        if len(values) < self.rule.points * len(grid) or values.count(0.0) >= self.rule.zeros * len(values):
            self.chain = None
            return
        own = [s for s in grid if s >= t - WEEK and s in self.seen and s not in self.painted]
        if len(own) < self.rule.points * WEEK / self.width:
            return
        train = [self._week(s, 0) - self._week(s, 1) for s in grid if t - 2 * WEEK <= s < t - WEEK]
        best = math.inf
        for ar, ma in models(train):
            chain = Chain(ar, ma)
            errors: dict[int, list[float]] = {h: [] for h in range(12)}
            for s in [s for s in grid if s >= t - WEEK]:
                y = self.seen.get(s, NAN) - self.seen.get(s - WEEK, NAN)
                error = y - chain.forecast(s // self.width % 12 == 0)
                chain.see(y)
                if known(error) and s in own:
                    errors[s // self.width % 12].append(error)
            square = sum(error * error for some in errors.values() for error in some)
            if square < best:
                best, self.chain, self.made = square, chain, t
                self.interval = [
                    1.4826 * median(abs(e) for e in errors[h]) if errors[h] else NAN for h in range(12)
                ]  # fmt: skip

    def _week(self, s: int, odd: int) -> float:
        """Median of a slot over every other week, beginning with this one."""
        weeks = [self.seen[s - (odd + 2 * i) * WEEK] for i in range(5) if s - (odd + 2 * i) * WEEK in self.seen]
        return median(weeks) if weeks else NAN
