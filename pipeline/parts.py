"""Countries and their parts: judged from regions or networks where a country has no series, and parts that go out
together."""

from collections.abc import Container, Mapping
from typing import NamedTuple

import numpy as np

from detectors.base import LOW_CONFIRMED, LOW_PROVISIONAL, NORMAL, UNKNOWN, bounded, is_low
from pipeline.evidence import Said
from pipeline.records import Entity
from pipeline.settings import Fusing
from pipeline.subdivisions import SUBDIVISIONS

NONE: Mapping[str, int] = {}
"""Of nobody is anything known."""


class Parts(NamedTuple):
    """The countries that are judged from parts in a frame, and those parts.

    ``rows (m,) intp`` of the parts in the frame; ``home (m,) intp`` index into ``countries (c,)``; ``need (c,)``: so
    many parts of each must be known, and ``least (c,)``: so many low, before it is.
    """

    countries: tuple[Entity, ...]
    rows: np.ndarray
    home: np.ndarray
    need: np.ndarray
    least: np.ndarray


def judged_from(country: str, regions: int, networks: int, settings: Fusing, ever: int = 0) -> tuple[str, float]:
    """From what a country without a series of its own is judged, of so many regions and networks, and how many of
    those must be known; ``ever``: how many networks of it were ever seen.

    From its regions, of which there are so many as everybody knows, and else from its networks: nobody knows how much
    of it these are, only that they are no handful and most of those that there ever were.

    Examples
    --------
    >>> judged_from("VE", 14, 30, Fusing()), judged_from("VE", 4, 30, Fusing()), judged_from("VE", 4, 4, Fusing())
    (('region', 12.5), ('asn', 15.0), ('region', 12.5))
    """
    of_regions = settings.known_parts * SUBDIVISIONS.get(country, np.inf)
    of_networks = max(settings.known_networks, settings.known_parts * max(networks, ever))
    return ("region", of_regions) if regions >= of_regions or networks < of_networks else ("asn", of_networks)


def parts_of(
    entities: tuple[Entity, ...], settings: Fusing, own: Container[str] = (), elsewhere: Container[str] = (),
    ever: Mapping[str, int] = NONE,
) -> Parts:  # fmt: skip
    """From what of a frame which countries are judged.

    Parameters
    ----------
    own, elsewhere
        The countries that have a series of their own in this signal, and in any: of one that has, no parts are asked,
        and of networks only where it has none at all.
    ever
        How many networks of each country were ever seen.

    Examples
    --------
    >>> states = tuple(Entity("region", f"VE-{i}", "VE") for i in range(2))
    >>> parts_of(states, Fusing()).countries[0].name, parts_of(states, Fusing(), own=("VE",)).countries
    ('VE', ())
    >>> networks = tuple(Entity("asn", f"AS{i}", "VE") for i in range(6))
    >>> parts_of(states + networks, Fusing()).rows, parts_of(states + networks, Fusing(), elsewhere=("VE",)).rows
    (array([2, 3, 4, 5, 6, 7]), array([0, 1]))
    """
    found: dict[str, dict[str, list[int]]] = {}
    for i, e in enumerate(entities):
        if e.type == "region" or (e.type == "asn" and e.country not in elsewhere):
            found.setdefault(e.country, {"region": [], "asn": []})[e.type].append(i)
    names, rows, home, need, least = list[str](), list[int](), list[int](), list[float](), list[int]()
    for name in sorted(found.keys() - {"", *(e.name for e in entities if e.type == "country")}):
        regions, networks = (len(of) for of in found[name].values())
        kind, many = judged_from(name, regions, networks, settings, ever.get(name, 0))
        if name in own or not found[name][kind] or many == np.inf:
            continue
        rows += found[name][kind]
        home += [len(names)] * len(found[name][kind])
        names.append(name)
        need.append(many)
        least.append(settings.together_least if kind == "asn" else 1)
    of = tuple(Entity("country", name, name) for name in names)
    return Parts(of, np.array(rows, np.intp), np.array(home, np.intp), np.array(need), np.array(least))


