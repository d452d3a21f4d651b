"""Common mode: what moves every series of a feed at once is the feed (a peer, a collector), not a country.

A collector that loses a peer, or a prober that loses a site, counts everybody lower in the same bin and by the same
share.  No shutdown does: it spares other countries, and inside of one it meets each network differently.  A small move
is divided out; a large one of many countries (half of the senders gone, another unit, zeros for all) is a feed of which
nothing can be said.
"""

from typing import NamedTuple

import numpy as np

from detectors.base import Verdict, is_low
from pipeline.judge.votes import APART, Votes, votable
from pipeline.settings import Judging

MEDIAN_ERROR = 1.25
"""Standard error of a median of n values, in deviations over the root of n: sqrt(pi / 2) [-]."""

SPREAD = 3.0
"""Series that moved alike are within so many standard deviations of each other [-]."""

MANY, EXACTLY = 20, 0.02
"""Four fifths of so many countries never fall together but with their feed; of fewer all may hang on one cable, which
leaves each of them another share: their shares must be the same, but for noise or so much [countries], [0-1]."""


class Moved(NamedTuple):
    """Series that moved to one side: at which ``share`` of what was expected each stands, its ``noise`` and what it
    ``counts``, all ``(m,)``; the ``middle`` of the shares and its ``error``; votes ``needed`` to be most."""

    share: np.ndarray
    noise: np.ndarray
    counts: np.ndarray
    middle: float
    error: float
    voters: int
    needed: float

    def most(self, which: np.ndarray) -> bool:
        """Whether these ``(m,) bool`` have the votes."""
        return bool(self.counts[which].sum() >= self.needed * (1 - 1e-9))  # sums in another order differ by less


def _observed(
    x: np.ndarray, verdict: Verdict, calm: np.ndarray, who: Votes
) -> tuple[np.ndarray, np.ndarray, np.ndarray, int, int]:
    """Of those that were ``calm (n,) bool`` before: at which share of what was expected each stands, its score and what
    it counts, all ``(m,)``, and how many voters they are; and how many there are with those that were not."""
    with np.errstate(all="ignore"):
        share, score = x[who.rows] / verdict.expected[who.rows], verdict.score[who.rows]
    known = np.isfinite(score) & np.isfinite(share)
    there = who.voting(known)
    known &= calm[who.rows]
    return share[known], score[known], who.counts(known), who.voting(known), there


def _moved(
    x: np.ndarray, verdict: Verdict, calm: np.ndarray, who: Votes, least: int, settings: Judging
) -> Moved | None:  # fmt: skip
    """How those moved that were ``calm (n,) bool`` before: who is out already moves with nobody.  None where too few
    are observed, ``least`` voters or fewer than `APART` calm ones, or these did not move to one side, however far."""
    share, score, counts, voters, there = _observed(x, verdict, calm, who)
    needed = settings.common_share * voters
    if there < least or voters < APART:
        return None
    if max(counts[share < 1].sum(), counts[share > 1].sum()) < needed * (1 - 1e-9):
        return None
    with np.errstate(all="ignore"):
        noise = np.where(score == 0, 0.0, np.abs((share - 1) / score))
    error = MEDIAN_ERROR * _middle(noise, counts) / np.sqrt(voters)
    return Moved(share, noise, counts, _middle(share, counts), error, voters, needed)


def common_mode(x: np.ndarray, verdict: Verdict, calm: np.ndarray, who: Votes, settings: Judging) -> float:
    """What a feed's series have in common in one bin: a shift as a logarithm [-], 0 where they have nothing.

    It is the weighted median of ``log(x / expected)``, if it is no larger than ``settings.common_most``, stands out of
    the noise, and if the share ``settings.common_share`` of all votes moved to the same side and about as far.

    Parameters
    ----------
    x
        ``(n,) float64``, NaN = not observed: has no vote in this bin.
    verdict
        What the detector says of x, arrays ``(n,)``.
    calm
        ``(n,) bool``: which series were not low when they were last judged.

    Examples
    --------
    Ten networks; a peer is lost that carried a twentieth of each, and then one network alone goes down:

    >>> from pipeline.records import Entity
    >>> from pipeline.judge.votes import votes
    >>> networks = [Entity("asn", f"AS{i}", "GB") for i in range(10)]
    >>> who, full, calm = votes("bgp.routeviews", networks, Judging()), np.full(10, 100.0), np.ones(10, bool)
    >>> def judged(x):
    ...     return Verdict(full, full, full, (x - full) / 0.2, np.ones(10, np.int8), np.ones(10, bool))
    >>> lost_peer, one_down = full * 0.95, np.where(np.arange(10) == 3, 0.0, full)
    >>> round(float(np.exp(common_mode(lost_peer, judged(lost_peer), calm, who, Judging()))), 3)
    0.95
    >>> [common_mode(x, judged(x), calm, who, Judging()) for x in (one_down, full * 0.5)]
    [0.0, 0.0]
    """
    found = _moved(x, verdict, calm, who, settings.common_voters, settings)
    if found is None or found.voters < settings.common_voters:
        return 0.0
    with np.errstate(all="ignore"):
        moved, middle = np.log(found.share), float(np.log(found.middle))
    if not max(settings.common_least, settings.common_clear * found.error) <= abs(middle) <= settings.common_most:
        return 0.0
    far = np.maximum(abs(middle) / 2, 2 * np.minimum(found.noise, abs(middle)))
    alike = (np.sign(moved) == np.sign(middle)) & (np.abs(moved - middle) <= far)
    return middle if found.most(alike) else 0.0


