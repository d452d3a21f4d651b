"""What a person sees in the terminal: outages as a table, and how far a replay is."""

from collections.abc import Callable, Iterable, Iterator
from types import TracebackType

import msgspec
from rich.box import SIMPLE_HEAD
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from pipeline.bins import NEVER
from pipeline.errors import few, printable
from pipeline.explain.terms import because
from pipeline.explain.text import Gazetteer, chance_text, clocks, counted, lasted, place_name, until, utc
from pipeline.fusion.outages import CONFIRMED, RECOVERING
from pipeline.geo.countries import has_zone
from pipeline.records import Entity, Outage, Places, placed
from pipeline.replay.coverage import Past
from pipeline.replay.report import ReplayReport, by_country

STYLES = {
    "suspected": "yellow",
    "confirmed": "bold red",
    "recovering": "cyan",
    "ended": "green",
    "retracted": "dim",
}


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


def still_out(
    sure: list[Outage], past: Past, places: Places, back_again: Callable[[Outage], str] = lambda outage: ""
) -> str:
    """Which of the confirmed outages go on when the recording ends, with a `MARK` where that is in doubt, and with how
    much is ``back_again``."""
    out, back = (
        [
            place_name(outage.entity_type, outage.entity, places) + MARK * past.marks(outage)[1] + back_again(outage)
            for outage in by_country(sure, places)
            if outage.state == state
        ]
        for state in (CONFIRMED, RECOVERING)
    )
    when = f"when the recording ended, {utc(past.observed.last)} UTC"
    of_all = f"({len(out):,} of {counted(len(sure), 'outage')}) " if len(sure) > 1 else ""
    said = [f"Still out {of_all}{when}: {few(out)}."] if out else []
    said += [f"Recovering{'' if out else f' {when}'}: {few(back)}."] if back else []
    return " ".join(said) or f"All of these were over {when}."


class Watching:
    """A live table of the outages that a replay finds, and the event time that it has reached.

    Where the output is no terminal nothing is drawn: the result is printed at the end.
    """

    def __init__(self, console: Console, report: ReplayReport, end: int | None = None) -> None:
        self.console, self.report, self.end = console, report, end
        self.live = Live(console=console, get_renderable=self.render, refresh_per_second=4, transient=True)

    def render(self) -> Group:
        """The picture as it is now."""
        found = sorted(list(self.report.outages.values()), key=lambda o: (o.start, o.id))  # noqa: C414 (another thread)
        line = Text(f"{self._where()}   outages so far: {len(found)}", "dim")
        if not found:
            return Group(line)
        places = self.report.places
        return Group(outages_table(by_country(found[-8:], places), places, self.console.width), line)

    def _where(self) -> str:
        reached = self.report.watermark
        if reached == NEVER:
            return "the worker starts ..."
        return f"event time: {utc(reached)} UTC" + (f" of {utc(self.end)}" if self.end is not None else "")

    def __enter__(self) -> "Watching":
        if self.console.is_terminal:
            self.live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.live.stop()
