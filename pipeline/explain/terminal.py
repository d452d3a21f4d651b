"""What a person sees in the terminal: outages as a table, times in UTC and local, and how far a replay is."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from types import TracebackType

import msgspec
from rich.box import SIMPLE_HEAD
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from pipeline.bins import NEVER
from pipeline.codec import iso
from pipeline.errors import few, printable
from pipeline.explain.metric_points import Gazetteer
from pipeline.explain.terms import because
from pipeline.explain.text import chance_text, offset
from pipeline.geo.countries import clock, has_zone
from pipeline.records import Entity, Outage, Places, placed

STYLES = {
    "suspected": "yellow",
    "confirmed": "bold red",
    "recovering": "cyan",
    "ended": "green",
    "retracted": "dim",
}


def utc(time: int) -> str:
    """UTC time for a table.

    Examples
    --------
    >>> utc(1707357600)
    '2024-02-08 02:00'
    """
    return iso(time)[:16].replace("T", " ")


WIDE = 120
"""Columns of a terminal in which the evidence has room [-]."""

NARROW = 80
"""Columns in which an outage has room in two lines [-]."""

FOLDED = 5
"""Networks that were out in one outage of their country share a row from so many on [-]."""


MARK = "*"
"""Stands at a time that is not exactly known."""

Marks = Callable[[Outage], tuple[bool, bool]]
"""Whether the onset of an outage is not exactly known, and whether its end is not."""


def outages_table(
    outages: Iterable[Outage], places: Places, width: int = 80, marks: Marks = lambda outage: (False, False)
) -> Table:
    """The outages as a table; in a narrow terminal names and times share what room the numbers leave.

    ``places``: what is known of their entities; ``marks``: which of their times get a `MARK`.  Many networks that
    were out in one outage of their country share a row: what a person has to read is the country's.
    """
    narrow = width < NARROW
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False, expand=narrow)
    table.add_column("where", overflow="fold", min_width=None if narrow else 12, ratio=2 if narrow else None)
    table.add_column("what", no_wrap=True)
    table.add_column("when", overflow="fold", no_wrap=not narrow, ratio=3 if narrow else None)
    table.add_column("lost", justify="right", no_wrap=True)
    if width >= WIDE:
        table.add_column("because of", overflow="fold")
    for some in _folded(outages):
        own = [placed(outage.entity_type, outage.entity, places) for outage in some]
        own = own if width >= WIDE else [_narrow(place) for place in own]
        row = _row(some[0], own[0], marks(some[0])) if len(some) == 1 else _shared(some, own, marks)
        table.add_row(*row[: len(table.columns)])
    return table


def _folded(outages: Iterable[Outage]) -> Iterator[list[Outage]]:
    """Each outage by itself, but networks that are back share a row where the first of them stands."""
    groups: dict[str, list[Outage]] = {}
    for outage in outages:
        is_one_of_many = outage.part_of and outage.entity_type == "asn" and outage.end is not None
        groups.setdefault(f"in {outage.part_of}" if is_one_of_many else outage.id, []).append(outage)
    for some in groups.values():
        yield from [some] if len(some) >= FOLDED else [[outage] for outage in some]


def how_folded(outages: Iterable[Outage]) -> str:
    """How a row that networks share is to be read, '' where none do."""
    if all(len(some) == 1 for some in _folded(outages)):
        return ""
    return "Networks in one row: first onset to last end, least and most that any lost; --json has each of them."


def by_country(outages: Iterable[Outage], places: Places) -> list[Outage]:
    """The outages country by country, as they began: the country first, then its parts by onset; what belongs to no
    country that is known comes last."""
    found = sorted(outages, key=lambda outage: (outage.start, outage.entity, outage.id))
    homes = {outage.id: placed(outage.entity_type, outage.entity, places).country for outage in found}
    order = {home: i for i, home in reversed(list(enumerate(homes.values())))}
    return sorted(found, key=lambda o: (not homes[o.id], order[homes[o.id]], o.entity_type != "country"))


LONGEST = 24
"""Characters of a name in a narrow terminal: with a network's number and a country it is two lines or three [-]."""


def _narrow(place: Entity) -> Entity:
    """A place whose names are cut where they are long; a network's number stays whole."""
    title, name, country = (_cut(text) for text in (place.title, place.name, place.country))
    return place._replace(title=title, name=place.name if place.type == "asn" else name, country=country)


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _row(outage: Outage, place: Entity, marked: tuple[bool, bool]) -> list[Text]:
    state = Text(outage.state, STYLES.get(outage.state, ""))
    sure = f"{chance_text(outage.probability)} sure"
    return [
        Text(printable(Gazetteer().name(place))), Text.assemble(outage.kind, "\n", state),
        Text(when(outage, place.country, marked)),
        Text(f"{outage.severity:.0%}\n{sure}"), Text(printable(because(outage))),
    ]  # fmt: skip


