"""How much an outage looks like the shutdowns that were published: log-odds of named terms, each with its source.

It says what an outage looks like, never who did it: a power failure at four sharp that takes everything looks like a
shutdown, and a shutdown of phones alone does not.

The figures are of 182 national shutdowns and 729 spontaneous outages (SIGCOMM 2023).  142 of the 160 shutdowns with a
label are the series of three countries.  Left out one country after the other, such terms tell the two apart with an
AUC of .83 at the onset and .93 once the duration is known; on the countries that are no series, .69 to .75.  So what
held for those series only (the hour of the day, the full hour) is not used, and what is weak is bounded.

Nobody published what `local` and `networks` weigh.  They were chosen on five labelled cases: left out one after the
other, each but Myanmar's is ranked the same by weights chosen without it; without Myanmar's nothing tells what
`networks` weighs, and at nothing Myanmar's is no likelier a shutdown than Venezuela's.

References
----------
REFERENCE.md section 2, after "Destination Unreachable", SIGCOMM 2023.
"""

from collections.abc import Iterable
from datetime import datetime
from math import log
from typing import NamedTuple

from pipeline.bins import DAY
from pipeline.geo.calendar import Almanac
from pipeline.geo.countries import clock
from pipeline.kinds import kind_of
from pipeline.records import Sign, Term

HOUR = 3600

DAYS = {"election": 2.77, "protest": 2.20, "coup": 5.66}
"""Logarithms of how much likelier shutdowns are on such days, by 16, 9 and 286 times; outages are not [log-odds]."""

MOST = 1.0
"""Most that a term for or against says which is not of the calendar, or a repetition [log-odds]."""

AGREE, DIFFER = log(0.94 / 0.56), -MOST
"""All signals fall in 94 % of shutdowns and 56 % of outages; that one does not would be -1.99, and is bounded: those
are national shutdowns of everything, and the ones of phones alone leave the routes up [log-odds]."""

LASTS, PASSES = log(0.67 / 0.36), log(0.33 / 0.64)
"""Three hours or more last 67 % of shutdowns and 36 % of outages [log-odds]."""

GRID = 0.2
"""On the local :00 or :30 begin 85 % and 40 %; without the three series there is hardly a difference [log-odds]."""

REPEATS = 2.0
"""At the same time one to four days before began 68 % and 0.2 %; that is the series, and bounded [log-odds]."""

STANDS = 0.89
"""A signal of which less is left does not stay: an outage takes at least 11 % [0-1]."""

LOCAL = -1.0
"""Of a region or a network: the figures are of whole countries, and most of what is local is power, cables, storms."""

LONG, FINE, MANY_DAYS = 3 * HOUR, 900, 4
"""Three hours [s]; bins in which a minute can be told [s]; days between the outages of a series [d]."""

PAPER = "SIGCOMM 2023"

OF_PARTS, OF_DAY = "parts.", "day."
"""How the names of terms begin that are no signal's: of an outage's parts, and of the day that it began on."""


class Event(NamedTuple):
    """What is known of an outage: ``until`` its end, or now [s]; ``width`` of a bin of its finest strong witness [s];
    ``networks`` share of its country's known networks that went out together [0-1]; ``before`` earlier onsets [s];
    ``dated``: whether somebody saw it begin."""

    entity_type: str
    country: str
    start: int
    until: int
    is_over: bool
    terms: tuple[Term, ...]
    width: int
    networks: float
    before: tuple[int, ...]
    dated: bool = True