def countries(
    said: Said, parts: Parts, before: np.ndarray, settings: Fusing, lately: np.ndarray | bool = False
) -> Said:
    """What the parts say of their countries, ``(c,)``: value and expected are their sums over those that are known.

    Unknown where fewer than ``parts.need`` are known: never a country from four states.
    Low where parts that make up ``settings.low_parts`` of it are low, ``parts.least`` at least, and it has lost
    ``settings.parts_depth``; confirmed where as many are confirmed.  Once low it is so until it lacks less than half of
    that.

    Their noise is taken to be common to them, so that their number alone makes nothing certain.

    Parameters
    ----------
    before
        ``(c,)`` state of each country in the bin before.
    lately
        ``(m,) bool`` which parts were known a bin or two before: without a row they count as known, and as standing.

    Examples
    --------
    Fourteen of Venezuela's 25 regions, then four of them only:

    >>> def told(n):
    ...     states, full = tuple(Entity("region", f"VE-{i}", "VE") for i in range(n)), np.full(n, 100.0)
    ...     low = np.full(n, LOW_CONFIRMED)
    ...     said = Said("probing.x", 0, states, full * 0.3, full, np.full(n, -20.0), low, np.ones(n))
    ...     return countries(said, parts_of(states, Fusing()), np.array([NORMAL]), Fusing())
    >>> told(14).state.tolist(), told(14).score.round(1).tolist(), told(4).state.tolist()
    ([3], [-20.0], [0])
    """
    state, score, health = said.state[parts.rows], said.score[parts.rows], said.health[parts.rows]
    value, expected = said.value[parts.rows], said.expected[parts.rows]
    known = (state != UNKNOWN) & np.isfinite(value) & (expected > 0)
    there = known | (lately & np.isnan(value) & (expected > 0))
    value = np.where(known, value, expected)

    def summed(column: np.ndarray) -> np.ndarray:
        return np.bincount(parts.home, np.where(there, column, 0.0), len(parts.countries))

    away = value - expected
    moves = known & np.isfinite(score) & (score != 0)
    with np.errstate(all="ignore"):
        noise = summed(np.where(moves, np.abs(away / score), 0)) / summed(np.where(moves, expected, 0))
        whole = summed(expected)
        lost = -summed(away) / whole
        deviations = np.nan_to_num(bounded(-lost / noise))
        low, confirmed = summed(expected * is_low(state)) / whole, summed(expected * (state == LOW_CONFIRMED)) / whole
        health = summed(np.nan_to_num(health)) / summed(np.ones(len(health)))
    many, surely = (
        np.bincount(parts.home, known & which, len(parts.countries)) >= parts.least
        for which in (is_low(state), state == LOW_CONFIRMED)
    )
    begins = (low >= settings.low_parts) & (lost >= settings.parts_depth) & many
    stays = is_low(before) & (low > 0) & (lost >= settings.parts_depth / 2)
    sure = begins & (confirmed >= settings.low_parts) & surely | stays & (before == LOW_CONFIRMED)
    code = np.where(sure, LOW_CONFIRMED, np.where(begins | stays, LOW_PROVISIONAL, NORMAL))
    seen = summed(np.ones(len(state))) >= parts.need
    return Said(
        said.signal, said.start, parts.countries, np.where(seen, summed(value), np.nan),
        np.where(seen, whole, np.nan), np.where(seen, deviations, np.nan),
        np.where(seen, code, UNKNOWN).astype(np.int8), np.where(seen, health, 0.0),
    )  # fmt: skip


def together(starts: list[int], widths: list[int], known: int, settings: Fusing) -> float:
    """Share of the known parts of a country that went out together [0-1], 0 where they are too few.

    Parameters
    ----------
    starts
        Onsets of the confirmed outages of its networks and regions [s].
    widths
        The narrowest bins of what shows each of them [s]: within a bin wider than ``settings.stagger`` it may have
        fallen at any time.
    known
        How many parts are known.

    Examples
    --------
    Three mobile networks within 45 minutes, a fourth one days ago, and two that stand; three that fell hours apart,
    of which one is known by the day only:

    >>> together([0, 1500, 2700, -300_000], [300] * 4, 6, Fusing())
    0.5
    >>> together([0, 3600, 7200], [300] * 3, 3, Fusing()), together([0, 3600, 7200], [86400, 300, 300], 3, Fusing())
    (0.0, 0.0)
    >>> together([0, 3600, 7200], [86400, 86400, 300], 3, Fusing())
    1.0
    """
    at, wide = np.array(starts, np.int64), np.array(widths, np.int64)
    first, last = at - settings.stagger, np.sort(at + np.where(wide > settings.stagger, wide, 0))
    out = np.searchsorted(np.sort(first), first, side="right") - np.searchsorted(last, first, side="left")
    most = int(out.max(initial=0))
    return most / max(known, most) if most >= settings.together_least else 0.0
