"""Places that a signal showed and of which it said nothing, hardly ever or for a day: no all-clear by it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import NamedTuple

import numpy as np

from detectors.base import DAY, UNKNOWN
from pipeline.bins import NEVER
from pipeline.errors import few
from pipeline.explain.context import place_name
from pipeline.explain.metric_points import Gazetteer
from pipeline.explain.terminal import utc
from pipeline.explain.terms import signal_name
from pipeline.explain.text import counted
from pipeline.fusion.evidence import amiss
from pipeline.records import Entity, Places, Verdicts
from pipeline.replay.coverage import Observed

HARDLY = 0.1
"""Who was judged in less than this share of the bins in which it was seen was hardly ever judged [0-1]."""


DEAF = DAY
"""Who was seen for so long in a row and not judged was no witness [s]: nights of few counts are shorter."""


class Unheard(NamedTuple):
    """A series of which nothing was said although it was seen: from ``first`` to ``last`` [s], or hardly ever; and for
    so many ``more`` hours, the last of them over at ``until`` [h], [s]; hours in which it was seen."""

    signal: str
    entity_type: str
    entity: str
    first: int | None = None
    last: int | None = None
    more: int = 0
    until: int | None = None


class Counts(NamedTuple):
    """Of each of the ``entities``, in how many bins it was seen and in how many of these judged, ``(n,) int64``; since
    when it was seen and not judged, `NEVER` where it was judged, and for how long of that it was seen, ``(n, 2)``; the
    longest such time, from when to when and for how long, ``(n, 3)`` [s]; how long all of them are and when the last is
    over, ``(n, 2)`` [s]; start of the ``last`` bin that was counted [s]."""

    entities: tuple[Entity, ...]
    seen: np.ndarray
    judged: np.ndarray
    since: np.ndarray
    longest: np.ndarray
    mute: np.ndarray
    last: int


@dataclass
class Unjudged:
    """Counts by signal and partition.

    Only what is seen after its first day counts: nothing is told of that.
    """

    counts: dict[tuple[str, int], Counts] = field(default_factory=dict)

    def take(self, verdicts: Verdicts) -> None:
        """Take in a frame of the first detector; one that comes again changes nothing.

        Examples
        --------
        >>> from pipeline.records import UP, Run
        >>> nan, one = np.full((1, 2), np.nan), np.ones((1, 2))
        >>> places = (Entity("country", "IQ", "IQ"), Entity("country", "PK", "PK"))
        >>> state = np.array([[UNKNOWN, 1]], np.int8)
        >>> unjudged = Unjudged()
        >>> unjudged.take(Verdicts(Run(), "ioda", 0, "telescope.ioda", "seasonal", 300, 300, UP, places,
        ...                        np.zeros(1, int), one, one, one, one, one, nan, state, one > 0, np.ones(1)))
        >>> [one[:3] for one in unjudged.told()]
        [('telescope.ioda', 'country', 'IQ')]
        """
        place, none = (verdicts.signal, verdicts.partition), np.zeros(0, np.int64)
        since, longest, mute = (np.zeros((0, k), np.int64) for k in (2, 3, 2))
        known = self.counts.get(place, Counts((), none, none, since, longest, mute, NEVER))
        seen, judged, since, longest, mute, last = known[1:]
        if known.entities != verdicts.entities:
            before = {entity[:2]: i for i, entity in enumerate(known.entities)}
            at = np.array([before.get(entity[:2], -1) for entity in verdicts.entities], np.intp)
            seen, judged = np.append(seen, 0)[at], np.append(judged, 0)[at]
            since = np.append(since, [[NEVER, 0]], axis=0)[at]
            longest, mute = np.append(longest, [[0, 0, 0]], axis=0)[at], np.append(mute, [[0, 0]], axis=0)[at]
        fresh = (verdicts.start > last)[:, None] & verdicts.settled & ~np.isnan(verdicts.value)
        says = fresh & (verdicts.state != UNKNOWN) & ~amiss(verdicts.value, verdicts.expected, verdicts.state)
        seen, judged = seen + fresh.sum(axis=0), judged + says.sum(axis=0)
        if (since[:, 0] != NEVER).any() or (fresh != says).any():
            for start, is_seen, is_judged in zip(verdicts.start.tolist(), fresh, says, strict=True):
                unsaid, end = is_seen & ~is_judged, start + verdicts.width
                began = np.where(is_judged, NEVER, np.where(unsaid & (since[:, 0] == NEVER), start, since[:, 0]))
                lasted = np.where(is_judged, 0, since[:, 1] + verdicts.width * unsaid)
                since, ended = np.stack([began, lasted], axis=1), np.full_like(began, end)
                longer = unsaid & (lasted > longest[:, 2])
                longest = np.where(longer[:, None], np.stack([began, ended, lasted], axis=1), longest)
                in_all = np.stack([mute[:, 0] + verdicts.width, ended], axis=1)
                mute = np.where(unsaid[:, None], in_all, mute)
        last = max(last, int(verdicts.start.max(initial=last)))
        self.counts[place] = Counts(verdicts.entities, seen, judged, since, longest, mute, last)

    def told(self) -> list[Unheard]:
        """Those that were hardly ever judged, and those that were not for a day: countries first, by name."""
        found = []
        for (signal, _), (entities, seen, judged, _, longest, mute, _) in self.counts.items():
            hardly = judged < HARDLY * seen
            deaf = ~hardly & (longest[:, 2] >= DEAF)
            for i in np.flatnonzero(hardly | deaf):
                one = Unheard(signal, *entities[i][:2])
                if deaf[i]:
                    (first, end, lasted), (whole, until) = longest[i].tolist(), mute[i].tolist()
                    one = one._replace(first=first, last=end, more=(whole - lasted) // 3600)
                    one = one._replace(until=until) if one.more else one
                found.append(one)
        return sorted(found, key=lambda one: (one.first is not None, one.signal, one.entity_type != "country", one[:3]))


def hardly_judged(found: Iterable[Unheard], places: Places) -> Iterator[str]:
    """A sentence for each signal, and one where it said nothing for a time.

    Examples
    --------
    >>> print(*hardly_judged([Unheard("telescope.ioda", "country", "IQ")], {}))
    Seen and hardly ever judged by stray packets (telescope.ioda): Iraq. Of values so small, straying so far, or \
