"""What stands around the outages of a replay: which of them go on, what was only suspected, what makes one mobile, what
it looks like, and how to read the numbers."""

from collections.abc import Callable, Iterable, Iterator

from detectors.base import ALWAYS
from pipeline.bins import DAY
from pipeline.errors import FEW, few
from pipeline.explain.metric_points import Gazetteer
from pipeline.explain.named_days import WEEKENDS, read_before, weekends_known
from pipeline.explain.terminal import MARK, by_country, until, utc
from pipeline.explain.terms import LIMITS, NO_SIGN, against, because, looks, sign_text, standing, term_text
from pipeline.explain.text import KIND_WORDS, chance_text, counted
from pipeline.fusion.columns import ALL, MOST
from pipeline.fusion.evidence import BESIDE, speaking
from pipeline.fusion.likeness import OF_DAY
from pipeline.fusion.outages import CONFIRMED, RECOVERING, RETRACTED, SUSPECTED
from pipeline.fusion.prior import feared
from pipeline.geo.calendar import HOLIDAY, Almanac
from pipeline.kinds import KINDS, ROUTES, TRAFFIC, kind_of
from pipeline.records import Outage, Places, placed
from pipeline.replay.past import Past
from pipeline.settings import Fusing

HALF_LEFT = 0.5
"""Traffic of which so much is left, or less, is no all-clear for never having been confirmed: phones alone may have
been cut off [0-1]."""

ALIKE = (
    "Phones that are cut off look so; so may people who stay at home, or a source that sees less: ask another source."
)
"""What traffic that fell alone may be."""

QUARTERS, HALVES = "three quarters of the traffic", "half of the traffic"
LONG, LONGER = (
    ": an hour and a half of that, in two bins at least, can be confirmed",
    ": three hours of that can be confirmed ",
)
"""What was gone, and what helps where others stand: phones alone may have been cut off."""

AT_ONCE, LEARNT = "where it fell at once", "from two weeks of past on"
"""Where half of it is confirmed, on a day that matters and on others."""


def confirmed(found: Iterable[Outage]) -> list[Outage]:
    """Those that were confirmed and not taken back."""
    return [outage for outage in found if outage.confirmed_at is not None and outage.state != RETRACTED]


def still_out(
    sure: list[Outage], past: Past, places: Places, back_again: Callable[[Outage], str] = lambda outage: ""
) -> str:
    """Which of the confirmed outages go on when the recording ends, and which are not over for sure; with a `MARK`
    where that is not exactly known, and with how much is ``back_again``."""
    out, back = (
        [
            _marked(outage, past, places) + back_again(outage)
            for outage in by_country(sure, places)
            if outage.state == state
        ]
        for state in (CONFIRMED, RECOVERING)
    )
    when = f"when the recording ends, {utc(past.observed.last)} UTC"
    of_all = f"({len(out):,} of {counted(len(sure), 'outage')}) " if len(sure) > 1 else ""
    said = [f"Still out {of_all}{when}: {few(out)}."] if out else []
    said += [f"Recovering{'' if out else f' {when}'}: {few(back)}."] if back else []
    return " ".join(said) or f"None of these is still out {when}."


def _marked(outage: Outage, past: Past, places: Places) -> str:
    return place_name(outage.entity_type, outage.entity, places) + (MARK if past.marks(outage)[1] else "")


def suspicions(
    found: Iterable[Outage], past: Past, places: Places, settings: Fusing | None = None
) -> Iterator[str]:  # fmt: skip
    """What was never confirmed, a sentence each: how deep it was, and by what; the deepest first."""
    settings = settings or Fusing()
    almanac = Almanac(public=False, matter=settings.days)
    doubted = by_country((outage for outage in found if outage.confirmed_at is None), places)
    for word, state in (("Still suspected", SUSPECTED), ("Retracted", RETRACTED)):
        own = sorted((o for o in doubted if o.state == state), key=lambda outage: -outage.severity)
        yield from (f"{word}: {_suspicion(outage, past, places, settings.confirm, almanac)}." for outage in own[:FEW])
        if len(own) > FEW:
            yield f"{word}: {len(own) - FEW:,} more, of which no more was lost: --json has them all."


