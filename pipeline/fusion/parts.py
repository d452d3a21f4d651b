"""Countries and their parts: judged from regions or networks where a country has no series, and parts that go out
together."""

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from detectors.base import LOW_CONFIRMED, LOW_PROVISIONAL, NORMAL, UNKNOWN, bounded, is_low
from pipeline.fusion.evidence import Said
from pipeline.geo.countries import SUBDIVISIONS
from pipeline.records import Entity
from pipeline.settings import Fusing

NONE: Mapping[str, int] = {}
"""Of nobody is anything known."""


class Parts(NamedTuple):
    """The countries of a frame that have no row in it, and their parts, which have.

    ``rows (m,) intp`` of the parts in the frame; ``home (m,) intp`` index into ``countries (c,)``; ``regions (m,)
    bool``: which are regions, all others are networks; ``need (c,)``: so many regions of each must be known.
    """

    countries: tuple[Entity, ...]
    rows: np.ndarray
    home: np.ndarray
    regions: np.ndarray
    need: np.ndarray

    @property
    def of_networks(self) -> np.ndarray:
        """Which countries have networks in the frame ``(c,) bool``."""
        return np.bincount(self.home, ~self.regions, len(self.countries)) > 0


def needed(country: str, settings: Fusing) -> float:
    """How many regions of a country must be known before it is judged from them; infinitely many where nobody knows how
    many it has."""
    return settings.known_parts * SUBDIVISIONS.get(country, np.inf)


def judged_from(country: str, regions: int, networks: int, settings: Fusing) -> str:
    """Of which type the parts are that a country is judged from, of so many that are known: '' where they are too few.

    From its regions, of which there are so many as everybody knows, and else from its networks: nobody knows how much
    of it these are, only that they are no handful.

    Examples
    --------
    >>> judged_from("VE", 14, 30, Fusing()), judged_from("VE", 4, 30, Fusing()), judged_from("VE", 4, 4, Fusing())
    ('region', 'asn', '')
    """
    if regions >= needed(country, settings):
        return "region"
    return "asn" if networks >= settings.known_networks else ""


def parts_of(entities: tuple[Entity, ...], settings: Fusing, ever: Mapping[str, int] = NONE) -> Parts:
    """The regions and networks in a frame of whose country it has no row of its own, and that may be judged from them.

    ``ever``: how many networks of each country were ever seen.

    Examples
    --------
    >>> states = tuple(Entity("region", f"VE-{i}", "VE") for i in range(2))
    >>> parts_of(states, Fusing()).countries[0].name, parts_of((*states, Entity("country", "VE")), Fusing()).countries
    ('VE', ())
    """
    networks = Counter(e.country for e in entities if e.type == "asn")
    may = {name for name, many in networks.items() if max(many, ever.get(name, 0)) >= settings.known_networks}
    may |= {e.country for e in entities if e.type == "region" and e.country in SUBDIVISIONS}
    may -= {"", *(e.name for e in entities if e.type == "country")}
    rows = [i for i, e in enumerate(entities) if e.type in ("region", "asn") and e.country in may]
    names = sorted({entities[i].country for i in rows})
    place = {name: i for i, name in enumerate(names)}
    return Parts(
        tuple(Entity("country", name, name) for name in names), np.array(rows, np.intp),
        np.array([place[entities[i].country] for i in rows], np.intp),
        np.array([entities[i].type == "region" for i in rows], bool),
        np.array([needed(name, settings) for name in names], np.float64),
    )  # fmt: skip


class Asked(NamedTuple):
    """What of a signal's networks is asked, of the countries of a frame ``(c,)``: ``recent``: how many networks of each
    have lately said anything; ``silent``: whose own word, or its regions', is heard instead; ``kept``: whose outage
    they show, so that nobody else speaks for the country until they are back; ``long``: which have been low for longer
    than anybody needs to get used to it."""

    recent: np.ndarray
    silent: np.ndarray
    kept: np.ndarray
    long: np.ndarray


