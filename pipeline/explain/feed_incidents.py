"""What feeds did by themselves: moved all their series at once, broke, were stuck, or had too few healthy sources.

None of it is a country's outage, and while a feed does not see, that nothing was found is no all-clear.  One place for
the words of terminal, JSON and report.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np

from detectors.base import Detector
from pipeline.bins import NEVER, ends_of
from pipeline.codec import iso
from pipeline.explain.lacking import Recent
from pipeline.explain.terminal import lasted, utc
from pipeline.explain.terms import signal_name
from pipeline.explain.unjudged import Unjudged
from pipeline.fusion import Fused
from pipeline.judge import at_once
from pipeline.kinds import kind_of
from pipeline.records import Verdicts
from pipeline.replay.coverage import Observed

MOVED, BROKEN, STUCK, FEW_SOURCES = "moved", "broken", "stuck", "few_sources"

QUORUM = Detector.quorum
"""Share of healthy sources below which a signal says nothing [0-1]."""

FEW = 5
"""So many moves of a signal are told one by one, the others counted [-]."""

MOST = 99.0
"""A larger share of their level is told as more than that [-]."""

SMALL = 0.02
"""Smaller moves are only counted where there are several [-]."""


BRIEF = at_once.MOST * at_once.WIDEST
"""For no longer nothing is said of who fell with all others, see `pipeline.judge.at_once` [s]."""


class Doing(NamedTuple):
    """What a feed did in one of its signals over ``[start, end)`` [s]: one of the words above.

    ``share``: of a move or a broken feed, how much of their level all series showed when they were furthest from it;
    else 1 [-].
    """

    feed: str
    signal: str
    what: str
    start: int
    end: int
    share: float = 1.0


class Bin(NamedTuple):
    """One bin of a signal over all partitions: its width [s], the best health of all entities with a value [0-1], and
    the share of their level at which all series stood [-]."""

    width: int
    health: float
    common: float


@dataclass
class Doings:
    """Takes in what comes out of an engine, and tells what the feeds did.

    ``bins``: by feed and signal, by start [s]; ``unjudged``: who was seen to no purpose; ``recent``: the last hours.
    """

    bins: dict[tuple[str, str], dict[int, Bin]] = field(default_factory=dict)
    unjudged: Unjudged = field(default_factory=Unjudged)
    recent: Recent = field(default_factory=Recent)
    taken: dict[tuple[str, str, int], Verdicts] = field(default_factory=dict)

    def see(self, output: object) -> None:
        """Take in one output: whole frames, the first time that a bin of them is fused."""
        if isinstance(output, Fused):
            verdicts = output.verdicts
            place = (verdicts.feed, verdicts.signal, verdicts.partition)
            if self.taken.get(place) is not verdicts:
                self.taken[place] = verdicts
                self.take(verdicts)

    def take(self, verdicts: Verdicts) -> None:
        """Take in a frame, as it is judged; one that comes again changes nothing."""
        if not verdicts.entities or verdicts.watermark == NEVER:  # of a detector beside the first
            return
        self.unjudged.take(verdicts)
        self.recent.take(verdicts)
        own = self.bins.setdefault((verdicts.feed, verdicts.signal), {})
        seen = np.where(np.isnan(verdicts.value), 0.0, np.nan_to_num(verdicts.health)).max(axis=1, initial=0.0)
        columns = (verdicts.start.tolist(), seen.tolist(), verdicts.common.tolist())
        for start, health, common in zip(*columns, strict=True):
            known = own.get(start, Bin(verdicts.width, 0.0, 1.0))
            own[start] = Bin(verdicts.width, max(known.health, health), known.common if np.isnan(common) else common)

    def told(self, observed: Observed) -> list[Doing]:
        """All of it in order of time; ``observed`` says when rows came: what was not observed is another matter."""
        found = [doing for key, own in self.bins.items() for doing in _doings(*key, own, observed)]
        return sorted(found, key=lambda doing: (doing.start, doing.signal, doing.what))


def _doings(feed: str, signal: str, bins: dict[int, Bin], observed: Observed) -> Iterator[Doing]:
    for start, end, own in _stretches(bins, _side):
        far = max((bin_.common for bin_ in own), key=lambda share: abs(share - 1))
        yield Doing(feed, signal, MOVED if own[0].health >= QUORUM else BROKEN, start, end, far)
    rows = [s for (name, kind, _), own in observed.stretches.items() if name == signal and kind for s in own]
    for start, end, own in _stretches(bins, lambda bin_: bin_.health < QUORUM and bin_.common == 1):
        there = [(max(start, row.start), min(end, row.end)) for row in rows if row.start < end and start < row.end]
        if there:  # rows that were read and do not count: they repeated themselves
            yield Doing(feed, signal, STUCK, min(first for first, _ in there), max(last for _, last in there))
        elif not rows and end - start > observed.patience(own[0].width):
            yield Doing(feed, signal, FEW_SOURCES, start, end)


def _side(bin_: Bin) -> int:
    """Whether all series stand together above or below their level, and so far that nothing can be said."""
    side = (bin_.common > 1) - (bin_.common < 1)
    return side if bin_.health >= QUORUM else 2 * side


def _stretches(bins: dict[int, Bin], kind: Callable[[Bin], int]) -> Iterator[tuple[int, int, list[Bin]]]:
    """Stretches of bins of one kind that is not 0: start, end, bins.  An uneven bin lasts until the next one."""
    starts = sorted(bins)
    ends = ends_of(np.array(starts, np.int64), bins[starts[-1]].width).tolist() if starts else []
    open_: tuple[int, int, int, list[Bin]] = (0, NEVER, NEVER, [])
    for start, end in zip(starts, ends, strict=True):
        bin_ = bins[start]
        if kind(bin_) == open_[0] and open_[2] == start:
            open_[3].append(bin_)
            open_ = (open_[0], open_[1], end, open_[3])
            continue
        if open_[0]:
            yield open_[1:]
        open_ = (kind(bin_), start, end, [bin_])
    if open_[0]:
        yield open_[1:]


def plain(doings: Iterable[Doing]) -> dict[str, list[dict[str, Any]]]:
    """What feeds did, for a program: a list of each kind, times in ISO."""
    told: dict[str, list[dict[str, Any]]] = {MOVED: [], BROKEN: [], STUCK: [], FEW_SOURCES: []}
    for doing in doings:
        one: dict[str, Any] = {"feed": doing.feed, "signal": doing.signal}
        one |= {"start": iso(doing.start), "end": iso(doing.end)}
        told[doing.what].append(one | {"share": round(doing.share, 4)} if doing.what in (MOVED, BROKEN) else one)
    return told


def moves(doings: Iterable[Doing]) -> Iterator[str]:
    """The moves of each signal in a sentence: when, how far, and whose they are.

    Examples
    --------
    >>> lost = Doing("table", "bgp.ris", MOVED, 1597730400, 1597766400, 0.908)
    >>> print(*moves([lost]))
    All series of routes (bgp.ris) stood at 91% of their level at once from 2020-08-18 06:00 to 2020-08-18 16:00 UTC. \
