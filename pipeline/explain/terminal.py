"""What a person sees in the terminal: outages as a table, one line each, and how far a replay is."""

from collections.abc import Iterable
from types import TracebackType

from rich.cells import cell_len
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from pipeline.bins import NEVER
from pipeline.errors import printable
from pipeline.explain.text import chance_text, clocks, entity_name, is_exact, until, utc
from pipeline.fusion.life import CONFIRMED, OPEN
from pipeline.geo.homes import placed
from pipeline.records import Entity, Outage, Places
from pipeline.replay.report import ReplayReport, by_country

STYLES = {
    "suspected": "yellow",
    "confirmed": "bold red",
    "recovering": "cyan",
    "ended": "green",
    "retracted": "dim",
}

ROWS = 14
"""Outages that fit above six lines of text in a terminal of 24 lines [-]."""

LEAST_NAME = 12
"""Columns that a name needs; columns of the table are left out before it gets fewer [-]."""

MARK = "*"
"""Follows a time that is not exactly known."""


def marks(outage: Outage) -> tuple[bool, bool]:
    """Whether the onset of an outage is not exactly known, and whether its end is not."""
    ended = outage.end is not None and not is_exact(outage.end_between)
    return not is_exact(outage.start_between), ended


def outages_table(outages: Iterable[Outage], places: Places, width: int = 80) -> Table:
    """One line each, with a `MARK` at times that are not exactly known.  When narrow, names are cut, then columns left
    out."""
    outages = list(outages)
    own = [placed(outage.entity_type, outage.entity, places) for outage in outages]
    years = {utc(outage.start)[:4] for outage in outages}
    year = f" {min(years)}" if len(years) == 1 else ""
    columns = {
        "what": [outage.kind for outage in outages],
        f"since–until, UTC{year}": [_span(outage, not year, *marks(outage)) for outage in outages],
        "local time": [clocks(o.start, o.end, place.country) for o, place in zip(outages, own, strict=True)],
        "lost": [f"{outage.severity:.0%}" for outage in outages],
        "sure": [chance_text(outage.probability) for outage in outages],
    }
    widths = {head: max(map(cell_len, (head, *cells))) for head, cells in columns.items()}
    names = [printable(entity_name(place)) for place in own]
    for head in ("", "local time", "what"):
        widths.pop(head, None)
        room = width - sum(widths.values()) - len(widths)
        if room >= LEAST_NAME:
            break
    room = max(room, LEAST_NAME // 2)
    if max(map(cell_len, names), default=0) > room:
        names = [printable(_shortened(place, room)) for place in own]
    longest = max(map(cell_len, ("where", *names)))
    gap = 2 if longest + len(widths) <= room else 1
    table = Table(box=None, pad_edge=False, padding=(0, gap, 0, 0), header_style="dim")
    table.add_column("where", no_wrap=True, overflow="ellipsis", width=min(longest, room))
    for head, column in widths.items():
        table.add_column(head, no_wrap=True, width=column, justify="right" if head in ("lost", "sure") else "left")
    for i, outage in enumerate(outages):
        style = STYLES.get(outage.state, "") if outage.state in OPEN else ""
        table.add_row(Text(names[i]), *(columns[head][i] for head in widths), style=style)
    return table


def _span(outage: Outage, is_dated: bool, began: bool, ended: bool) -> str:
    start = utc(outage.start)[0 if is_dated else 5 :]
    goes_on = "still out" if outage.state == CONFIRMED else outage.state
    end = goes_on if outage.end is None else until(outage.start, outage.end)
    return f"{start}{MARK * began}–{end}{MARK * ended}"


def _shortened(place: Entity, room: int) -> str:
    name = entity_name(place._replace(country="") if place.type in ("region", "asn") else place)
    if cell_len(name) <= room or place.type != "asn" or not place.title:
        return name
    return f"{place.title[: max(1, room - len(place.name) - 3)]}…, {place.name}"


def most_important(outages: list[Outage], rows: int = ROWS) -> list[Outage]:
    """Countries first, then what is still out, then the deepest; a line less where some are left out."""
    if len(outages) <= rows:
        return outages
    order = sorted(outages, key=lambda o: (o.entity_type != "country", o.state != CONFIRMED, -o.severity))
    chosen = {outage.id for outage in order[: rows - 1]}
    return [outage for outage in outages if outage.id in chosen]


class Watching:
    """A live table of the outages and the event time reached; nothing where the output is no terminal."""

    def __init__(self, console: Console, report: ReplayReport, end: int | None = None) -> None:
        self.console, self.report, self.end = console, report, end
        self.live = Live(console=console, get_renderable=self.render, refresh_per_second=4, transient=True)

    def render(self) -> Group:
        found, reached = self.report.sorted(), self.report.watermark
        of_end = f" of {utc(self.end)}" if self.end is not None else ""
        where = "the worker starts ..." if reached == NEVER else f"event time: {utc(reached)} UTC{of_end}"
        line = Text(f"{where}   outages so far: {len(found)}", "dim")
        if not found:
            return Group(line)
        places = self.report.places
        return Group(outages_table(by_country(found[-8:], places), places, self.console.width), line)

    def __enter__(self) -> "Watching":
        if self.console.is_terminal:
            self.live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.live.stop()
