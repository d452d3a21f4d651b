"""What ``--why`` adds about outages: what their kinds mean, what was only suspected, what they look like, which times
are in doubt, and how to read the numbers."""

from collections.abc import Iterable, Iterator

from detectors.base import ALWAYS
from pipeline.bins import DAY
from pipeline.errors import FEW, few
from pipeline.explain.terms import (
    LIMITS,
    NO_SIGN,
    because,
    likely,
    looks,
    normal_kinds,
    sign_text,
    term_text,
)  # fmt: skip
from pipeline.explain.text import KIND_WORDS, chance_text, counted, entity_name, place_name, until, utc
from pipeline.fusion.life import BESIDE, CONFIRMED, PRIOR, RECOVERING, RETRACTED, SUSPECTED, speaking
from pipeline.kinds import KINDS, TRAFFIC, kind_of
from pipeline.records import Outage, Places
from pipeline.replay.coverage import Gap, Past
from pipeline.replay.report import by_country, confirmed

ALIKE = "That may be phones cut off, people who stay at home, or a source that sees less: check another source."
"""What may be behind traffic that fell while other signals did not."""

TECHNICAL = {
    **{kind: KIND_WORDS[kind] for kind in ("blackout", "partial", "stealth", "throttle")},
    "unknown": "connectivity is down, and no routes were seen that would say how",
}
"""Kinds of outages whose word does not say what it means; `why_mobile` has another one."""

OVER = "over by what others show"
GOES_ON = {CONFIRMED: "still out, as far as is known", RECOVERING: "recovering, by what others show"}
"""What is said of an outage whose signal is not observed, by its state."""

BEGAN, ENDED = "began", "ended"


def because_of(sure: list[Outage], places: Places) -> Iterator[str]:
    """Which signals showed each confirmed outage, and which did not."""
    for outage in sure:
        against_it = ", ".join(term_text(term) for term in outage.signals if term.weight < 0 and term.signal != PRIOR)
        name = place_name(outage.entity_type, outage.entity, places)
        yield f"{name}, {utc(outage.start)} UTC: {because(outage)}" + (
            f"; against it: {against_it}." if against_it else "."
        )


def suspicions(found: Iterable[Outage], places: Places) -> Iterator[str]:
    """What was never confirmed, a sentence each: how deep it was and by which signals; the deepest first."""
    doubted = by_country((outage for outage in found if outage.confirmed_at is None), places)
    for word, state in (("Still suspected", SUSPECTED), ("Retracted", RETRACTED)):
        own = sorted((o for o in doubted if o.state == state), key=lambda outage: -outage.severity)
        yield from (f"{word}: {_suspicion(outage, places)}." for outage in own[:FEW])
        if len(own) > FEW:
            yield f"{word}: {len(own) - FEW:,} more, in which no more was lost: --json has them all."


def _suspicion(outage: Outage, places: Places) -> str:
    name, start, end = place_name(outage.entity_type, outage.entity, places), utc(outage.start), outage.end
    sure = f"UTC on ({chance_text(outage.probability)} sure)"
    when = sure if end is None else f"to {until(outage.start, end)} UTC"
    reasons = because(outage)
    said = f"{name} from {start} {when}, {outage.severity:.0%} lost" + (f": {reasons}" if reasons else "")
    against = ", ".join(term_text(term) for term in outage.signals if term.weight < 0 and term.signal != PRIOR)
    said += f"; against it: {against}" if against else ""
    return said + (f"; held back by: {outage.held_by}" if outage.held_by else "")


def _shown_by(outage: Outage) -> list[tuple[str, float]]:
    own = [(term.signal.partition(BESIDE)[0], term.ratio) for term in speaking(outage.signals)]
    return [(kind_of(signal), ratio) for signal, ratio in own if ratio is not None]


def _only_kind(by: list[tuple[str, float]]) -> str:
    """'' for several; parts of a country are no kind."""
    kinds = {kind for kind, _ in by}
    return next(iter(kinds)) if len(kinds) == 1 and kinds <= set(KINDS) else ""


def likenesses(found: Iterable[Outage], places: Places) -> Iterator[str]:
    """What outages look like where that is clear, with terms, weights and sources; a part is covered by its whole."""
    sure = confirmed(found)
    ids = {outage.id for outage in sure}
    groups: dict[tuple[float, tuple[str, ...]], list[str]] = {}
    for outage in by_country((outage for outage in sure if outage.part_of not in ids), places):
        if likely(outage.likeness) == "unclear":
            continue
        end = "UTC on" if outage.end is None else f"– {until(outage.start, outage.end)} UTC"
        name = f"{place_name(outage.entity_type, outage.entity, places)}, {utc(outage.start)} {end}"
        normal = normal_kinds(outage.signals)
        groups.setdefault((outage.likeness, tuple(sign_text(sign, normal) for sign in outage.signs)), []).append(name)
    for (likeness, signs), names in list(groups.items())[:FEW]:
        yield f"Looks like a shutdown: {looks(likeness)}: {few(names)}"
        yield from (f"  {sign}" for sign in signs or (NO_SIGN,))
    if len(groups) > FEW:
        yield f"and {counted(len(groups) - FEW, 'other')}: --json has them all (likeness, signs)."
    if groups:
        yield LIMITS


