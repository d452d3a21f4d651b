"""The messages of a watch: one when it is sure, one when it has grown or was wrong, one when it is over.  No I/O.

Nothing is said of what was never told, and nothing twice.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import msgspec

from pipeline.errors import few
from pipeline.explain.text import chance_text, country_time, lasting
from pipeline.records import Outage
from pipeline.watch.picture import BACK, OUT, PAST, UNSEEN, Country, Place, View

DEEPER = 0.25  # how much more must be lost than was told before it is told again [0-1]
PAUSE = 600  # least time between two messages of a country, so that what falls within minutes is one [s]
HOLD = 900  # how long what was told must be gone without an end, or be another kind, and a country not be seen [s]


class Notice(msgspec.Struct, frozen=True):
    """A message: its first line, and three more that fit a phone's first screen."""

    title: str
    lines: tuple[str, ...]


class Told(msgspec.Struct):
    """What was told of a country, and when [s]: its open outages, what was out, and how much was lost at most [0-1]."""

    at: int
    ids: list[str]
    words: str
    out: list[str]
    lost: float
    start: int


class Memory(msgspec.Struct):
    """What was told, for the next start: by country; ``unseen``: countries of which it was told that they are not."""

    told: dict[str, Told] = {}
    unseen: list[str] = []


@dataclass
class Notices:
    """``since``: from when on nothing is seen of a country, or what was told of it is gone [s]."""

    memory: Memory = field(default_factory=Memory)
    since: dict[tuple[str, str], int] = field(default_factory=dict)

    def of(self, view: View) -> Iterator[Notice]:
        """What is to be told by now."""
        yield from self._sight(view)
        for country in view.countries:
            if country.place.state != PAST:
                yield from self._news(country, view)

    def _lasts(self, what: str, country: str, is_so: bool, now: int) -> bool:
        """Whether something has been so for `HOLD`."""
        if not is_so:
            self.since.pop((what, country), None)
            return False
        return now - self.since.setdefault((what, country), now) >= HOLD

    def _sight(self, view: View) -> Iterator[Notice]:
        """One message for all countries that are not seen, by cause."""
        blind = [
            one for one in view.countries
            if self._lasts("blind", one.place.entity, one.place.state == UNSEEN, view.at)
        ]  # fmt: skip
        names = [one.place.entity for one in blind]
        if new := [name for name in names if name not in self.memory.unseen]:
            causes: dict[str, list[str]] = {}
            for feed in view.health:
                causes.setdefault(feed.reason or f"{feed.status}, without values", []).append(feed.feed)
            lines = [f"{', '.join(feeds)}: {reason}." for reason, feeds in causes.items()]
            said = "An outage there would go unnoticed. That none is told does not mean that there is none."
            yield Notice(f"We cannot see {few([one.place.name for one in blind])}", (said, *lines))
            self.memory.unseen += new
        seen = {one.place.entity: one.place.name for one in view.countries if one.place.state not in (UNSEEN, PAST)}
        if again := [seen[name] for name in self.memory.unseen if name in seen]:
            self.memory.unseen = [name for name in self.memory.unseen if name not in seen]
            yield Notice(f"We see {few(again)} again", ())

    def _news(self, country: Country, view: View) -> Iterator[Notice]:
        code, told = country.place.entity, self.memory.told.get(country.place.entity)
        open_ones = [one for one in (country.place, *country.parts) if one.outage and one.state in (OUT, BACK, UNSEEN)]
        sure = [one for one in open_ones if one.state == OUT]
        if told is None:
            if sure:
                yield self._tell(country, view, open_ones, sure)
            return
        records = {outage.id: outage for outage, _ in view.outages}
        if not any(one.outage in told.ids for one in open_ones) and not sure:
            ended = [records[name] for name in told.ids if name in records and records[name].end is not None]
            if ended and not self._is_open(told, records):
                yield self._over(country, told, ended)
            elif self._lasts("gone", code, not self._is_open(told, records), view.at):
                lines = (f"Told {country_time(told.at, code)}. What has come since then does not bear it out.",)
                yield self._end(code, Notice(f"{country.place.name}: it was no outage", lines))
            return
        self._lasts("gone", code, False, view.at)
        new = [one for one in sure if one.name not in told.out]
        lost = max((one.now or 0.0 for one in sure), default=0.0)
        is_other = self._lasts("other", code, bool(sure) and _words(country, open_ones) != told.words, view.at)
        if view.at - told.at >= PAUSE and (new or lost >= told.lost + DEEPER or is_other):
            yield self._tell(country, view, open_ones, sure)

    @staticmethod
    def _is_open(told: Told, records: dict[str, Outage]) -> bool:
        return any(name in records and records[name].end is None for name in told.ids)

    def _tell(self, country: Country, view: View, open_ones: list[Place], sure: list[Place]) -> Notice:
        place, code = country.place, country.place.entity
        before = self.memory.told.get(code)
        worst = max(sure, key=lambda one: (one.entity_type == "country", one.lost or 0.0))
        outages = {outage.id: outage for outage, _ in view.outages}
        start = min(outages[one.outage].start for one in open_ones if one.outage in outages)
        words, out = _words(country, open_ones), [one.name for one in sure]
        self.memory.told[code] = Told(
            view.at, sorted({*(before.ids if before else ()), *(one.outage or "" for one in open_ones)}), words,
            sorted({*(before.out if before else ()), *out}), max(one.now or 0.0 for one in sure),
            min(start, before.start) if before else start,
        )  # fmt: skip
        stand = [_short(name) for name in country.stand]
        parts = [f"{_short(one.name)} {_share(one.now)}" for one in sure if one.entity_type != "country"]
        which = [f"Out: {few(parts)}."] if parts else []
        which += [f"Stand: {few(stand)}."] if stand else []
        unseen = few([line.partition(": ")[0].partition(" (")[0] for line in country.unseen])
        now = f"Lost now: {_share(worst.now)}, at worst {_share(worst.lost)}."
        lines = (
            f"Since {country_time(start, code)}. {now}",
            " ".join(which),
            f"We are {chance_text(worst.sure or 0.0)} sure.{unseen and f' Not seen: {unseen}.'}",
        )
        return Notice(f"{place.name}{', more' if before else ''}: {words}", tuple(filter(None, lines)))

    def _over(self, country: Country, told: Told, ended: list[Outage]) -> Notice:
        code = country.place.entity
        end = max(outage.end or 0 for outage in ended)
        back = [_short(name) for name in told.out if name != country.place.name]
        lines = (
            f"From {country_time(told.start, code)} to {country_time(end, code)}.",
            f"Back: {few(back)}." if back else "",
        )
        title = f"{country.place.name}: over after {lasting(end - told.start)}"
        return self._end(code, Notice(title, tuple(filter(None, lines))))

    def _end(self, code: str, notice: Notice) -> Notice:
        self.memory.told.pop(code)
        self.since.pop(("gone", code), None)
        return notice


def _words(country: Country, open_ones: list[Place]) -> str:
    """What is the matter, in words that stay the same while nothing else is."""
    whole = country.place
    if whole in open_ones:
        return whole.words.partition(": ")[2] or whole.words
    return f"{few([_short(one.name) for one in open_ones])} down, not all of the country"


def _short(name: str) -> str:
    """A network without its number and country, which do not fit a phone."""
    title, _, number = name.partition(" (")[0].partition(", AS")
    return title if number.isdigit() or not number else name


def _share(lost: float | None) -> str:
    return "an unknown share" if lost is None else f"{100 * lost:.0f} %"