That is the feed's own move, as when it loses or gains a peer or a collector: taken out, and no country is called out \
for it.
    """
    for signal, own in _by_signal(doings, MOVED):
        name, told = signal_name(signal), sorted(own, key=lambda doing: -abs(doing.share - 1))
        if len(own) == 1:
            said = f"All series of {name} stood at {_share(own[0])} of their level at once {_time(own[0])}. That is"
            yield f"{said} the feed's own move, {_LIKE}: taken out, and no country is called out for it."
            continue
        length = lasted(sum(doing.end - doing.start for doing in own))
        large = [doing for doing in told if abs(doing.share - 1) >= SMALL][:FEW] or told[:1]
        most = "; ".join(f"{_share(doing)} of their level {_time(doing)}" for doing in large)
        yield (
            f"All series of {name} moved at once {len(own):,} times, {length} in all. Those are the feed's own moves, "
            f"{_LIKE}: taken out, and no country is called out for them. "
            f"{'They were' if len(large) == len(own) else 'The largest'}: {most}."
        )


_LIKE = "as when it loses or gains a peer or a collector"


def blinded(doings: Iterable[Doing]) -> list[tuple[str, int, int]]:
    """The times ``(signal, start, end)`` [s] of which a signal says nothing."""
    return [(doing.signal, doing.start, doing.end) for doing in doings if doing.what != MOVED]


def blind(doings: Iterable[Doing]) -> Iterator[str]:
    """When a signal was broken or stuck, or had too few healthy sources: each a sentence.

    Examples
    --------
    >>> stuck = Doing("table", "probing.ioda", STUCK, 1707440400, 1707469200)
    >>> print(*blind([stuck]))
    No all-clear by probes (probing.ioda) from 2024-02-09 01:00 to 2024-02-09 09:00 UTC: its feed was stuck, repeating \