fallen before it was known what is usual, nothing is told, or only that nearly all is lost.
    >>> print(*hardly_judged([Unheard("traffic.radar", "country", "UG", 1611568800, 1612166400)], {}))
    No all-clear by traffic.radar for Uganda, 2021-01-25 10:00 to 2021-02-01 08:00 UTC: it counted so \
little, strayed so far, was so much too high, or so new, that even a total loss may not have been told.
    >>> print(*hardly_judged([Unheard("traffic.radar", "country", "UG", 1611568800, 1612166400, 9, 1613376000)], {}))
    No all-clear by traffic.radar for Uganda, 2021-01-25 10:00 to 2021-02-01 08:00 UTC and 9 hours more, \
the last until 2021-02-15 08:00 UTC: it counted so little, strayed so far, was so much too high, or so new, that even \
a total loss may not have been told.
    """
    for (signal, is_deaf), group in groupby(found, key=lambda one: (one.signal, one.first is not None)):
        own = list(group)
        if is_deaf:
            names = [f"{place_name(one.entity_type, one.entity, places)}, {_when(one)}" for one in own]
            yield (
                f"No all-clear by {signal_name(signal)} for {few(names)}: it counted so little, strayed so far, was so "
                "much too high, or so new, that even a total loss may not have been told."
            )
            continue
        names = [place_name(one.entity_type, one.entity, places) for one in own]
        yield (
            f"Seen and hardly ever judged by {signal_name(signal)}: {few(names)}. Of values so small, straying so "
            "far, or fallen before it was known what is usual, nothing is told, or only that nearly all is lost."
        )


def never_judged(found: Iterable[Unheard], observed: Observed) -> list[Entity]:
    """The countries that were hardly ever judged by any signal that saw them: nothing is known of these.

    Examples
    --------
    >>> seen = Observed({(signal, "country", "IQ"): [] for signal in ("bgp.ris", "telescope.ioda")}, 0, 86400)
    >>> deaf = [Unheard("telescope.ioda", "country", "IQ")]
    >>> never_judged(deaf, seen), never_judged([*deaf, Unheard("bgp.ris", "country", "IQ")], seen)
    ([], [Entity(type='country', name='IQ', country='IQ', mobile=False, title='')])
    """
    deaf = {one[:3] for one in found if one.first is None}
    judged = {series[1:] for series in observed.stretches if series not in deaf}
    countries = {name for _, kind, name in deaf if kind == "country"}
    return [Entity("country", name, name) for name in sorted(countries) if ("country", name) not in judged]


def of_no_signal(found: Iterable[Unheard], observed: Observed) -> Iterator[str]:
    """That there is no all-clear for them, in one sentence."""
    if countries := never_judged(found, observed):
        names = few([Gazetteer().name(country) for country in countries])
        yield f"No all-clear for {names}: hardly ever judged by any signal, so that only a loss of nearly all is told."


def _when(one: Unheard) -> str:
    """The longest time, and how much there was of others: who reads of one takes the rest for judged and quiet."""
    longest = f"{utc(one.first or 0)} to {utc(one.last or 0)} UTC"
    if one.until is None:
        return longest
    more = f"{longest} and {counted(one.more, 'hour')} more"
    return f"{more} before" if one.until == one.last else f"{more}, the last until {utc(one.until)} UTC"
