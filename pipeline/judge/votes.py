"""Who has a say in what a feed's series have in common."""

from typing import NamedTuple

import numpy as np

from pipeline.kinds import ROUTES, kind_of
from pipeline.records import Entity
from pipeline.settings import Judging

APART = 3
"""Of so many countries no cut takes the same share of every network's routes, unless it is all; and of fewer voters
that were as usual before nothing is known to be common [countries]."""

NOBODY = Entity("", "", "")
"""Has no vote."""

NEVER_AGAIN = 2**62
"""Behind the last bin of any frame [bins]."""


class Votes(NamedTuple):
    """Who has a say: entity ``rows (m,) intp`` in order of their ``voter (m,) intp``, of which there are ``number``.

    ``countries``: whether the voters are countries, and not the networks of few; ``home (m,) intp``: of which country
    each entity is, -1 of none that is known.
    """

    rows: np.ndarray
    voter: np.ndarray
    number: int
    countries: bool
    home: np.ndarray

    @property
    def apart(self) -> bool:
        """Whether they are of countries enough that no cut makes all of them fall alike."""
        return self.countries or len(np.unique(self.home[self.home >= 0])) >= APART

    def by_country(self) -> "Votes":
        """The same, with one vote for each country."""
        order = np.argsort(self.home, kind="stable")
        order = order[self.home[order] >= 0]
        return self._replace(rows=self.rows[order], voter=self.home[order], home=self.home[order])

    def counts(self, known: np.ndarray) -> np.ndarray:
        """What each known entity counts, of ``known (m,) bool``: those of one voter add up to one."""
        voter = self.voter[known]
        return 1 / np.bincount(voter)[voter] if len(voter) else np.zeros(0)

    def voting(self, known: np.ndarray) -> int:
        """How many voters have anybody known."""
        return int(np.count_nonzero(np.bincount(self.voter[known])))

    def share(self, side: np.ndarray, known: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Votes for a side ``(t,)`` and voters there are ``(t,)``, of ``side, known (t, m) bool``."""
        begins = np.flatnonzero(np.diff(self.voter, prepend=-1))
        those, all_ = (np.add.reduceat(a.astype(np.float64), begins, axis=1) for a in (side & known, known))
        return np.where(all_ > 0, those / np.maximum(all_, 1), 0.0).sum(axis=1), np.count_nonzero(all_, axis=1)


def votes(signal: str, entities: tuple[Entity, ...] | list[Entity], settings: Judging) -> Votes:
    """One vote for each country; where a feed covers only few, one for each network that it counts routes of.

    Routes are counted by the same peers for every network, so that even the networks of a single country show a lost
    peer.  Traffic and probes of one country have nothing in common but the country: they have no vote, and neither
    have regions, which are its parts.

    Examples
    --------
    >>> networks = [Entity("asn", f"AS{i}", "GB") for i in range(6)]
    >>> len(votes("bgp.routeviews", networks, Judging()).rows), len(votes("traffic.radar", networks, Judging()).rows)
    (6, 0)
    """
    homes = {e.country for e in entities if e.country and e.type != "service"}
    if len(homes) >= settings.common_voters:
        place = {home: i for i, home in enumerate(sorted(homes))}
        own = sorted((place[e.country], i) for i, e in enumerate(entities) if e.country and e.type != "service")
        voter, rows = np.array(own, np.intp).T
        return Votes(rows, voter, len(homes), countries=True, home=voter)
    networks = [i for i, e in enumerate(entities) if e.type == "asn"] if kind_of(signal) == ROUTES else []
    place = {home: i for i, home in enumerate(sorted({entities[i].country for i in networks} - {""}))}
    home = np.array([place.get(entities[i].country, -1) for i in networks], np.intp)
    return Votes(np.array(networks, np.intp), np.arange(len(networks)), len(networks), countries=False, home=home)


def votes_at(signal: str, entities: list[Entity], settings: Judging, begun: np.ndarray, at: int) -> tuple[Votes, int]:
    """Who votes at a bin of a frame, and at which one others may: of entities that have ``begun (n,)`` at these bins.

    Whoever comes later in a frame changes nothing before: what is common does not hang on how long frames are.  Once
    countries vote, one that is not there yet is one that is not observed.

    Examples
    --------
    >>> networks = [Entity("asn", f"AS{i}", "GB") for i in range(6)] + [Entity("country", c, c) for c in "ABCDE"]
    >>> at = [votes_at("bgp.ris", networks, Judging(), np.arange(11), at) for at in (4, 8, 9)]
    >>> [(len(who.rows), who.countries, until < 11 and until) for who, until in at]
    [(5, False, 5), (6, False, 9), (11, True, False)]
    """
    if not (later := begun[begun > at]).size:
        return votes(signal, entities, settings), NEVER_AGAIN
    met = [entity if begun[i] <= at else NOBODY for i, entity in enumerate(entities)]
    who = votes(signal, met, settings)
    return (votes(signal, entities, settings), NEVER_AGAIN) if who.countries else (who, int(later.min()))


def before_first(health: np.ndarray) -> np.ndarray:
    """How many bins ``(n,)`` come before a series' first, of ``health (t, n)`` that is NaN before it."""
    return np.asarray(np.isnan(health).cumprod(axis=0).sum(axis=0))


def votable(who: Votes, settings: Judging) -> bool:
    """Whether a feed's series have votes enough for anything to be common to them: of fewer nothing is known."""
    return bool(settings.common_most) and who.number >= settings.common_voters