def why_mobile(found: list[Outage], places: Places) -> Iterator[str]:
    """Which networks were out of each mobile shutdown, and which stayed up: none that was suspected."""
    for country in confirmed(found):
        if country.entity_type != "country" or country.kind != "mobile":
            continue
        meanwhile = [outage for outage in found if at_one_time(country, outage)]
        low, out = ({(o.entity_type, o.entity) for o in some} for some in (meanwhile, confirmed(meanwhile)))
        own = [e for e in places.values() if e.type == "asn" and e.country == country.entity]
        were = "were out" if any(e[:2] in out for e in own) else "are suspected to have been out"
        names = [entity_name(entity._replace(country="")) for entity in own if entity[:2] not in low]
        flat = [t for t in country.signals if t.signal.startswith("bgp.") and t.weight < 0 and t.ratio is not None]
        routes = ", ".join(term_text(term, " of usual") for term in flat)
        name = place_name("country", country.entity, places)
        yield (
            f"mobile: of the networks of {name} in the recording only mobile ones {were}"
            + (f", while {few(names)} stayed up" if names else "")
            + (f". Not low: {routes}." if routes else ".")
        )


def at_one_time(one: Outage, other: Outage) -> bool:
    """Whether two outages were at any one time; what is still open has no end."""
    ends = [ALWAYS if outage.end is None else outage.end for outage in (one, other)]
    return one.start < ends[1] and other.start < ends[0]


def how_to_read(past: Past, sure: Iterable[Outage] = ()) -> str:
    """What *lost* and *sure* mean, how exact the times are, and what an end is after a day or more."""
    widths = sorted({span.width for span in past.spans.values()})
    unit, word = (60, "minute") if any(width % 3600 for width in widths) else (3600, "hour")
    slow = any(outage.end is not None and outage.end - outage.start >= DAY for outage in sure)
    shortest = f"{widths[0] // unit} to " if len(widths) > 1 else ""
    return (
        "lost: how far the signals that fell were below their usual at the worst; it is no share of people."
        " sure: how likely it is that there was an outage at all."
        + (f" Times are the starts of bins of {shortest}{counted(widths[-1] // unit, word)}." if widths else "")
        + (" An end is a return to what was usual by then; after days that may be less than before." if slow else "")
    )  # fmt: skip


def what_kinds(found: list[Outage], places: Places) -> Iterator[str]:
    """What the kinds of confirmed outages mean, and which outages are of them, a sentence each."""
    sure = by_country(confirmed(found), places)
    for kind, means in TECHNICAL.items():
        own = [place_name(outage.entity_type, outage.entity, places) for outage in sure if outage.kind == kind]
        if names := list(dict.fromkeys(own)):
            yield f"{kind}: {means}: {few(names)}."


def by_traffic_only(found: Iterable[Outage], places: Places) -> Iterator[str]:
    """Outages that only traffic showed: not parts, and not where only mobile networks are out."""
    found = list(found)
    sure, parts = by_country(confirmed(found), places), [outage for outage in found if outage.part_of]
    ids = {outage.id for outage in sure}
    groups: dict[str, list[str]] = {}
    for outage in sure:
        if outage.entity_type == "asn" or outage.part_of in ids or outage.kind == "mobile":
            continue
        own = [_shown_by(each) for each in (outage, *(part for part in parts if part.part_of == outage.id))]
        by = [shown for each in own for shown in each if shown[0] in KINDS]
        if (others := normal_kinds(outage.signals, left=0)) and _only_kind(by) == TRAFFIC:
            did = "did not fall" if others == normal_kinds(outage.signals) else "did not confirm it"
            groups.setdefault(f"{' and '.join(others)} {did}", []).append(
                place_name(outage.entity_type, outage.entity, places)
            )
    for what, names in groups.items():
        yield f"only traffic showed it, while {what}: {few(list(dict.fromkeys(names)))}. {ALIKE}"


def doubts(found: Iterable[Outage], past: Past, places: Places) -> Iterator[str]:
    """Which times of confirmed outages are not exactly known, in sentences that begin with start or end."""
    found = by_country(found, places)
    yield from _unwatched(found, past, places)
    yield from _inexact(found, past, places)
    names = [
        f"{place_name(o.entity_type, o.entity, places)} from {utc(o.start)} UTC on" for o in found if past.undated(o)
    ]
    if names:
        yield (
            f"Start: the onset cannot be dated of the outage of {few(names)}: it may have begun earlier, in the first "
            "day of its signals."
        )


def _unwatched(found: list[Outage], past: Past, places: Places) -> Iterator[str]:
    groups: dict[tuple[str, str], list[str]] = {}
    for outage in found:
        seen = [f"{signal} until {utc(until)}" for signal, until in past.unseen(outage)]
        if seen:
            name = place_name(outage.entity_type, outage.entity, places)
            groups.setdefault((GOES_ON.get(outage.state, OVER), ", ".join(seen)), []).append(name)
    for (said, seen_until), names in list(groups.items())[:FEW]:
        yield f"End: {said}: {few(names)}. Its signals were last observed: {seen_until} UTC."
    if len(groups) > FEW:
        yield f"End: the same at {counted(len(groups) - FEW, 'other time')}: --json has them all (last_observed)."


def _inexact(found: list[Outage], past: Past, places: Places) -> Iterator[str]:
    groups: dict[tuple[str, Gap], list[str]] = {}
    for outage in found:
        for word, gap in ((BEGAN, past.began(outage)), (ENDED, past.ended(outage))):
            if gap is not None:
                groups.setdefault((word, gap), []).append(place_name(outage.entity_type, outage.entity, places))
    for (word, gap), names in list(groups.items())[:FEW]:
        first, last = map(utc, filter(None, gap))
        which, when = "Start" if word == BEGAN else "End", f"between {first} and {last} UTC, not observed"
        yield f"{which} not exactly dated: the outage of {few(names)} {word} {when}."
    if len(groups) > FEW:
        others = counted(len(groups) - FEW, "other time")
        yield f"Start or end not exactly dated: nor are others, at {others}: --json names them all (undated)."