def _shared(some: list[Outage], places: list[Entity], marks: Marks) -> list[Text]:
    """The row of many networks: from the first onset to the last end, the least and the most that any lost, and the
    evidence of the one that lost most."""
    names = [Gazetteer().name(place._replace(country="")) for place in places]
    home = Gazetteer().name(Entity("country", places[0].country))
    kinds, states = dict.fromkeys(outage.kind for outage in some), dict.fromkeys(outage.state for outage in some)
    first, last = min(some, key=lambda outage: outage.start), max(some, key=lambda outage: outage.end or 0)
    least, worst = (extreme(some, key=lambda outage: outage.severity) for extreme in (min, max))
    whole = msgspec.structs.replace(first, end=last.end)
    return [
        Text(printable(f"{len(some)} networks of {home}: {few(names)}")),
        Text("\n").join([*map(Text, kinds), *(Text(state, STYLES.get(state, "")) for state in states)]),
        Text(when(whole, places[0].country, (any(marks(o)[0] for o in some), any(marks(o)[1] for o in some)))),
        Text(f"{least.severity:.0%}–{worst.severity:.0%}\n{chance_text(min(o.probability for o in some))} sure"),
        Text(printable(because(worst))),
    ]  # fmt: skip


ROOM = 34
"""Characters of a line of *when* that leave room for the other columns of a narrow terminal [-]."""


def when(outage: Outage, country: str, marked: tuple[bool, bool] = (False, False)) -> str:
    """Onset and end in UTC, each with a `MARK` or not, and below by the clocks there, with how long it lasted: that has
    a `MARK` where either of them has."""
    start, end, there = outage.start, outage.end, clocks(outage.start, outage.end, country)
    began, ended = (MARK if mark else "" for mark in marked)
    if end is None:
        return f"{utc(start)}{began} UTC, still out{ended}" + (f"\nsince {there} there" if there else "")
    above = f"{utc(start)}{began} – {until(start, end)}{ended} UTC"
    length = lasted(end - start) + (MARK if any(marked) else "")
    if not there:
        below = length + (f" (clocks in {country} differ)" if has_zone(country) else "")
    else:
        room = max(ROOM, len(above))
        below = f"{there} there{', ' if len(f'{there} there, {length}') <= room else chr(10)}{length}"
    return f"{above}\n{below}"


def until(start: int, end: int) -> str:
    """An end in UTC beside its start, without what of its date is the same.

    Examples
    --------
    >>> until(1707357600, 1707404400), until(1707357600, 1707444000), until(1703980800, 1704067200)
    ('15:00', '02-09 02:00', '2024-01-01 00:00')
    """
    first, last = utc(start), utc(end)
    return last[11:] if first[:10] == last[:10] else last[5:] if first[:4] == last[:4] else last


def clocks(start: int, end: int | None, country: str) -> str:
    """Onset and end by the clocks there, with a date where UTC's is another; '' where they have no one clock.

    Examples
    --------
    >>> clocks(1707357600, 1707404400, "PK"), clocks(1707357600, 1707420000, "PK"), clocks(1707357600, None, "US")
    ('07:00 – 20:00', '07:00 – 02-09 00:20', '')
    >>> clocks(1711843200, 1711850400, "DE")
    '01:00 (UTC+1) – 04:00 (UTC+2)'
    """
    times = [time for time in (start, end) if time is not None]
    zones = [clock(country, time) for time in times]
    there = [datetime.fromtimestamp(time, zone) for time, zone in zip(times, zones, strict=True) if zone]
    if len(there) < len(times):
        return ""
    dates = [utc(start)[:10], *(f"{at:%Y-%m-%d}" for at in there)]
    turned = len({at.utcoffset() for at in there}) > 1
    return " – ".join(
        (f"{at:%m-%d} " if date != before else "") + f"{at:%H:%M}" + (f" ({offset(at.utcoffset())})" if turned else "")
        for at, before, date in zip(there, dates, dates[1:], strict=False)
    )


def lasted(duration: int) -> str:
    """A duration [s] for a narrow column.

    Examples
    --------
    >>> lasted(13 * 3600 + 15 * 60), lasted(600), lasted(50 * 3600)
    ('13 h 15 min', '10 min', '2 d 2 h')
    """
    hours, minutes = divmod(max(0, duration) // 60, 60)
    days, hours = divmod(hours, 24)
    parts = [(days, "d"), (hours, "h"), (0 if days else minutes, "min")]
    return " ".join(f"{n} {unit}" for n, unit in parts if n) or "0 min"


class Watching:
    """A live table of the outages that a replay finds, and the event time that it has reached.

    Where the output is no terminal nothing is drawn: the result is printed at the end.
    """

    def __init__(self, console: Console, places: Callable[[], Places], end: int | None = None) -> None:
        self.console, self.places, self.end = console, places, end
        self.outages: dict[str, Outage] = {}
        self.reached = NEVER
        self.live = Live(console=console, get_renderable=self.render, refresh_per_second=4, transient=True)

    def render(self) -> Group:
        """The picture as it is now."""
        found = sorted(self.outages.values(), key=lambda o: (o.start, o.id))
        line = Text(f"{self._where()}   outages so far: {len(found)}", "dim")
        if not found:
            return Group(line)
        places = self.places()
        return Group(outages_table(by_country(found[-8:], places), places, self.console.width), line)

    def _where(self) -> str:
        if self.reached == NEVER:
            return "the worker starts ..."
        return f"event time: {utc(self.reached)} UTC" + (f" of {utc(self.end)}" if self.end is not None else "")

    def see(self, output: object) -> None:
        """Take in what comes out of a replay."""
        if isinstance(output, Outage):
            self.outages[output.id] = output
        self.reached = max(self.reached, getattr(output, "watermark", NEVER))

    def __enter__(self) -> "Watching":
        if self.console.is_terminal:
            self.live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.live.stop()
