"""What a person sees in the terminal: outages as a table, times in UTC and local, durations in words."""

from collections.abc import Iterable

from rich.table import Table
from rich.text import Text

from pipeline.localtime import country_name, zone
from pipeline.records import Outage, iso

STYLES = {
    "suspected": "yellow",
    "confirmed": "bold red",
    "recovering": "cyan",
    "ended": "green",
    "retracted": "dim",
}


def duration(seconds: int) -> str:
    """A duration in words.

    Examples
    --------
    >>> duration(13 * 3600 + 5 * 60), duration(45 * 60), duration(3 * 86400 + 3600)
    ('13 h 05 min', '45 min', '3 d 1 h')
    """
    minutes = seconds // 60
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 2 * 24 * 60:
        return f"{minutes // 60} h {minutes % 60:02d} min"
    return f"{minutes // 1440} d {minutes % 1440 // 60} h"


def local(time: int, country: str) -> str:
    """Local time of a country, with the name of its zone; '' where it is not known.

    Examples
    --------
    >>> local(1707357600, "PK")
    '07:00 PKT'
    """
    place = zone(country)
    if place is None:
        return ""
    import datetime

    moment = datetime.datetime.fromtimestamp(time, place)
    return f"{moment:%H:%M %Z}"


def utc(time: int) -> str:
    """UTC time for a table.

    Examples
    --------
    >>> utc(1707357600)
    '2024-02-08 02:00'
    """
    return iso(time)[:16].replace("T", " ")


def outages_table(outages: Iterable[Outage], countries: dict[tuple[str, str], str], title: str = "") -> Table:
    """The outages as a table; ``countries`` says which country an entity belongs to."""
    table = Table(title=title or None, title_justify="left", title_style="bold", pad_edge=False)
    for name, justify in (
        ("who", "left"), ("state", "left"), ("kind", "left"), ("since (UTC)", "left"), ("local", "left"),
        ("until (UTC)", "left"), ("local", "left"), ("lasted", "right"), ("lost", "right"), ("sure", "right"),
        ("because of", "left"),
    ):  # fmt: skip
        table.add_column(name, justify=justify, no_wrap=name != "because of")  # type: ignore[arg-type]
    for outage in outages:
        country = countries.get((outage.entity_type, outage.entity), "")
        table.add_row(
            name_of(outage, country), Text(outage.state, STYLES.get(outage.state, "")), outage.kind,
            utc(outage.start), local(outage.start, country),
            utc(outage.end) if outage.end is not None else "still out" if outage.state != "retracted" else "",
            local(outage.end, country) if outage.end is not None else "",
            duration(outage.end - outage.start) if outage.end is not None else "",
            f"{outage.severity:.0%}", f"{outage.probability:.0%}", because(outage),
        )  # fmt: skip
    return table


def name_of(outage: Outage, country: str) -> str:
    """Who it is about, for a person: a country by its name."""
    if outage.entity_type == "country":
        return f"{country_name(outage.entity)} ({outage.entity})"
    return f"{outage.entity} ({country})" if country else outage.entity


def because(outage: Outage) -> str:
    """The evidence in words, the heaviest first: ``probing.ioda at 35 %``."""
    terms = sorted((t for t in outage.signals if t.weight > 0), key=lambda t: (-t.weight, t.signal))
    return ", ".join(t.signal + ("" if t.ratio is None else f" at {t.ratio:.0%}") for t in terms)
