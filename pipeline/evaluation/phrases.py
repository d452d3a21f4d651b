"""Numbers, labels and outages of an evaluation in words."""

import math
from collections.abc import Iterable, Iterator

from detectors import REGISTRY
from detectors.base import is_low
from pipeline.errors import few
from pipeline.evaluation.accounting import END, ONSET, Answer, Called
from pipeline.evaluation.cases import Case, Ignored, Tolerance
from pipeline.evaluation.runs import FIELD, OURS, Judged
from pipeline.evaluation.spans import Span
from pipeline.evaluation.traces import is_judged, most_judged, silent
from pipeline.explain.feed_incidents import blind, moves
from pipeline.explain.no_all_clear import not_judged, of_no_country
from pipeline.explain.text import counted, damage, given_up, lasted, refused, until, utc
from pipeline.feeds import strangers
from pipeline.settings.read import changed

FEW = 4
"""Labels or outages of a kind that are named; the others are counted [-]."""

NONE = "–"
"""A cell of a count without labels, and of an end after the recording."""

LEGEND = f"""\
ours: netvigil as shipped: one model of all signals.
below it: each detector by itself, on its series as they are (ours takes out what all series of a feed share): \
netvigil's own ({", ".join(name for name in REGISTRY if name not in FIELD)}) and the field's: \
{", ".join(f"{name} ({source})" for name, source in FIELD.items())}.
any signal, any warning: while any signal is clearly low, or looks low at all; best signal: the signal that did best, \
known only afterwards, and so not in the sentence that sums up.
hit: a confirmed outage of the labelled entity overlaps the label; met: one outage does, with onset, end and cover as \
allowed, however late it was confirmed.
false: no label of that time explains it, of the same place, a part or the whole of it; {NONE}: nothing is labelled.
entity-month: a month in which one entity was observed.
suspected, confirmed: minutes after the label's start; onset, end: error in minutes, late is positive, {NONE} of an \
end after the recording; cover: share of the label's time in the recording with an outage; medians over the labels \
that were hit.
fragments: outages to a label, median.
refused: share of the time without a verdict, because the past was too short or the series too small."""

WEIGHED = """\
because of: for each signal how low it was, and how much that speaks for an outage (+) or against one (−), in \
log-odds: +2.3 multiplies the odds by ten, +4.6 by a hundred; a sum of 0 is one to one."""

PICTURED = """\
in a picture: seen: the values; expected, and usual around it: what the past makes likely at that hour.
out: from the start to the end of an outage of ours, in its own time; the marks are the times at which it was \
suspected and confirmed; only suspected: within a thin line.
nothing said: too small, too noisy or too disturbed to judge; too new to judge: no past yet to compare with; not \
observed: there is no value; refused: it could not judge, and so called nothing out.
moved by the feed itself: all series of the feed moved at once, which is taken out before the judging."""

BROAD = """\
labels refused: the same of the time of each label, the mean over all labels.
others: outages of a part of what is labelled then, or of its whole: neither hit nor false."""


def other_settings(judged: Iterable[Judged]) -> list[str]:
    """The settings of ours that are not as shipped."""
    return next((changed(one.settings) for one in judged if one.detector == OURS), [])


def legend(judged: Iterable[Judged], broad: bool = True) -> str:
    """`LEGEND` with the settings of ours that are not as shipped, and, of a ``broad`` table, `BROAD`."""
    judged = list(judged)
    other = ", ".join(other_settings(judged))
    text = LEGEND.replace("as shipped", f"with {other}", 1) if other else LEGEND
    if all(one.detector == OURS for one in judged):
        text = "\n".join(line for line in text.splitlines() if not line.startswith(("below it:", "any signal,")))
    return f"{text}\n{BROAD}" if broad else text


def seen(judged: Judged) -> str:
    """Labels and entities of a case, and how long they were observed."""
    made = judged.account
    labels = counted(len(made.answers), "label") if made.answers else "no label: a control"
    entities = made.observed.entities
    return f"{labels}, {entities:,} {'entity' if entities == 1 else 'entities'}, {made.months:.1f} entity-months"


def exactness(exact: Tolerance, case: Case | None = None) -> str:
    """The tolerance of a case in words, and its source where that is not ``TOLERANCE.csv``."""
    early, late, sooner, later = (minutes(sign * t) for sign, t in zip((-1, 1, -1, 1), exact[:4], strict=True))
    whence = ""
    if case is not None and case.tolerance is None:
        own = f"TOLERANCE.csv has {few(sorted(case.listed))}, and not {case.name}"
        whence = f" (by its widest bins: {own if case.listed else 'no TOLERANCE.csv has it'})"
    dated = f"onset {early} to {late} min, end {sooner} to {later} min"
    return f"allowed{whence}: {dated}, at least {exact.cover:.0%} covered"


def uncounted(ignored: Ignored) -> str:
    """An ignored window in words."""
    (start, end), reason = ignored
    return f"Not counted either way: {utc(start)} to {utc(end)} UTC{f', {reason}' if reason else ''}"


def minutes(time: float | None) -> str:
    """Signed minutes of a time [s], '' for None."""
    if time is None:
        return ""
    whole = math.floor(time / 60 + 0.5)
    return f"{'−' if whole < 0 else '+' if whole else ''}{abs(whole)}"


def number(value: float) -> str:
    """A value for a person."""
    if abs(value) >= 1e7:
        return f"{value / 1e6:,.0f} M"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def apart(time: int, after: str, before: str) -> str:
    """How far a time [s] is off, and in which direction."""
    return f"{lasted(abs(time))} {after if time >= 0 else before}"