def countries(
    said: Said, parts: Parts, before: np.ndarray, settings: Fusing, lately: np.ndarray | bool = False,
    asked: Asked | None = None,
) -> tuple[Said, np.ndarray]:  # fmt: skip
    """What the parts say of their countries, ``(c,)``, and whose networks said it ``(c,) bool``.

    Value and expected are the sums over those that are known.  Unknown where fewer are than it takes: half of all its
    regions, never a country from four states; else `Fusing.known_networks`, and half of the networks that lately
    said anything.
    Low where parts that make up ``settings.low_parts`` of it are low and it has lost ``settings.parts_depth``, of
    networks so many in number too; confirmed where as many are confirmed.  Once low it is so until it lacks less than
    half of that, or, after `Fusing.used_to`, less than that.

    Their noise is taken to be common to them, so that their number alone makes nothing certain.

    Parameters
    ----------
    before
        ``(c,)`` state of each country in the bin before.
    lately
        ``(m,) bool`` which parts stood a bin or two before: without a row they count as known, and as standing.
    asked
        Of which countries the networks are heard; of none where nothing is said.

    Examples
    --------
    Fourteen of Venezuela's 25 regions, then four of them only:

    >>> def told(n):
    ...     states, full = tuple(Entity("region", f"VE-{i}", "VE") for i in range(n)), np.full(n, 100.0)
    ...     low = np.full(n, LOW_CONFIRMED)
    ...     said = Said("probing.x", 0, states, full * 0.3, full, np.full(n, -20.0), low, np.ones(n))
    ...     return countries(said, parts_of(states, Fusing()), np.array([NORMAL]), Fusing())[0]
    >>> told(14).state.tolist(), told(14).score.round(1).tolist(), told(4).state.tolist()
    ([3], [-20.0], [0])
    """
    there = lately if isinstance(lately, np.ndarray) else np.full(len(parts.rows), lately)
    none = np.zeros(len(parts.countries), bool)
    enough = np.where(none if asked is None else asked.long, 1.0, 0.5) * settings.parts_depth
    made = _summed(said, parts, parts.regions, parts.need, before, settings, there, enough)
    if asked is None or (parts.regions.all() and not asked.kept.any()):
        return made, none
    need = np.maximum(settings.known_networks, settings.known_parts * asked.recent)
    theirs = _summed(said, parts, ~parts.regions, need, before, settings, there, enough)
    heard = ~asked.silent & ((made.state == UNKNOWN) | asked.kept)
    columns = (np.where(heard, other, own) for own, other in zip(made[3:], theirs[3:], strict=True))
    return Said(said.signal, said.start, parts.countries, *columns), heard & (theirs.state != UNKNOWN)


def _summed(
    said: Said, parts: Parts, which: np.ndarray, need: np.ndarray, before: np.ndarray, settings: Fusing,
    lately: np.ndarray, enough: np.ndarray,
) -> Said:  # fmt: skip
    """The same by the parts ``which (m,) bool`` alone, of which it ``need (c,)`` so many, and is low while it lacks
    ``enough (c,)`` [0-1]."""
    rows, home, n = parts.rows[which], parts.home[which], len(parts.countries)
    state, score, health = said.state[rows], said.score[rows], said.health[rows]
    value, expected = said.value[rows], said.expected[rows]
    known = (state != UNKNOWN) & np.isfinite(value) & (expected > 0)
    there = known | (lately[which] & np.isnan(value) & (expected > 0))
    value = np.where(known, value, expected)

    def summed(column: np.ndarray | float) -> np.ndarray:
        return np.bincount(home, np.where(there, column, 0.0), n)

    away = value - expected
    moves = known & np.isfinite(score) & (score != 0)
    with np.errstate(all="ignore"):
        noise = summed(np.where(moves, np.abs(away / score), 0)) / summed(np.where(moves, expected, 0))
        whole, many = summed(expected), summed(1.0)
        lost = -summed(away) / whole
        deviations = np.nan_to_num(bounded(-lost / noise))
        health = summed(np.nan_to_num(health)) / many
        low, confirmed = (summed(expected * low) / whole for low in (is_low(state), state == LOW_CONFIRMED))
        if not parts.regions[which].all():  # a giant among dwarfs is no country
            low = np.minimum(low, summed(is_low(state)) / many)
            confirmed = np.minimum(confirmed, summed(state == LOW_CONFIRMED) / many)
    begins = (low >= settings.low_parts) & (lost >= settings.parts_depth)
    stays = is_low(before) & (low > 0) & (lost >= enough)
    sure = begins & (confirmed >= settings.low_parts) | stays & (before == LOW_CONFIRMED)
    code = np.where(sure, LOW_CONFIRMED, np.where(begins | stays, LOW_PROVISIONAL, NORMAL))
    seen = many >= need
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
