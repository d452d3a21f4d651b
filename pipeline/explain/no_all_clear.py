"""What there is no all-clear for: what was not observed or not judged for a time, and series with a short history."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby

from pipeline.bins import DAY, NEVER
from pipeline.codec import iso
from pipeline.errors import FEW, few
from pipeline.explain.terms import signal_name
from pipeline.explain.text import counted, entity_name, lasted, place_name, utc
from pipeline.fusion.life import RETRACTED
from pipeline.geo.calendar import Almanac
from pipeline.records import Entity, Outage, Places, placed
from pipeline.replay.coverage import Gap, Observed, Past, Series
from pipeline.replay.report import Unjudged


def too_short(past: Past, places: Places) -> Iterator[str]:
    """The series with less than two days of values, in one sentence."""
    if short := past.too_short():
        yield (
            f"No all-clear for {few(_names(short, past, places))}: less than two days of values, from "
            f"{utc(min(past.spans[series].first for series in short))} UTC on. Nothing is confirmed in a series' first "
            "day, its baseline: replay the days before as well, better four weeks."
        )


def unobserved(observed: Observed, places: Places) -> Iterator[str]:
    """What was not observed and when, those of the same times in one sentence, countries first."""
    groups: dict[tuple[str, tuple[Gap, ...]], list[str]] = {}
    found = observed.gaps()
    for unseen in sorted(found, key=lambda unseen: (unseen[1] != "country", unseen)):
        signals, kind, entity = unseen
        missing, left = ", ".join(signals), ", ".join(observed.routes_left(unseen))
        what = f"only {left} observed" if left else f"{missing} not observed" if missing and kind else "not observed"
        groups.setdefault((what, found[unseen]), []).append(place_name(kind, entity, places) if kind else missing)
    for (what, gaps), names in list(groups.items())[:FEW]:
        alone = "; routes alone do not show a mobile shutdown" if what.startswith("only ") else ""
        yield f"No all-clear for {few(names)}: {_when(gaps, what)}{alone}."
    rest = sum(map(len, list(groups.values())[FEW:]))
    if rest:
        yield f"Nor for {rest:,} more, each not observed at other times: --json names them all."


def no_all_clear(
    past: Past, observed: Observed, unjudged: Iterable[Unjudged]
) -> dict[str, list[dict[str, str | int | None]]]:
    """The same for a program, and what was observed and not judged: times in ISO, None where there is no end."""
    spans = [(*series, iso(past.spans[series].first), iso(past.spans[series].last)) for series in past.too_short()]
    gaps = [
        (signal, *place, *(None if time is None else iso(time) for time in gap))
        for (signals, *place), found in observed.gaps().items() for gap in found for signal in signals or ("",)
    ]  # fmt: skip
    names = ("signal", "entity_type", "entity", "first", "last")
    unseen = ("signal", "entity_type", "entity", "start", "end")
    return {
        "too_short": [dict(zip(names, span, strict=True)) for span in spans],
        "unobserved": [dict(zip(unseen, gap, strict=True)) for gap in gaps],
        "hardly_judged": [dict(zip(names, one[:3], strict=False)) for one in unjudged if one.first is None],
        "not_judged": [
            {
                **dict(zip(names, (*one[:3], iso(one.first), iso(one.last)), strict=True)),
                "more_hours": one.more,
                "until": iso(one.last if one.until is None else one.until),
            }
            for one in unjudged
            if one.first is not None and one.last is not None
        ],
    }


def _when(gaps: tuple[Gap, ...], what: str = "not observed") -> str:
    times, between = [], [(gap.start, gap.end) for gap in gaps if gap.start is not None and gap.end is not None]
    if gaps[0] == (None, None):
        return what.replace("not observed", "never observed")
    if gaps[0].start is None:
        times.append(f"before {utc(gaps[0].end or NEVER)} UTC")
    if between:
        first, last, length = (
            utc(between[0][0]),
            utc(between[-1][1]),
            lasted(sum(end - start for start, end in between)),
        )
        once = f"from {first} to {last} UTC"
        many = f"{len(between)} times between {first} and {last} UTC, {length} in all"
        times.append(once if len(between) == 1 else many)
    if gaps[-1].end is None and gaps[-1].start is not None:
        times.append(f"from {utc(gaps[-1].start)} UTC on")
    return f"{what} " + (", nor " if "not" in what else ", and ").join(times)


def _names(short: list[Series], past: Past, places: Places) -> list[str]:
    """With the signals where others of the entity reach further back."""
    signals: dict[tuple[str, str], list[str]] = {}
    for signal, kind, entity in short:
        signals.setdefault((kind, entity), []).append(signal)
    count = Counter(series[1:] for series in past.spans)
    order = sorted(signals, key=lambda entity: (entity[0] != "country", entity))
    names = []
    for kind, entity in order:
        own = signals[kind, entity]
        some = not entity or count[kind, entity] > len(own)
        names.append(
            " of ".join(word for word in (", ".join(own) if some else "", place_name(kind, entity, places)) if word)
        )
    return names


def hardly_judged(found: Iterable[Unjudged], places: Places) -> Iterator[str]:
    """A sentence for each signal too noisy, small or new to be judged, always or for a time."""
    for (signal, is_for_time), group in groupby(found, key=lambda one: (one.signal, one.first is not None)):
        own = list(group)
        names = [place_name(one.entity_type, one.entity, places) for one in own]
        if is_for_time:
            names = [f"{name} ({_unjudged_when(one)})" for name, one in zip(names, own, strict=True)]
            why = "too noisy, small or new to judge. Even a total loss may go unreported."
        else:
            why = "too noisy to judge. At most a loss of nearly all is reported."
        yield f"{few(names)}, {signal_name(signal)}: {why}"


def never_judged(found: Iterable[Unjudged], observed: Observed) -> list[Entity]:
    """The countries that no signal judged, or hardly ever: nothing is known of these."""
    noisy = {one[:3] for one in found if one.first is None}
    judged = {series[1:] for series in observed.stretches if series not in noisy}
    countries = {name for _, kind, name in noisy if kind == "country"}
    return [Entity("country", name, name) for name in sorted(countries) if ("country", name) not in judged]


def of_no_signal(found: Iterable[Unjudged], observed: Observed) -> Iterator[str]:
    """That there is no all-clear for these."""
    if countries := never_judged(found, observed):
        names = few([entity_name(country) for country in countries])
        yield f"No all-clear for {names}: too noisy to judge by any signal. At most a loss of nearly all is reported."


def _unjudged_when(one: Unjudged) -> str:
    """Without the others the rest would look judged and quiet."""
    longest = f"{utc(one.first or 0)} to {utc(one.last or 0)} UTC"
    if one.until is None:
        return longest
    more = f"{longest} and {counted(one.more, 'hour')} more"
    return f"{more} before" if one.until == one.last else f"{more}, the last until {utc(one.until)} UTC"


def days_elsewhere(days: Mapping[str, str], observed: Observed, places: Places) -> Iterator[str]:
    """That none of the named days is in the recording: perhaps a year is mistyped."""
    if not (days and observed.stretches):
        return
    almanac, first, last = Almanac(public=False, matter=days), observed.first, observed.last
    countries = {placed(*series[1:], places).country for series in observed.stretches}
    near = (day for country in sorted(countries) for day in almanac.around(country, first // DAY, last // DAY))
    if not any(day.start <= last and first < day.end for day in near):
        yield f"No day of calendar.days is in the recording: {few(sorted(days))}."


def of_no_country(found: Iterable[Outage], places: Places) -> Iterator[str]:
    """That networks are out that belong to no known country, in one sentence."""
    lost = {o.entity for o in found if o.entity_type == "asn" and o.state != RETRACTED}
    lost = {name for name in lost if not placed("asn", name, places).country}
    if lost:
        ends, them = ("s", "it") if len(lost) == 1 else ("", "them")
        belong = f"{counted(len(lost), 'network')} that fell belong{ends} to no country"
        yield f"{belong}, for want of a line in entities.csv: nothing follows from {them} for any country."
