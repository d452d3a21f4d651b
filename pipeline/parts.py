"""Countries and their parts: judged from regions where a country has no series, and parts that go out together."""

from typing import NamedTuple

import numpy as np

from detectors.base import LOW_CONFIRMED, LOW_PROVISIONAL, NORMAL, UNKNOWN, bounded, is_low
from pipeline.evidence import Said
from pipeline.records import Entity
from pipeline.settings import Fusing
from pipeline.subdivisions import SUBDIVISIONS


class Parts(NamedTuple):
    """The countries of a frame that have no row in it, and their regions, which have.

    ``rows (m,) intp`` of the regions in the frame; ``home (m,) intp`` index into ``countries (c,)``;
    ``all (c,)`` how many regions each country has.
    """

    countries: tuple[Entity, ...]
    rows: np.ndarray
    home: np.ndarray
    all: np.ndarray


def parts_of(entities: tuple[Entity, ...]) -> Parts:
    """The regions in a frame of whose country it has no row of its own.

    Networks make no country: nobody knows how much of it a handful of them is.

    Examples
    --------
    >>> states = tuple(Entity("region", f"VE-{name}", "VE") for name in ("Zulia", "Lara"))
    >>> parts_of(states).countries[0].name, parts_of((*states, Entity("country", "VE", "VE"))).countries
    ('VE', ())
    """
    judged = SUBDIVISIONS.keys() - {e.name for e in entities if e.type == "country"}
    rows = [i for i, e in enumerate(entities) if e.type == "region" and e.country in judged]
    names = sorted({entities[i].country for i in rows})
    home = np.array([names.index(entities[i].country) for i in rows], np.intp)
    every = np.array([SUBDIVISIONS[name] for name in names], np.float64)
    return Parts(tuple(Entity("country", name, name) for name in names), np.array(rows, np.intp), home, every)


def countries(
    said: Said, parts: Parts, before: np.ndarray, settings: Fusing, lately: np.ndarray | bool = False
) -> Said:
    """What the regions say of their countries, ``(c,)``: value and expected are their sums over those that are known.

    Unknown where fewer than ``settings.known_parts`` of all its regions are known: never a country from four states.
    Low where regions that make up ``settings.low_parts`` of it are low and it has lost ``settings.parts_depth``;
    confirmed where as many are confirmed.  Once low it is so until it lacks less than half of that.

    Their noise is taken to be common to them, so that their number alone makes nothing certain.

    Parameters
    ----------
    before
        ``(c,)`` state of each country in the bin before.
    lately
        ``(m,) bool`` which regions were known a bin or two before: without a row they count as known, and as standing.

    Examples
    --------
    Fourteen of Venezuela's 25 regions, then four of them only:

    >>> def told(n):
    ...     states, full = tuple(Entity("region", f"VE-{i}", "VE") for i in range(n)), np.full(n, 100.0)
    ...     low = np.full(n, LOW_CONFIRMED)
    ...     said = Said("probing.x", 0, states, full * 0.3, full, np.full(n, -20.0), low, np.ones(n))
    ...     return countries(said, parts_of(states), np.array([NORMAL]), Fusing())
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
    begins = (low >= settings.low_parts) & (lost >= settings.parts_depth)
    stays = is_low(before) & (low > 0) & (lost >= settings.parts_depth / 2)
    sure = begins & (confirmed >= settings.low_parts) | stays & (before == LOW_CONFIRMED)
    code = np.where(sure, LOW_CONFIRMED, np.where(begins | stays, LOW_PROVISIONAL, NORMAL))
    seen = summed(np.ones(len(state))) >= settings.known_parts * parts.all
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
