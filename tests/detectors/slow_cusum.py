"""The daily sum once more, slow and plain: one entity, one value at a time, no numpy."""

import math
from collections.abc import Callable
from statistics import fmean, median

from detectors.base import DAY, HIGH, LOW_CONFIRMED, LOW_PROVISIONAL, NORMAL, UNKNOWN
from detectors.cusum import (
    BACK,
    BLACKOUT,
    CAP,
    CLIP,
    FIRST,
    FLAT,
    ORDINARY,
    RECENT,
    SEASON,
    SHAPE,
    SHORT,
    SPREAD,
    SPREAD_DAYS,
    TWO,
    WEEKDAY,
    WILD,
    Cusum,
)


class SlowCusum:
    """Follows one entity by the text of `Cusum`."""

    def __init__(self, rule: Cusum, width: int) -> None:
        self.rule, self.width = rule, width
        self.needed = rule.hours * DAY / max(width, 3600)
        self.values: dict[int, tuple[int, list[float]]] = {}
        self.day = self.hour = 0
        self.first: int | None = None
        self.last: int | None = None
        self._begin()

    def _begin(self) -> None:
        self.shape: dict[int, float] = {}
        self.weekday = [0.0] * 7
        self.met: list[list[float]] = [[] for _ in range(7)]
        self.level = self.recent = math.nan
        self.variance = SPREAD**2
        self.days = self.run = self.sure = self.high = 0
        self.sum, self.confirmed, self.worst, self.anew = 0.0, False, 0.0, False

    @property
    def spread(self) -> float:
        return math.sqrt(max(self.variance, FLAT**2))

    def step(self, x: float, t: int, local: int) -> int:
        """What it says of a value at t, when ``local`` seconds of the week have gone by where it lives."""
        if self.last is None or t // 3600 != self.last // 3600:
            self._temper()
            ahead = self.width // 2 if self.width > 3600 else -(t % 3600 // self.width * self.width)
            middle = (local + ahead) % (7 * DAY)
            day, hour = middle // DAY % 7, middle // 3600 % 24
            if self.last is not None and (day != self.day or t - self.last >= DAY):
                self.values = {h: of for h, of in self.values.items() if h <= self.hour}
                self._close(self.day)
            passed = max((hour - self.hour) % 24, 1)
            if self.last is None or t // 3600 - self.last // 3600 >= 23:
                passed = 24
            for back in range(passed):
                self.values.pop((hour - back) % 24, None)
            self.day, self.hour = day, hour
            beside = [near for near in ((hour - 1) % 24, (hour + 1) % 24) if near in self.shape]
            if self.width > 3600 and beside and not math.isnan(self.level):
                self.shape.setdefault(hour, (self.shape[beside[0]] + self.shape[beside[-1]]) / 2)
        self.last = t
        if not math.isnan(x):
            self.values.setdefault(self.hour, (self.day, []))[1].append(x)
            self.first = t if self.first is None else self.first
        loss = self._loss(lambda day: self.weekday[day])
        z = loss / self.spread if math.isfinite(loss) else math.copysign(1e6, loss) if math.isinf(loss) else loss
        known = all(math.inf in self.met[(self.day - back) % 7] for back in (0, 1))
        ready = self.days >= self.rule.settle and known
        ready = ready and self.first is not None and t - self.first >= self.rule.settle * DAY
        deep = ready and loss <= math.log(1 - self.rule.depth) and z <= -self.rule.enter
        dark = self.worst >= BLACKOUT
        some = min(max(self.worst / 2, self.rule.leave), self.rule.rest) if self.sure <= SHORT else self.rule.leave
        lasts = self.confirmed and not loss > math.log(1 - (BACK if dark else some))
        self.anew = self.anew or (self.confirmed and not lasts and dark)
        deep = deep and not self.anew
        if self.confirmed and not lasts and not deep:
            self.sum = 0.0
        self.confirmed = deep or lasts
        self.worst = max(self.worst, 0.0 if math.isnan(loss) else 1 - math.exp(loss)) if self.confirmed else 0.0
        if not ready or math.isnan(x) or math.isnan(loss) or self.hour not in self.shape:
            return UNKNOWN
        if self.confirmed or self.sum > self.rule.alarm:
            return LOW_CONFIRMED if self.confirmed else LOW_PROVISIONAL
        share = self.shape[self.hour]
        usual = math.exp(self.level + self.weekday[self.day]) * share
        return HIGH if x > self.rule.above * usual else NORMAL

    def _temper(self) -> None:
        if self.hour not in self.values or self.hour not in self.shape or math.isnan(self.level):
            return
        day, own = self.values[self.hour]
        hourly = {h: v for h, (_, v) in self._hourly().items()}
        usual = {h: math.exp(self.level + self.weekday[self.day]) * of for h, of in self.shape.items()}
        ratios = [v / usual[h] for h, v in hourly.items() if usual.get(h, 0) > 0]
        often = max(1.0, median(ratios)) if ratios else 1.0
        most = max(WILD * usual[self.hour], math.exp(self.level + self.weekday[self.day])) * often
        if fmean(own) > most:
            self.values[self.hour] = day, [most] * len(own)

    def _hourly(self) -> dict[int, tuple[int, float]]:
        """Of each hour of the day that was seen: its weekday, and its mean."""
        return {h: (day, fmean(some)) for h, (day, some) in sorted(self.values.items())}

    def _loss(self, weekday: Callable[[int], float]) -> float:
        known = {h: one for h, one in self._hourly().items() if h in self.shape}
        if len(known) < self.needed or math.isnan(self.level):
            return math.nan
        held = sum(v for _, v in known.values())
        usual = sum(self.shape[h] * math.exp(weekday(day)) for h, (day, _) in known.items())
        if usual == 0:
            return math.nan if held == 0 else math.inf
        return math.log(held) - math.log(usual) - self.level if held > 0 else -math.inf

    def _close(self, day: int) -> None:
        if self.high >= TWO and self.days <= 2 * self.high:
            self._begin()
        hourly = {h: v for h, (_, v) in self._hourly().items()}
        mean = fmean(hourly.values()) if hourly else 0.0
        if len(hourly) >= self.needed and mean > 0:
            begins = math.isnan(self.level)
            if begins:
                most = WILD * sorted([0.0] * 24 + list(hourly.values()))[-2] or math.inf
                mean = fmean(min(v, most) for v in hourly.values())
                self.level = self.recent = math.log(mean)
            if begins or not self.confirmed:
                for h, v in hourly.items():
                    self.shape.setdefault(h, (min(v, most) if begins else v) / mean)
        z = self._loss(lambda _: self.weekday[day])
        is_usual = not (self.anew and math.isfinite(z))
        if not is_usual:
            self.level, z, self.anew = self.level + min(z, SEASON), 0.0, False
        season = 0.0
        if math.isnan(z):
            self.run = self.run + 1 if self.sum > self.rule.alarm or self.confirmed else 0
        else:
            if self.days >= self.rule.settle and math.inf in self.met[day]:
                deviations = max(-CAP, min(CAP, z / self.spread))
                self.sum = min(max(self.sum - deviations - self.rule.drift, 0.0), 3 * self.rule.alarm)
            self.run = self.run + 1 if self.sum > self.rule.alarm or self.confirmed else 0
            self.high = self.high + 1 if z > math.log(self.rule.above) else 0
            moved = RECENT * (max(z, -30) + self.level - self.recent)
            self.recent += moved
            if self.confirmed:
                season = max(-SEASON, min(SEASON, moved))
        self.sure = self.sure + 1 if self.confirmed else 0
        longest = self.rule.renew if self.confirmed else self.rule.hold
        renewed = self.run > longest or self.high >= self.rule.renew_high
        if math.isfinite(z) and not self.run and not renewed:
            self._move(z, day, hourly if is_usual else {})
        self.level += season
        if renewed:
            self.level, self.sum, self.run, self.high, self.confirmed = self.recent, 0.0, 0, 0, False
            self.sure, self.worst = 0, 0.0

    def _move(self, z: float, day: int, hourly: dict[int, float]) -> None:
        mean = math.exp(z + self.level + self.weekday[day])
        spread = self.spread
        step = max(-CLIP * spread, min(CLIP * spread, z))
        weeks, met, now, beyond = self.days // 7, self.met[day], max(-FIRST, min(FIRST, z)), 0.0
        if math.inf in met:
            self.weekday[day] += max(WEEKDAY, 1 / max(weeks, 1)) * step
        elif weeks and (met or abs(now) <= ORDINARY):
            first = met[-1] - self.level if met else 0.0
            both = min(2 * first, now, key=abs) if first * now > 0 else 0.0
            own = now if abs(now) <= ORDINARY else both
            self.weekday[day] += own
            beyond = own - step
            met.append(math.inf)
        else:
            met.append(self.level + now)
        middle = sum(self.weekday) / 7
        self.weekday = [one - middle for one in self.weekday]
        level = self.level + max(1 - 0.5 ** (1 / self.rule.half), 1 / (self.days + 1)) * step + beyond / 7
        self.level = level if weeks else median(some[-1] for some in self.met if some and some[-1] < math.inf)
        learns = max(1 / self.rule.memory, 1 / (self.days + SPREAD_DAYS))
        self.variance += learns * (min(z * z, (CLIP * spread) ** 2) - self.variance)
        for h, v in hourly.items():
            if h in self.shape and mean > 0:
                self.shape[h] += SHAPE * (min(v / mean, 24) - self.shape[h])
        self.days += 1