def share(value: float) -> str:
    """A share in percent, '' for NaN; only 0 is 0% and only 1 is 100%.

    Examples
    --------
    >>> share(0.5), share(0.001), share(0.9999), share(float("nan"))
    ('50%', '<1%', '>99%', '')
    """
    if math.isnan(value):
        return ""
    if 0 < value < 0.01:
        return "<1%"
    return ">99%" if 0.99 < value < 1 else f"{value:.0%}"


def why(answer: Answer, exact: Tolerance) -> str:
    """Why a label that was hit is not met."""
    said = []
    if answer.onset_error is not None and not -exact.onset_early <= answer.onset_error <= exact.onset_late:
        said.append(f"onset {apart(answer.onset_error, 'late', 'early')}")
    if answer.end_error is not None and not -exact.end_early <= answer.end_error <= exact.end_late:
        said.append(f"end {apart(answer.end_error, 'late', 'early')}{', and still out' if answer.open else ''}")
    if answer.cover < exact.cover:
        said.append(f"{share(answer.cover)} covered")
    if answer.fragments != 1:
        said.append(f"{answer.fragments} fragments")
    return ", ".join(said)


def times(called: Iterable[Called]) -> str:
    """When outages of ours began, ended, were suspected and confirmed, in a sentence; '' where there are none.

    Examples
    --------
    >>> from pipeline.records import Entity
    >>> outage = Called(Entity("country", "MM", "MM"), 1612144800, 1612188000, 1612166400, 1612166400)
    >>> times([outage])
    'Ours: 2021-02-01 02:00 – 14:00 UTC, confirmed 08:00.'
    """
    told = []
    for outage in called:
        to = "" if outage.end is None else until(outage.start, outage.end)
        began, ended = (" (not exactly known)" if which in outage.undated else "" for which in (ONSET, END))
        known = {"suspected": outage.suspected, "confirmed": outage.confirmed}
        if outage.suspected == outage.confirmed:
            del known["suspected"]
        said = {word: until(outage.start, time) for word, time in known.items()}
        longest = max(len(to), *map(len, said.values()))
        # "06:00 – 08-29 16:00, confirmed 16:00" reads as the day of the end
        when = ", ".join(f"{word} {utc(known[word])[-longest:]}" for word in said)
        told.append(f"{utc(outage.start)}{began} {f'– {to}{ended} UTC' if to else 'UTC on'}, {when}")
    return f"Ours: {few(told)}." if told else ""


def remarks(judged: Judged) -> Iterator[str]:
    """What could not be read or judged, and what ours missed, did not meet or called out falsely, in sentences."""
    yield from given_up(judged.dead)
    yield from damage(judged.dead, FEW)
    yield from refused(judged.dead)
    yield from strangers(judged.unmatched)
    yield from moves(judged.incidents)
    yield from blind(judged.incidents)
    yield from not_judged(judged.silences, judged.places)
    yield from of_no_country(judged.outages, judged.places)
    made = judged.account
    undated = [f"our {word} for the label {label_text(a)}" for a in made.answers for word in a.undated]
    yield from _some([f"not exactly dated, but counted in the table as it stands: {what}" for what in undated])
    missed = [(a, why_missed(judged, Span(*a.label[:2]), a.label[2:4])) for a in made.answers if not a.hit]
    yield from _some([f"missed: {label_text(a)}{f': {reason}' if reason else ''}" for a, reason in missed])
    yield from _some(
        [f"not met: {label_text(a)}: {why(a, judged.tolerance)}" for a in made.answers if a.hit and not a.met]
    )
    yield from _some([f"false: {outage_text(outage)}" for outage in made.false])


def why_missed(judged: Judged, time: Span, place: tuple[str, str]) -> str:
    """Why nothing was called out of an entity in a time, where that is known; else ''."""
    own = judged.subject(place)
    if not own:
        return "no row that could be read tells of it" if judged.dead else "no row tells of it"
    if time.end <= judged.observed.first or time.start > judged.observed.last:
        return "it is not of the time of the recording"
    if judged.judged_from is None or time.end <= judged.judged_from:
        return "nothing is said of a series before it has a past"
    are_parts = own[0].entity[:2] != place
    if not are_parts and not any(trace.is_judged[trace.within(time)].any() for trace in own):
        return silent(own, time)
    if time.start < judged.judged_from:
        return "its series had no past yet in part of it"
    if not are_parts:
        is_any = any(is_low(trace.state[trace.within(time)]).any() for trace in own)
        return "" if is_any else "none of its signals was low then"
    if is_judged(own, time):
        return ""
    regions, networks = (most_judged(own, time, kind) for kind in ("region", "asn"))
    few = [counted(networks, "network")] if networks else []
    few = [counted(regions, "region"), *few] if regions or not networks else few
    return f"it has no series of its own, and only {' and '.join(few)} known"


def _some(sentences: list[str]) -> Iterator[str]:
    yield from sentences[:FEW]
    if len(sentences) > FEW:
        yield f"... and {len(sentences) - FEW} more"


def label_text(answer: Answer) -> str:
    """Entity and time of a label."""
    label = answer.label
    return f"{label.entity_type}/{label.entity}, {utc(label.start)} to {utc(label.end)} UTC"


def outage_text(outage: Called) -> str:
    """Entity and time of an outage."""
    until = f"to {utc(outage.end)} UTC" if outage.end is not None else "UTC on"
    return f"{outage.entity.type}/{outage.entity.name}, {utc(outage.start)} {until}"
