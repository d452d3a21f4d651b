"""What could not be read or judged in a case, and what ours missed, met badly or called out falsely, in sentences."""

from collections.abc import Iterator

from detectors.base import is_low
from pipeline.evaluation.accounting import Answer, Called
from pipeline.evaluation.judged import Judged
from pipeline.evaluation.parts import how_many, is_judged
from pipeline.evaluation.phrases import FEW, why
from pipeline.evaluation.spans import Span
from pipeline.evaluation.traces import silent
from pipeline.explain.doubts import doubts
from pipeline.explain.feed_incidents import blind, moves
from pipeline.explain.no_all_clear import too_short, unobserved
from pipeline.explain.partial_view import from_parts, of_no_country, parts_alone
from pipeline.explain.terminal import utc
from pipeline.explain.text import counted, damage, given_up, refused
from pipeline.explain.unjudged import hardly_judged
from pipeline.feeds import strangers
from pipeline.records import placed


def remarks(judged: Judged) -> Iterator[str]:
    """What could not be read, and what fusion missed, did not meet, or called out falsely, each in a sentence."""
    yield from given_up(judged.dead)
    yield from damage(judged.dead, FEW)
    yield from refused(judged.dead)
    yield from strangers(judged.unmatched)
    yield from moves(judged.doings)
    yield from blind(judged.doings)
    yield from hardly_judged(judged.unjudged, judged.places)
    yield from too_short(judged.past, judged.places)
    yield from unobserved(judged.observed, judged.places)
    yield from from_parts(judged.outages, judged.observed, judged.places, judged.settings.fusing)
    yield from parts_alone(judged.outages, judged.observed, judged.places, judged.settings.fusing)
    yield from of_no_country(judged.outages, judged.places)
    yield from doubts((outage for outage in judged.outages if outage.confirmed_at), judged.past, judged.places)
    made = judged.readings[0].account
    undated = [f"our {word} for the label {label_text(a)}" for a in made.answers for word in a.undated]
    yield from _some([f"not exactly dated, but counted in the table as it stands: {what}" for what in undated])
    missed = [answer for answer in made.answers if not answer.hit]
    unheard = {a.label for a in missed if not judged.tells_of(a.label)}
    yield from _some([f"missed: {label_text(a)}{_why_missed(judged, a, a.label in unheard)}" for a in missed])
    yield from _some(
        [f"not met: {label_text(a)}: {why(a, judged.tolerance)}" for a in made.answers if a.hit and not a.met]
    )
    yield from _some([f"false: {outage_text(outage)}" for outage in made.false])


def _why_missed(judged: Judged, answer: Answer, is_unheard: bool) -> str:
    """Why a label could not be hit, where that is known; '' else."""
    observed, label = judged.observed, answer.label
    if is_unheard:
        return ": no row that could be read tells of it" if judged.dead else ": no row tells of it"
    if label.end <= observed.first or label.start > observed.last:
        return ": it is not of the time of the recording"
    if judged.past.judged_from is None or label.end <= judged.past.judged_from:
        return ": nothing is confirmed in a series' first day"
    time = Span(label.start, label.end)
    own = [trace for trace in judged.traces if trace.entity[:2] == label[2:4]]
    if own and not any(trace.is_judged[trace.within(time)].any() for trace in own):
        return f": {silent(own, time)}"
    if label.start < judged.past.judged_from:
        return ": part of it was in a series' first day"
    if own and not any(is_low(trace.state[trace.within(time)]).any() for trace in own):
        return ": none of its signals was low then"
    return _too_few(judged, answer)


def _too_few(judged: Judged, answer: Answer) -> str:
    """That a country without a series of its own had too few parts to be judged from."""
    place, time = answer.label[2:4], Span(answer.label.start, answer.label.end)
    if place[0] != "country" or any(trace.entity[:2] == place for trace in judged.traces):
        return ""
    own = [t for t in judged.traces if placed(*t.entity[:2], judged.places).country == place[1]]
    if is_judged(own, place[1], judged.settings.fusing, time):
        return ""
    regions, networks = how_many(own, time)
    few = [counted(networks, "network")] if networks else []
    few = [counted(regions, "region"), *few] if regions or not networks else few
    return f": it has no series of its own, and only {' and '.join(few)} known"


def _some(sentences: list[str]) -> Iterator[str]:
    yield from sentences[:FEW]
    if len(sentences) > FEW:
        yield f"... and {len(sentences) - FEW} more"


def label_text(answer: Answer) -> str:
    """Whose label it is, from when to when."""
    label = answer.label
    return f"{label.entity_type}/{label.entity}, {utc(label.start)} to {utc(label.end)} UTC"


def outage_text(outage: Called) -> str:
    """Who was called out, from when to when."""
    until = f"to {utc(outage.end)} UTC" if outage.end is not None else "UTC on"
    return f"{outage.entity.type}/{outage.entity.name}, {utc(outage.start)} {until}"
