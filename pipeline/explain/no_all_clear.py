"""What there is no all-clear for: when signals said nothing of places, and what the recording does not have."""

from collections.abc import Iterable, Iterator
from itertools import groupby

from pipeline.bins import DAY
from pipeline.codec import iso
from pipeline.errors import few
from pipeline.explain.terms import signal_name
from pipeline.explain.text import counted, entity_name, lasted, place_name, until, utc
from pipeline.fusion.life import RETRACTED
from pipeline.geo.homes import placed
from pipeline.records import Entity, Outage, Places
from pipeline.replay.coverage import Observed, Silence

MOST = 10
"""So many sentences are said, of the first places; the others are counted [-]."""


ANY = "any place"


def not_judged(found: Iterable[Silence], places: Places) -> Iterator[str]:
    """Of which places a signal said nothing, why and when: a sentence for each signal and time, countries first."""
    groups: dict[tuple[str, str, tuple[tuple[int, int | None], ...]], list[str]] = {}
    for (signal, kind, entity, why), own in groupby(found, key=lambda one: one[:4]):
        times = tuple((one.start, one.end) for one in own)
        groups.setdefault((signal, why, times), []).append(place_name(kind, entity, places) or ANY)
    for (signal, why, times), names in list(groups.items())[:MOST]:
        yield f"No all-clear for {few(names)} by {signal_name(signal)}: {why} {_when(times)}."
    if rest := sum(map(len, list(groups.values())[MOST:])):
        yield f"Nor for {rest:,} more, each at other times: --json names them all."


def _when(times: tuple[tuple[int, int | None], ...]) -> str:
    start, end = times[0][0], times[-1][1]
    if len(times) == 1:
        return f"from {utc(start)} UTC on" if end is None else f"from {utc(start)} to {until(start, end)} UTC"
    over = [(start, end) for start, end in times if end is not None]
    length = lasted(sum(end - start for start, end in over))
    said = f"{len(over)} times from {utc(start)} to {until(start, over[-1][1])} UTC, {length} in all"
    return said if end is not None else f"{said}, and from {utc(times[-1][0])} UTC on"


def plain(found: Iterable[Silence]) -> list[dict[str, str | None]]:
    """The same for a program: times in ISO, None where there is no end."""
    return [
        {
            "signal": one.signal, "entity_type": one.entity_type, "entity": one.entity, "why": one.why,
            "start": iso(one.start), "end": None if one.end is None else iso(one.end),
        }
        for one in found
    ]  # fmt: skip


def mute(countries: Iterable[Entity]) -> Iterator[str]:
    """That nothing is known of these countries at all."""
    if names := [entity_name(country) for country in countries]:
        yield f"Nothing is known of {few(names)}: no signal ever said anything."


def days_elsewhere(days: Iterable[str], observed: Observed) -> Iterator[str]:
    """That none of the named days is in the recording: perhaps a year is mistyped."""
    first, last = (utc(time)[:10] for time in (observed.first - DAY, observed.last + DAY))
    if (named := sorted(days)) and not any(first <= day.partition(" ")[2] <= last for day in named):
        yield f"No day that matters in the settings is in the recording: {few(named)}."


def of_no_country(found: Iterable[Outage], places: Places) -> Iterator[str]:
    """That networks are out that belong to no known country, in one sentence."""
    lost = {o.entity for o in found if o.entity_type == "asn" and o.state != RETRACTED}
    lost = {name for name in lost if not placed("asn", name, places).country}
    if lost:
        ends, them = ("s", "it") if len(lost) == 1 else ("", "them")
        belong = f"{counted(len(lost), 'network')} that fell belong{ends} to no country"
        yield f"{belong}, for want of a line in entities.csv: nothing follows from {them} for any country."
