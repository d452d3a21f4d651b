"""What there is no all-clear of: what was not observed for a time, and what has hardly any past."""

from collections import Counter
from collections.abc import Iterable, Iterator

from pipeline.bins import NEVER
from pipeline.codec import iso
from pipeline.errors import FEW, few
from pipeline.explain.context import place_name
from pipeline.explain.terminal import lasted, utc
from pipeline.explain.unjudged import Unheard
from pipeline.records import Places
from pipeline.replay.coverage import Gap, Observed, Series
from pipeline.replay.past import Past


def too_short(past: Past, places: Places) -> Iterator[str]:
    """Who has less than two days of values, in one sentence."""
    if short := past.too_short():
        yield (
            f"No all-clear for {few(_names(short, past, places))}: less than two days of values, from "
            f"{utc(min(past.spans[series].first for series in short))} UTC on. Nothing is confirmed in a series' first "
            "day, which only serves to compare with: replay the days before as well, better four weeks."
        )


def unobserved(observed: Observed, places: Places) -> Iterator[str]:
    """What was not observed when: those of the same times in one sentence, countries first."""
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
    past: Past, observed: Observed, unjudged: Iterable[Unheard]
) -> dict[str, list[dict[str, str | int | None]]]:
    """The same for a program, and who was seen and not judged (`explain.unjudged`): times in ISO, None where there is
    no end."""
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
    """Times in words.

    Examples
    --------
    >>> _when((Gap(1707354000, None),)), _when((Gap(None, None),))
    ('not observed from 2024-02-08 01:00 UTC on', 'never observed')
    >>> _when((Gap(None, 1707350400), Gap(1707354000, 1707361200)))
    'not observed before 2024-02-08 00:00 UTC, nor from 2024-02-08 01:00 to 2024-02-08 03:00 UTC'
    """
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
    """Countries first, then what else there is; with the signals where others of the same entity reach further back."""
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
