"""What ``--why`` adds about outages: times and terms of each, what was only suspected, and what it looks like."""

from collections.abc import Iterable, Iterator, Sequence

from rich.table import Table

from detectors.base import ALWAYS
from pipeline.errors import FEW, few
from pipeline.explain.terms import (
    LIMITS,
    NO_SIGN,
    held_back,
    is_signal,
    likely,
    looks,
    normal_kinds,
    showing,
    sign_text,
    signal_of,
    signed,
    term_name,
    term_text,
    times_likelier,
)  # fmt: skip
from pipeline.explain.text import KIND_WORDS, chance_text, counted, dated, entity_name, place_name, until, utc
from pipeline.fusion.life import OPEN, RETRACTED, SUSPECTED
from pipeline.records import Left, Outage, Places
from pipeline.replay.report import by_country, confirmed


def explained(outage: Outage, places: Places, now: Sequence[Left] = ()) -> Iterator[str | Table]:
    """Times and depth of an outage in a sentence, and its terms; ``now``: its signals at the end of the recording."""
    yield f"{place_name(outage.entity_type, outage.entity, places)}: {_told(outage)}"
    yield terms_table(outage, now)


def _told(outage: Outage) -> str:
    """Kind, onset, end and depth of an outage, and what holds back one that is not confirmed."""
    began = f"began {dated(outage.start, outage.start_between)}"
    over = "" if outage.end is None else f", ended {dated(outage.end, outage.end_between, outage.start)}"
    worst = f"{outage.severity:.0%} lost at worst"
    lost = f"{outage.depth:.0%} lost now, {outage.severity:.0%} at worst" if outage.state in OPEN else worst
    held = "" if outage.confirmed_at is not None else f" Not confirmed: {held_back(outage)}."
    kind = f"{KIND_WORDS.get(outage.kind, outage.kind)} ({outage.kind})"
    return f"{kind}; {began}{over}; {lost}.{held}"


def terms_table(outage: Outage, now: Sequence[Left] = ()) -> Table:
    """The terms of an outage, which add up to its probability, the heaviest first."""
    left = {one.signal: one.ratio for one in now}
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("  signal", overflow="fold")
    for head in ("of usual", *(["now"] if left else []), "weight", "times likelier"):
        table.add_column(head, justify="right", no_wrap=True)
    for term in sorted(outage.signals, key=lambda term: (not is_signal(term), -term.weight)):
        seen = [
            _percent(term.ratio),
            *([_percent(left.get(signal_of(term)))] * bool(left)),
        ]
        table.add_row(f"  {term_name(term.signal)}", *seen, signed(term.weight), times_likelier(term.weight))
    whole = sum(term.weight for term in outage.signals)
    empty = [""] * (1 + bool(left))
    table.add_row("  together", *empty, signed(whole), f"{chance_text(outage.probability)} sure")
    return table


def _percent(ratio: float | None) -> str:
    return "" if ratio is None else f"{ratio:.0%}"


def suspicions(found: Iterable[Outage], places: Places) -> Iterator[str]:
    """What was never confirmed and what held it back, a sentence each; the deepest first."""
    doubted = by_country((outage for outage in found if outage.confirmed_at is None), places)
    for word, state in (("Still suspected", SUSPECTED), ("Retracted", RETRACTED)):
        own = sorted((o for o in doubted if o.state == state), key=lambda outage: -outage.severity)
        yield from (f"{word}: {_suspicion(outage, places)}" for outage in own[:FEW])
        if len(own) > FEW:
            yield f"{word}: {len(own) - FEW:,} more, in which no more was lost: --json has them all."


def _suspicion(outage: Outage, places: Places) -> str:
    name, sure = place_name(outage.entity_type, outage.entity, places), f"{chance_text(outage.probability)} sure"
    when = "UTC on" if outage.end is None else f"to {until(outage.start, outage.end)} UTC"
    reasons = ", ".join(map(term_text, showing(outage.signals)))
    against = ", ".join(term_text(term) for term in outage.signals if is_signal(term) and term.weight < 0)
    said = f"{name} from {utc(outage.start)} {when}, {outage.severity:.0%} lost, {sure}"
    said += f": {reasons}" * bool(reasons) + f"; against it: {against}" * bool(against)
    return f"{said}. Not confirmed: {held_back(outage)}."


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


def stayed_up(found: list[Outage], places: Places) -> Iterator[str]:
    """Which networks were not even suspected during each mobile shutdown."""
    for country in confirmed(found):
        if country.entity_type == "country" and country.kind == "mobile":
            low = {(outage.entity_type, outage.entity) for outage in found if _at_one_time(country, outage)}
            own = (e for e in places.values() if e.type == "asn" and e.country == country.entity and e[:2] not in low)
            if names := [entity_name(entity._replace(country="")) for entity in own]:
                name = place_name("country", country.entity, places)
                yield f"Of the networks of {name} in the recording these stayed up: {few(names)}."


def _at_one_time(one: Outage, other: Outage) -> bool:
    """Whether two outages were at any one time; what is still open has no end."""
    ends = [ALWAYS if outage.end is None else outage.end for outage in (one, other)]
    return one.start < ends[1] and other.start < ends[0]


HOW_TO_READ = (
    "lost: how far the signals that fell were below their usual; it is no share of people. sure: how likely it is that "
    "there was an outage at all. weight: log Bayes factor, how much likelier a signal makes the outage; all weights "
    "add up to the log-odds of how sure it is. They are of the moment at which it was likeliest; now is the last bin "
    "that was read. A time lies between the ends of the last bin before a turn and of the first one after it."
)
