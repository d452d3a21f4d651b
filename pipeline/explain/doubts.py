"""What nobody saw of outages: when they began or ended, and whether they go on."""

from collections.abc import Iterable, Iterator

from pipeline.errors import FEW, few
from pipeline.explain.context import place_name
from pipeline.explain.terminal import by_country, utc
from pipeline.explain.text import counted
from pipeline.fusion.outages import CONFIRMED, RECOVERING
from pipeline.records import Outage, Places
from pipeline.replay.coverage import Gap
from pipeline.replay.past import Past

OVER = "over by what others show"
GOES_ON = {CONFIRMED: "still out, as far as is known", RECOVERING: "recovering, by what others show"}
"""What is said of an outage whose witness is not observed, by its state."""

BEGAN, ENDED = "began", "ended"


def doubts(found: Iterable[Outage], past: Past, places: Places) -> Iterator[str]:
    """What is not exactly known of confirmed outages, in sentences that begin with what is meant, start or end."""
    found = by_country(found, places)
    yield from _unwatched(found, past, places)
    yield from _inexact(found, past, places)
    names = [
        f"{place_name(o.entity_type, o.entity, places)} from {utc(o.start)} UTC on" for o in found if past.undated(o)
    ]
    if names:
        yield (
            f"Start: the onset cannot be dated of the outage of {few(names)}: it may have begun earlier, when there "
            "was no day of past to compare with."
        )


def _unwatched(found: list[Outage], past: Past, places: Places) -> Iterator[str]:
    """What is still out only by what a signal last showed, or over though it showed no return: that of the same signal
    and time in one sentence."""
    groups: dict[tuple[str, str], list[str]] = {}
    for outage in found:
        seen = [f"{signal} until {utc(until)}" for signal, until in past.unseen(outage)]
        if seen:
            name = place_name(outage.entity_type, outage.entity, places)
            groups.setdefault((GOES_ON.get(outage.state, OVER), ", ".join(seen)), []).append(name)
    for (said, seen_until), names in list(groups.items())[:FEW]:
        yield f"End: {said}: {few(names)}. What had shown it was last observed: {seen_until} UTC."
    if len(groups) > FEW:
        yield f"End: so it is at {counted(len(groups) - FEW, 'other time')}: --json has them all (last_observed)."


def _inexact(found: list[Outage], past: Past, places: Places) -> Iterator[str]:
    """Between when outages began or ended that nobody saw begin or end: those of the same times in one sentence."""
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