def _suspicion(outage: Outage, past: Past, places: Places, confirm: float, almanac: Almanac) -> str:
    """Whose it is, from when to when or how sure it is, how much was lost and what spoke for it; what would be sure
    enough, had it not to last, or to be seen by others."""
    name, start, end = place_name(outage.entity_type, outage.entity, places), utc(outage.start), outage.end
    held = ", but held back" if outage.probability >= confirm else ""
    sure = f"UTC on ({chance_text(outage.probability)} sure{held})"
    when = sure if end is None else f"to {until(outage.start, end)} UTC"
    reasons = because(outage)
    said = f"{name} from {start} {when}, {outage.severity:.0%} lost" + (f": {reasons}" if reasons else "")
    stood = ", ".join(term_text(term) for term in outage.signals if term.weight < 0)
    said += f"; against it: {stood}" if stood else ""
    by = _told_by(outage)
    said += "; at its worst one kind of signals alone told it" if stood and _alone(by) else ""
    if past.in_first_day(outage):
        return said + "; it began in its first day, in which nothing can be confirmed"
    left, is_network = [ratio for kind, ratio in by if kind == TRAFFIC], outage.entity_type == "asn"
    country, first = placed(outage.entity_type, outage.entity, places).country, past.known_from(outage, TRAFFIC)
    known = weekends_known(country, first, outage.start) if country and first is not None else None
    lost = min((own for own in left if own > 1 - ALL or is_network), default=1.0) <= HALF_LEFT
    if lost and known is not None and known < WEEKENDS:
        all_clear = ", so this is no all-clear" if outage.state == RETRACTED else ""
        return f"{said}; it began on a weekend, and {read_before(known)}{all_clear}"
    if is_network:
        return said
    return said + _of_traffic(outage, left, feared(almanac, country, outage.start))


def _told_by(outage: Outage) -> list[tuple[str, float]]:
    """The kinds of the signals that spoke for it, and how much was left by each."""
    spoke = [(term.signal.partition(BESIDE)[0], term.ratio) for term in speaking(outage.signals)]
    return [(kind_of(signal), ratio) for signal, ratio in spoke if ratio is not None]


def _alone(by: list[tuple[str, float]]) -> str:
    """The one kind of signals that told it, else "": parts of a country that fell together are none of the kinds."""
    kinds = {kind for kind, _ in by}
    return next(iter(kinds)) if len(kinds) == 1 and kinds <= set(KINDS) else ""


def _of_traffic(outage: Outage, left: list[float], is_feared: bool) -> str:
    """What is still to be feared where much of the traffic was gone, by what each signal of it says was ``left``."""
    retracted, some = outage.state == RETRACTED, [own for own in left if own > 1 - ALL]
    least, gone = min(some, default=1.0), f"gone{', so this is no all-clear' if retracted else ''}"
    others_stand = any(term.weight < 0 for term in outage.signals if not term.signal.startswith(OF_DAY))
    if least <= 1 - MOST:
        return f"; {QUARTERS} were {gone}{LONG if others_stand else ''}"
    if least <= HALF_LEFT:
        free = any(term.signal == OF_DAY + HOLIDAY for term in outage.signals)
        where = [AT_ONCE if is_feared else f"{AT_ONCE} on a day of fusing.days"] + [LEARNT] * (not free)
        helps = f"{LONGER}{', or '.join(where if is_feared else where[::-1])}"
        return f"; {HALVES} was {gone}{helps if others_stand else ''}"
    by = _told_by(outage)
    nothing = {kind for kind, ratio in by if ratio <= 1 - ALL} - {ROUTES}
    if _alone(by) in nothing or (retracted and TRAFFIC in nothing):
        return f"; who counts nothing at all may be a broken feed{', so this is no all-clear' if retracted else ''}"
    return ""


def likenesses(found: Iterable[Outage], places: Places) -> Iterator[str]:
    """What the outages look like, each term with its weight and source; those of the same terms together.

    Of what is a part of a confirmed outage the whole speaks.
    """
    sure = confirmed(found)
    ids = {outage.id for outage in sure}
    groups: dict[tuple[float, tuple[str, ...]], list[str]] = {}
    for outage in by_country((outage for outage in sure if outage.part_of not in ids), places):
        end = "UTC on" if outage.end is None else f"– {until(outage.start, outage.end)} UTC"
        name = f"{place_name(outage.entity_type, outage.entity, places)}, {utc(outage.start)} {end}"
        stood = standing(outage.signals)
        groups.setdefault((outage.likeness, tuple(sign_text(sign, stood) for sign in outage.signs)), []).append(name)
    for (likeness, signs), names in list(groups.items())[:FEW]:
        yield f"Looks like a shutdown: {looks(likeness)}: {few(names)}"
        yield from (f"  {sign}" for sign in signs or (NO_SIGN,))
    if len(groups) > FEW:
        yield f"and {counted(len(groups) - FEW, 'other')}: --json has them all (likeness, signs)."
    if groups:
        yield LIMITS