def broken(
    x: np.ndarray, verdict: Verdict, calm: np.ndarray, last: float, who: Votes, settings: Judging
) -> float:  # fmt: skip
    """At which share of its level a feed's series stand in a bin of which nothing can be said, 1 where it can.

    Of all countries that were not low before, those of ``settings.common_share`` moved by more than
    ``settings.common_most``, and as far as each other, the fewer they are the more exactly; where only networks are
    counted, those of `APART` countries at least, each of which has one vote.  One that was broken stays so while too
    few speak to tell, and these stand where it stood.  What is larger than a lost peer is not divided out: a feed that
    is halved is not halved alike everywhere, and the rest would be somebody's outage.

    Parameters
    ----------
    calm
        ``(n,) bool``: which series were not low when they were last judged.
    last
        At which share it stood in the bin before, if that was such a one, else 1: near it they stay alike within twice
        as much.

    Examples
    --------
    Seven countries: half of all is gone, then all, and then only that of three:

    >>> from pipeline.records import Entity
    >>> from pipeline.judge.votes import votes
    >>> countries = [Entity("country", code, code) for code in ("BR", "DE", "IN", "KE", "PK", "US", "ZA")]
    >>> who, full, calm = votes("traffic.radar", countries, Judging()), np.full(7, 100.0), np.ones(7, bool)
    >>> def judged(x):
    ...     return Verdict(full, full, full, (x - full) / 3.0, np.ones(7, np.int8), np.ones(7, bool))
    >>> bins = full * 0.5, full * 0.0, np.where(np.arange(7) < 3, 0.0, full)
    >>> [broken(x, judged(x), calm, 1.0, who, Judging()) for x in bins]
    [0.5, 0.0, 1.0]
    """
    if not (who.apart and votable(who, settings)):
        return 1.0
    who, least = (who, settings.common_voters) if who.countries else (who.by_country(), APART)
    known = calm & verdict.settled
    if (found := _moved(x, verdict, known, who, least, settings)) is None:
        return last if last != 1 and _stays(x, verdict, known, last, who, least, settings) else 1.0
    share, middle, noise = found.share, found.middle, found.noise
    are_few = last == 1 and found.voters < least
    with np.errstate(all="ignore"):
        if abs(np.log(middle)) <= settings.common_most or (are_few and found.voters < least - 1):
            return 1.0
    if not middle and (are_few or not who.countries):  # of nothing that is left nobody knows whose it is
        return 1.0
    gap = abs(middle - 1)
    if gap < settings.common_clear * found.error:
        return 1.0
    if last != 1 and abs(middle - last) <= gap / 2:  # a part of a bin may look alike of what is not
        far = np.full(len(share), gap / 2)
    elif are_few:  # who is out may have company: of so few only the very same is a feed's, and no zeros
        far = np.clip(SPREAD * noise * np.maximum(share, middle), EXACTLY * middle, EXACTLY)
    elif not who.countries:  # no cable takes about the same of every network of several countries
        far = np.full(len(share), min(gap, middle) / 4)
    elif found.voters >= MANY:
        far = np.clip(SPREAD * noise, gap / 4, gap / 2)
    else:
        far = np.clip(SPREAD * noise * np.maximum(share, middle), EXACTLY, gap / 4)
    alike = np.abs(share - middle) <= far
    # of a country with few networks these may be alike by chance: most of all are, too
    if not who.countries and alike.mean() < settings.common_share:
        return 1.0
    return middle if found.most(alike) else 1.0


def _stays(
    x: np.ndarray, verdict: Verdict, calm: np.ndarray, last: float, who: Votes, least: int, settings: Judging
) -> bool:  # fmt: skip
    """Whether too few are observed to tell whether a feed is whole again, and most of them stand where it stood."""
    share, _, counts, voters, there = _observed(x, verdict, calm, who)
    stand = counts[np.abs(share - last) <= abs(last - 1) / 2]
    return there < least and bool(stand.sum() >= settings.common_share * voters * (1 - 1e-9))


def may_have_moved(x: np.ndarray, verdict: Verdict, who: Votes, settings: Judging) -> np.ndarray:
    """In which bins ``(t,) bool`` so many votes are on one side that `common_mode` or `broken` may find something; who
    is low may have been so before, and counts for both.

    x and the verdict's arrays are ``(t, n)``.
    """
    if not votable(who, settings):
        return np.zeros(len(x), bool)
    with np.errstate(all="ignore"):
        share = x[:, who.rows] / verdict.expected[:, who.rows]
        known = np.isfinite(verdict.score[:, who.rows]) & np.isfinite(share)
        low = is_low(verdict.state[:, who.rows])
        (below, voters), (above, _) = who.share((share < 1) | low, known), who.share((share > 1) | low, known)
    return (voters >= settings.common_voters) & (
        np.maximum(below, above) >= settings.common_share * voters * (1 - 1e-6)
    )


def _middle(values: np.ndarray, counts: np.ndarray) -> float:
    """The weighted median."""
    order = np.argsort(values, kind="stable")
    total = np.cumsum(counts[order])
    return float(values[order][np.searchsorted(total, total[-1] / 2)])


def without(x: np.ndarray, shift: float) -> np.ndarray:
    """x ``(n,)`` with a common shift (a logarithm) divided out; counts stay whole, as noise models want them.

    Examples
    --------
    >>> without(np.array([95.0, 0.0, np.nan, 47.5]), np.log(0.95)).round(1).tolist()
    [100.0, 0.0, nan, 50.0]
    """
    if not shift:
        return x
    own = x * np.exp(-shift)
    return np.where(x == np.rint(x), np.rint(own), own)


def shifted(verdict: Verdict, shift: float) -> Verdict:
    """What was expected of a feed that is whole, as this feed shows it."""
    if not shift:
        return verdict
    seen = np.exp(shift)
    return verdict._replace(expected=verdict.expected * seen, lower=verdict.lower * seen, upper=verdict.upper * seen)