def likeness(event: Event, almanac: Almanac) -> tuple[Sign, ...]:
    """The terms that weigh, the heaviest first; the ``almanac`` knows the days that matter.

    Examples
    --------
    Every morning at four sharp in Baghdad everything is gone, and then half a province somewhere:

    >>> down = (Term("bgp.ioda", 0.3, -90.0, 9.0, 1.0), Term("probing.ioda", 0.3, -30.0, 9.0, 1.0))
    >>> at = 1692666000  # 2023-08-22T01:00 UTC
    >>> exam = Event("country", "IQ", at, at + 4 * HOUR, True, down, 300, 0.0, (at - DAY,))
    >>> [(sign.name, sign.weight) for sign in likeness(exam, Almanac())]
    [('repeats', 2.0), ('lasts', 0.62), ('agree', 0.52), ('grid', 0.2)]
    >>> storm = Event("region", "US", at, at + HOUR, True, down[1:], 3600, 0.0, ())
    >>> [(sign.name, sign.weight) for sign in likeness(storm, Almanac())]
    [('local', -1.0), ('passes', -0.66)]
    >>> likeness(exam, Almanac(matter={"IQ 2023-08-22": "election"}))[0]
    Sign(name='election', weight=2.77, source='SIGCOMM 2023')
    """
    signs = [
        *_calendar(event, almanac), *_agreement(event.terms), *_networks(event.networks), *_persistence(event),
        *_grid(event), *_series(event),
    ]  # fmt: skip
    if event.entity_type != "country":
        signs.append(Sign("local", LOCAL, "netvigil's own estimate"))
    return tuple(sorted(signs, key=lambda sign: (-abs(sign.weight), sign.name)))


def log_odds_of(signs: tuple[Sign, ...]) -> float:
    """What the terms add up to [log-odds]; 0 says nothing either way."""
    return round(sum((sign.weight for sign in signs), 0.0), 2)


def _calendar(event: Event, almanac: Almanac) -> list[Sign]:
    """Of a wide bin the day counts that most of it is of."""
    kind = almanac.kind(event.country, event.start + event.width // 2)
    return [Sign(kind, DAYS[kind], PAPER)] if kind in DAYS else []


def fell_and_stood(terms: Iterable[Term]) -> tuple[set[str], set[str]]:
    """The kinds of signals that fell, and those that stayed: none of such a kind fell, and `STANDS` of it is left.

    Examples
    --------
    >>> fell, stood = Term("probing.ioda", 0.3, -9.0, 9.0, 1.0), Term("traffic.radar", 1.0, 0.0, -2.0, 1.0)
    >>> flat, sunk = Term("bgp.ris", 1.0, 0.1, 2.0, 1.0), Term("telescope.ioda", 0.7, -1.0, -2.0, 1.0)
    >>> down, up = fell_and_stood([fell, stood, flat, sunk])
    >>> sorted(down), sorted(up)
    (['probing'], ['bgp', 'traffic'])
    """
    heard = [
        (kind_of(term.signal), term.ratio, term.weight)
        for term in terms if term.ratio is not None and not term.signal.startswith(OF_PARTS)
    ]  # fmt: skip
    down = {kind for kind, ratio, weight in heard if weight > 0 and ratio < STANDS}
    return down, {kind for kind, ratio, _ in heard if ratio >= STANDS} - down


def _agreement(terms: tuple[Term, ...]) -> list[Sign]:
    """Of at least two kinds of signal that are measured."""
    down, up = fell_and_stood(terms)
    if len(down | up) < 2 or not down:
        return []
    source = f"{PAPER}, without its three series"
    return [Sign("differ", DIFFER, source) if up else Sign("agree", round(AGREE, 2), source)]


def _networks(share: float) -> list[Sign]:
    return [Sign("networks", round(MOST * share, 2), "netvigil's own estimate")] if share else []


def _persistence(event: Event) -> list[Sign]:
    if event.until - event.start >= LONG:
        return [Sign("lasts", round(LASTS, 2), f"{PAPER}, without its three series")]
    return (
        [Sign("passes", round(PASSES, 2), f"{PAPER}, without its three series")]
        if event.is_over and event.dated
        else []
    )


def _grid(event: Event) -> list[Sign]:
    """Local minutes: zones of 30 and 45 minutes hide them in UTC."""
    zone = clock(event.country, event.start)
    if zone is None or event.width > FINE or not event.dated:
        return []
    on_it = datetime.fromtimestamp(event.start, zone).minute % 30 == 0
    return [Sign("grid", GRID, f"{PAPER}, weak without its three series")] if on_it else []


def _series(event: Event) -> list[Sign]:
    """It began at the same time, to a bin, one to four days before."""
    apart = [event.start - before for before in event.before]
    same = [a for a in apart if 0 < round(a / DAY) <= MANY_DAYS and abs(a - DAY * round(a / DAY)) <= event.width]
    return [Sign("repeats", REPEATS, PAPER)] if same and event.width <= FINE and event.dated else []