def why_mobile(found: list[Outage], places: Places) -> Iterator[str]:
    """What makes each mobile shutdown of a country one: who is out, who stayed up, and what the routes did.

    A network that was suspected meanwhile, if only for a time, is not said to have stayed up.
    """
    for country in confirmed(found):
        if country.entity_type != "country" or country.kind != "mobile":
            continue
        meanwhile = [outage for outage in found if at_one_time(country, outage)]
        low, out = ({(o.entity_type, o.entity) for o in some} for some in (meanwhile, confirmed(meanwhile)))
        own = [e for e in places.values() if e.type == "asn" and e.country == country.entity]
        were = "were out" if any(e[:2] in out for e in own) else "are suspected to have been out"
        names = [Gazetteer().name(entity._replace(country="")) for entity in own if entity[:2] not in low]
        flat = [t for t in country.signals if t.signal.startswith("bgp.") and t.weight < 0 and t.ratio is not None]
        routes = ", ".join(term_text(term, " of usual") for term in flat)
        name = place_name("country", country.entity, places)
        yield (
            f"mobile: of the watched networks of {name} only mobile ones {were}"
            + (f", while {few(names)} stayed up" if names else "")
            + (f". Stood: {routes}." if routes else ".")
        )


def at_one_time(one: Outage, other: Outage) -> bool:
    """Whether two outages were at any one time; what is still open has no end."""
    ends = [ALWAYS if outage.end is None else outage.end for outage in (one, other)]
    return one.start < ends[1] and other.start < ends[0]


def how_to_read(past: Past, sure: Iterable[Outage] = ()) -> str:
    """What *lost* and *sure* are, how exact the times are, and what an end is of one that lasted a day or more."""
    widths = sorted({span.width for span in past.spans.values()})
    unit, word = (60, "minute") if any(width % 3600 for width in widths) else (3600, "hour")
    slow = any(outage.end is not None and outage.end - outage.start >= DAY for outage in sure)
    shortest = f"{widths[0] // unit} to " if len(widths) > 1 else ""
    return (
        "lost: how far the signals that fell lay below their usual at the worst; no share of people."
        " sure: that it was an outage, be it over or not."
        + (f" Times are the starts of bins of {shortest}{counted(widths[-1] // unit, word)}." if widths else "")
        + (" ended: back within what was usual by then, which after days may be less than before it." if slow else "")
    )  # fmt: skip


def place_name(entity_type: str, entity: str, places: Places) -> str:
    """What a place is called."""
    return Gazetteer().name(placed(entity_type, entity, places))


TECHNICAL = {
    **{kind: KIND_WORDS[kind] for kind in ("blackout", "partial", "stealth", "throttle")},
    "unknown": "connectivity is down, and no routes were seen that would say how",
}
"""Kinds of outages whose word does not say what it means; `why_mobile` tells of another one."""


def what_kinds(found: list[Outage], places: Places) -> Iterator[str]:
    """What the kinds of confirmed outages mean, and whose they are, a sentence each."""
    sure = by_country(confirmed(found), places)
    for kind, means in TECHNICAL.items():
        own = [place_name(outage.entity_type, outage.entity, places) for outage in sure if outage.kind == kind]
        if names := list(dict.fromkeys(own)):
            yield f"{kind}: {means}: {few(names)}."


def by_traffic_alone(found: Iterable[Outage], places: Places) -> Iterator[str]:
    """Whose confirmed outages traffic told alone, at their worst, while others stood, and of whose parts it did; not
    the parts by themselves, nor where only mobile networks are out."""
    found = list(found)
    sure, parts = by_country(confirmed(found), places), [outage for outage in found if outage.part_of]
    ids = {outage.id for outage in sure}
    groups: dict[str, list[str]] = {}
    for outage in sure:
        if outage.entity_type == "asn" or outage.part_of in ids or outage.kind == "mobile":
            continue
        own = [_told_by(each) for each in (outage, *(part for part in parts if part.part_of == outage.id))]
        by = [told for each in own for told in each if told[0] in KINDS]
        if (others := against(outage.signals)) and _alone(by) == TRAFFIC:
            did = "stood" if others == standing(outage.signals) else "spoke against it"
            groups.setdefault(f"{' and '.join(others)} {did}", []).append(
                place_name(outage.entity_type, outage.entity, places)
            )
    for what, names in groups.items():
        yield f"traffic alone told it, while {what}: {few(list(dict.fromkeys(names)))}. {ALIKE}"
