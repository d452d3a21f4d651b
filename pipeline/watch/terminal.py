"""A watch in the terminal: one live table, or a line for each change where the output is no terminal."""

from collections.abc import Iterator, Sequence
from textwrap import wrap

from rich.cells import cell_len
from rich.console import Group
from rich.table import Table
from rich.text import Text

from pipeline.codec import seconds
from pipeline.errors import printable
from pipeline.explain.text import chance_text, lasted, lasting, utc
from pipeline.fusion.life import ENDED
from pipeline.records import Outage
from pipeline.watch.picture import BACK, FINE, LOW, NORMAL, OUT, PERHAPS, Country, Place, Reading, View

STYLES = {OUT: "bold red", BACK: "cyan", PERHAPS: "yellow", FINE: "green"}
HEADS = ("where", "state", "since", "lost", "worst", "sure")
NUMBERS = ("lost", "worst", "sure", "value", "usual", "of usual", "age")
"""Columns of numbers."""
PARTS = 6
"""Most places of a country that are shown [-]."""


def screen(view: View, width: int, height: int, where: str = "", note: str = "") -> Group:
    """The view for a terminal of that size; ``where``: address of the page; ``note``: what went wrong last.

    What is out comes first; signals and then sentences are left out, and counted, where there is no room.
    """
    head = Text(f"netvigil watch  {utc(view.at)} UTC", "dim")
    if where:
        head.append(f"  {where}")
    places, many = _places(view, width, height // 2), len(view.countries) > 1
    rows = [(one.place, read) for one in view.countries for read in one.place.signals]
    blind = [printable(sentence) for country in view.countries for sentence in _sentences(country, many)]
    room = height - len(places) - 3 - bool(note)
    kept = _fitted(blind, width, max(room // 2, room - len(rows)))
    signals = [_signals(rows[: max(1, room - len(kept))], many)] if rows else []
    below = [Text("What cannot be seen", "bold"), *kept] if kept else [Text("Every signal can be judged.", "dim")]
    return Group(head, *places, *signals, *below, *([Text(printable(note), "yellow", no_wrap=True)] if note else []))


def _fitted(sentences: list[str], width: int, room: int) -> list[Text]:
    """The sentences in so many lines: whole, else the beginning of each, else the first ones."""
    lines = [line for one in sentences for line in wrap(one, width, initial_indent="  ", subsequent_indent="    ")]
    if len(lines) <= room:
        return [Text(line) for line in lines]
    cut = [Text(f"  {one}", overflow="ellipsis", no_wrap=True) for one in sentences]
    if len(cut) <= room:
        return cut
    return [*cut[: room - 1], Text(f"  and {len(cut) - room + 1} more: see the page", "dim")]


def _sentences(country: Country, is_named: bool) -> Iterator[str]:
    for sentence in country.unseen:
        yield f"{country.place.name}: {sentence}" if is_named else sentence


def _places(view: View, width: int, room: int) -> list[Text]:
    """Each place in a row, and what is said of it below; with fewer places and less words where there is no room."""
    lines = list[Text]()
    for parts, is_told in [*((n, True) for n in range(PARTS, 0, -1)), (1, False)]:
        lines = list(_lines(view, width, parts, is_told))
        if len(lines) <= room:
            break
    return lines


def _lines(view: View, width: int, parts: int, is_told: bool) -> Iterator[Text]:
    shown = [
        (place, "  " * (place is not country.place), len(country.parts) - parts if place is last else 0)
        for country in view.countries
        for last in [(country.place, *country.parts[:parts])[-1]]
        for place in (country.place, *country.parts[:parts])
    ]
    rows = [HEADS, *((f"{indent}{printable(place.name)}", *_cells(place, view.at)) for place, indent, _ in shown)]
    sizes = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    sizes[0] = min(sizes[0], width - sum(sizes[1:]) - 2 * (len(sizes) - 1))
    yield Text(_row(HEADS, sizes), "dim")
    for (place, indent, left), row in zip(shown, rows[1:], strict=True):
        style = STYLES.get(place.state, "")
        name, *rest = wrap(row[0], sizes[0], subsequent_indent=f"{indent}  ")
        said = wrap(_said(place), width, initial_indent=f"{indent}  ", subsequent_indent=f"{indent}  ")
        yield Text(_row((name, *row[1:]), sizes), style)
        yield from (Text(line, style) for line in (*rest, *(said if is_told else ())))
        if left > 0:
            yield Text(f"  and {left} more")


def _row(cells: Sequence[str], sizes: Sequence[int]) -> str:
    """The cells side by side, those of numbers at the right of their columns."""
    gaps = [" " * (size - cell_len(cell)) for cell, size in zip(cells, sizes, strict=True)]
    sides = [gap + cell if head in NUMBERS else cell + gap for cell, gap, head in zip(cells, gaps, HEADS, strict=True)]
    return "  ".join(sides).rstrip()


def _cells(place: Place, now: int) -> tuple[str, ...]:
    lost = ("" if share is None else f"{share:.0%}" for share in (place.now, place.lost))
    return place.state, _since(place, now), *lost, "" if place.sure is None else chance_text(place.sure)


def _said(place: Place) -> str:
    """What is said of a place beside its state."""
    words = place.words.removeprefix(place.state).lstrip(",;: ")
    held = place.held_by and f"not confirmed: {place.held_by}"
    return printable("; ".join(filter(None, (place.read and f"until {place.read}", words, held))))


def _since(place: Place, now: int) -> str:
    """Local time of the onset with its zone, and with its date once that is half a day ago."""
    day, _, rest = place.since_local.partition(", ")
    clock = rest.partition(" (local")[0]
    if place.since is None or seconds(place.since) > now - 12 * 3600:
        return clock
    return f"{' '.join(day.split(' ')[1:3])} {clock}"


def _signals(rows: list[tuple[Place, Reading]], is_named: bool) -> Table:
    table = _table("signal", "state", "value", "usual", "of usual", "age")
    for place, one in rows:
        title = f"{place.name}: {one.title}" if is_named else one.title
        cells = ["–" if v is None else f"{v:,.0f}" if v >= 10 else f"{v:.3g}" for v in (one.value, one.usual)]
        ratio, age = "–" if one.share is None else f"{one.share:.0%}", "–" if one.age is None else lasted(one.age)
        style = "red" if one.state == LOW else "" if one.state == NORMAL else "dim"
        table.add_row(printable(title), one.state, *cells, ratio, age, style=style)
    return table


def _table(*heads: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for head in heads:
        table.add_column(head, no_wrap=True, overflow="ellipsis", justify="right" if head in NUMBERS else "left")
    return table


class Changes:
    """A line for each change of state of a place or a feed."""

    def __init__(self) -> None:
        self.said: dict[str, tuple[str, str]] = {}

    def lines(self, view: View) -> Iterator[str]:
        """What is new in a view."""
        places = [place for country in view.countries for place in (country.place, *country.parts)]
        now = {f"{place.entity_type}/{place.entity}": (place.name, _told(place)) for place in places}
        for feed in view.health:
            now[f"feed/{feed.feed}"] = f"feed {feed.feed}", feed.status + (f": {feed.reason}" if feed.reason else "")
        ended = {f"{o.entity_type}/{o.entity}": o for o, _ in reversed(view.outages) if o.state == ENDED}
        gone = {key: (name, over(ended.get(key))) for key, (name, _) in self.said.items() if key not in now}
        for key, (name, words) in (now | gone).items():
            if self.said.get(key) != (name, words):
                yield printable(f"{utc(view.at)} UTC  {name}: {words}")
        self.said = now


def over(outage: Outage | None) -> str:
    """What became of an outage that is open no more."""
    if outage is None or outage.confirmed_at is None:
        return "no longer suspected"
    return f"restored after {lasting((outage.end or outage.start) - outage.start)}"


def _told(place: Place) -> str:
    return f"{place.words}, since {place.since_local}" if place.since else place.words