the same values. It says nothing of that time, of any place.
    """
    doings = list(doings)
    yield from _of_several(doings)
    for signal, own in _by_signal(doings, BROKEN):
        times = "; ".join(f"{_time(doing)} ({_share(doing)} of their level)" for doing in own[:FEW])
        times += f"; {len(own) - FEW:,} times more" if own[FEW:] else ""
        yield (
            f"No all-clear by {signal_name(signal)}, whose feed was broken: countries fell or rose alike, at once. It "
            f"says nothing of that time, of any place: {times}."
        )
    why = {STUCK: "its feed was stuck, repeating the same values", FEW_SOURCES: "too few of its sources were healthy"}
    for what, words in why.items():
        for signal, own in _by_signal(doings, what):
            times = ", ".join(map(_time, own[:FEW])) + (f" and {len(own) - FEW:,} times more" if own[FEW:] else "")
            brief = what == STUCK and all(doing.end - doing.start <= BRIEF for doing in own)
            other = ", or all fell in one bin, which only the next tells from a broken feed" if brief else ""
            said = f"No all-clear by {signal_name(signal)} {times}: {words}{other}."
            yield f"{said} It says nothing of that time, of any place."


def _of_several(doings: Iterable[Doing]) -> Iterator[str]:
    """When signals of several kinds fell for all countries at once: no feeds do.

    Examples
    --------
    >>> both = [Doing("table", signal, BROKEN, 1707440400, 1707469200, 0.1) for signal in ("bgp.ris", "traffic.radar")]
    >>> print(*_of_several(both))
    All countries may be out together, as by a cable, from 2024-02-09 01:00 to 2024-02-09 09:00 UTC: routes (bgp.ris) \
and traffic.radar fell alike for all of them, and feeds of several kinds do not break at one time.
    """
    fell = sorted((doing for doing in doings if doing.what == BROKEN and doing.share < 1), key=lambda own: own.start)
    while fell:
        begun = [doing for doing in fell if doing.start < fell[0].end]
        fell = fell[len(begun) :]
        if len({kind_of(doing.signal) for doing in begun}) > 1:
            whole = Doing("", "", BROKEN, begun[0].start, max(doing.end for doing in begun))
            *names, last = sorted({signal_name(doing.signal) for doing in begun})
            yield (
                f"All countries may be out together, as by a cable, {_time(whole)}: {', '.join(names)} and {last} fell "
                "alike for all of them, and feeds of several kinds do not break at one time."
            )


def _by_signal(doings: Iterable[Doing], what: str) -> Iterator[tuple[str, list[Doing]]]:
    own = sorted((doing for doing in doings if doing.what == what), key=lambda doing: (doing.signal, doing.start))
    for signal, some in groupby(own, key=lambda doing: doing.signal):
        yield signal, list(some)


def _share(doing: Doing) -> str:
    """A share, as exactly as it takes not to be 100 %."""
    if doing.share > MOST:
        return f"more than {MOST:,.0%}"
    return f"{doing.share:.0%}" if abs(doing.share - 1) >= 0.01 else f"{doing.share:.1%}"


def _time(doing: Doing) -> str:
    return f"from {utc(doing.start)} to {utc(doing.end)} UTC"
