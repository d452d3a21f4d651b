"""What feeds did by themselves, in words: all their series moved at once, they broke, were stuck, or lost sources.

None of it is an outage of a country.  While a feed is not judged there is no all-clear.
"""

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

from pipeline.codec import iso
from pipeline.errors import FEW
from pipeline.explain.terms import signal_name
from pipeline.explain.text import lasted, utc
from pipeline.replay.report import BROKEN, FEW_SOURCES, MOVED, Incident

MOST = 99.0
"""A larger share of their level is written as more than that [-]."""

SMALL = 0.02
"""Smaller moves are only counted where there are several [-]."""

CAUSE = "as when it loses or gains a source of its own"


def plain(incidents: Iterable[Incident]) -> dict[str, list[dict[str, Any]]]:
    """What feeds did, for a program: a list of each kind, times in ISO."""
    listed: dict[str, list[dict[str, Any]]] = {MOVED: [], BROKEN: [], FEW_SOURCES: []}
    for incident in incidents:
        one: dict[str, Any] = {"feed": incident.feed, "signal": incident.signal}
        one |= {"start": iso(incident.start), "end": iso(incident.end)}
        share = {"share": round(incident.share, 4)} if incident.what == MOVED else {}
        listed[incident.what].append(one | share)
    return listed


def moves(incidents: Iterable[Incident]) -> Iterator[str]:
    """The moves of each signal, when and how far, in a sentence."""
    for signal, own in _by_signal(incidents, MOVED):
        name, largest = signal_name(signal), sorted(own, key=lambda one: -abs(one.share - 1))
        if len(own) == 1:
            yield (
                f"All series of {name} were at {_share(own[0])} of their level at once {_time(own[0])}. The feed "
                f"moved, {CAUSE}: the move is taken out and is no country's outage."
            )
            continue
        length = lasted(sum(one.end - one.start for one in own))
        large = [one for one in largest if abs(one.share - 1) >= SMALL][:FEW] or largest[:1]
        most = "; ".join(f"{_share(one)} of their level {_time(one)}" for one in large)
        yield (
            f"All series of {name} moved at once {len(own):,} times, {length} in all. The feed moved, {CAUSE}: the "
            f"moves are taken out and are no country's outage. "
            f"{'They were' if len(large) == len(own) else 'The largest'}: {most}."
        )


def blind(incidents: Iterable[Incident]) -> Iterator[str]:
    """When the feed of a signal was broken or stuck, or had too few healthy sources."""
    incidents = list(incidents)
    why = {BROKEN: "its feed was broken or stuck", FEW_SOURCES: "too few of its sources were healthy"}
    for what, words in why.items():
        for signal, own in _by_signal(incidents, what):
            times = ", ".join(map(_time, own[:FEW])) + (f" and {len(own) - FEW:,} times more" if own[FEW:] else "")
            yield f"No all-clear by {signal_name(signal)} {times}, for any place: {words}."


def _by_signal(incidents: Iterable[Incident], what: str) -> Iterator[tuple[str, list[Incident]]]:
    own = sorted((one for one in incidents if one.what == what), key=lambda one: (one.signal, one.start))
    for signal, some in groupby(own, key=lambda one: one.signal):
        yield signal, list(some)


def _share(incident: Incident) -> str:
    """As exactly as it takes not to be 100 %."""
    if incident.share > MOST:
        return f"more than {MOST:,.0%}"
    return f"{incident.share:.0%}" if abs(incident.share - 1) >= 0.01 else f"{incident.share:.1%}"


def _time(incident: Incident) -> str:
    return f"from {utc(incident.start)} to {utc(incident.end)} UTC"
