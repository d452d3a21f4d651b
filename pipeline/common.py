"""Common mode: what moves every series of a feed at once is the feed (a peer, a collector), not a country.

A collector that loses a peer, or a prober that loses a site, counts everybody lower in the same bin and by the same
share.  No shutdown does: it spares other countries, and inside of one it meets each network differently.  A small move
is divided out; a large one of many countries (half of the senders gone, another unit, zeros for all) is a feed of which
nothing can be said.
"""

import numpy as np

from detectors.base import Verdict
from pipeline.settings import Judging
from pipeline.votes import APART, Votes, votable

MEDIAN_ERROR = 1.25
"""Standard error of a median of n values, in deviations over the root of n: sqrt(pi / 2) [-]."""

SPREAD = 3.0
"""Series that moved alike are within so many standard deviations of each other [-]."""

MANY, EXACTLY = 20, 0.02
"""Four fifths of so many countries never fall together but with their feed; of fewer all may hang on one cable, which
leaves each of them another share: their shares must be the same, but for noise or so much [countries], [0-1]."""


def common_mode(x: np.ndarray, verdict: Verdict, who: Votes, settings: Judging) -> float:
    """What a feed's series have in common in one bin: a shift as a logarithm [-], 0 where they have nothing.

    It is the weighted median of ``log(x / expected)``, if it is no larger than ``settings.common_most``, stands out of
    the noise, and if the share ``settings.common_share`` of all votes moved to the same side and about as far.

    Parameters
    ----------
    x
        ``(n,) float64``, NaN = not observed: has no vote in this bin.
    verdict
        What the detector says of x, arrays ``(n,)``.

    Examples
    --------
    Ten networks; a peer is lost that carried a twentieth of each, and then one network alone goes down:

    >>> from pipeline.records import Entity
    >>> from pipeline.votes import votes
    >>> networks = [Entity("asn", f"AS{i}", "GB") for i in range(10)]
    >>> who, full = votes("bgp.routeviews", networks, Judging()), np.full(10, 100.0)
    >>> def judged(x):
    ...     return Verdict(full, full, full, (x - full) / 0.2, np.ones(10, np.int8), np.ones(10, bool))
    >>> lost_peer, one_down = full * 0.95, np.where(np.arange(10) == 3, 0.0, full)
    >>> round(float(np.exp(common_mode(lost_peer, judged(lost_peer), who, Judging()))), 3)
    0.95
    >>> [common_mode(x, judged(x), who, Judging()) for x in (one_down, full * 0.5)]
    [0.0, 0.0]
    """
    expected, score = verdict.expected[who.rows], verdict.score[who.rows]
    with np.errstate(all="ignore"):
        share = x[who.rows] / expected
        known = np.isfinite(score) & np.isfinite(share)
        share, score, count = share[known], score[known], who.counts(known)
    voters = who.voting(known)
    if voters < settings.common_voters or not _one_side(share, count, settings.common_share * voters):
        return 0.0
    with np.errstate(all="ignore"):
        moved = np.log(share)
        noise = np.where(score == 0, 0.0, np.abs((share - 1) / score))
    middle = _middle(moved, count)
    error = MEDIAN_ERROR * _middle(noise, count) / np.sqrt(voters)
    if not max(settings.common_least, settings.common_clear * error) <= abs(middle) <= settings.common_most:
        return 0.0
    far = np.maximum(abs(middle) / 2, 2 * np.minimum(noise, abs(middle)))
    alike = (np.sign(moved) == np.sign(middle)) & (np.abs(moved - middle) <= far)
    return float(middle) if count[alike].sum() >= settings.common_share * voters * (1 - 1e-9) else 0.0


def broken(
    x: np.ndarray, verdict: Verdict, calm: np.ndarray, already: bool, who: Votes, settings: Judging
) -> float:  # fmt: skip
    """At which share of its level a feed's series stand in a bin of which nothing can be said, 1 where it can.

    Of all countries that were not low before, those of ``settings.common_share`` moved by more than
    ``settings.common_most``, and as far as each other, the fewer they are the more exactly; where only networks are
    counted, those of `APART` countries at least, each of which has one vote.  What is larger than a lost peer is not
    divided out: a feed that is halved is not halved alike everywhere, and the rest would be somebody's outage.

    Parameters
    ----------
    calm
        ``(n,) bool``: which series were not low when they were last judged.
    already
        Whether the bin before was such a one: then they stay alike within twice as much.

    Examples
    --------
    Seven countries: half of all is gone, then all, and then only that of three:

    >>> from pipeline.records import Entity
    >>> from pipeline.votes import votes
    >>> countries = [Entity("country", code, code) for code in ("BR", "DE", "IN", "KE", "PK", "US", "ZA")]
    >>> who, full, calm = votes("traffic.radar", countries, Judging()), np.full(7, 100.0), np.ones(7, bool)
    >>> def judged(x):
    ...     return Verdict(full, full, full, (x - full) / 3.0, np.ones(7, np.int8), np.ones(7, bool))
    >>> bins = full * 0.5, full * 0.0, np.where(np.arange(7) < 3, 0.0, full)
    >>> [broken(x, judged(x), calm, False, who, Judging()) for x in bins]
    [0.5, 0.0, 1.0]
    """
    if not (who.apart and votable(who, settings)):
        return 1.0
    who, least = (who, settings.common_voters) if who.countries else (who.by_country(), APART)
    expected, score = verdict.expected[who.rows], verdict.score[who.rows]
    with np.errstate(all="ignore"):
        share = x[who.rows] / expected
        known = np.isfinite(score) & np.isfinite(share) & verdict.settled[who.rows] & calm[who.rows]
        share, score, counts, voters = share[known], score[known], who.counts(known), who.voting(known)
        needed = settings.common_share * voters
        if voters < least or not _one_side(share, counts, needed):
            return 1.0
        middle = _middle(share, counts)
        if abs(np.log(middle)) <= settings.common_most or not (middle or who.countries):
            return 1.0
        noise = np.where(score == 0, 0.0, np.abs((share - 1) / score))
    gap = abs(middle - 1)
    if gap < settings.common_clear * MEDIAN_ERROR * _middle(noise, counts) / np.sqrt(voters):
        return 1.0
    if already:
        far = np.full(len(share), gap / 2)
    elif not who.countries:  # no cable takes about the same of every network of several countries
        far = np.full(len(share), min(gap, middle) / 4)
    elif voters >= MANY:
        far = np.clip(SPREAD * noise, gap / 4, gap / 2)
    else:
        far = np.clip(SPREAD * noise * np.maximum(share, middle), EXACTLY, gap / 4)
    alike = np.abs(share - middle) <= far
    # of a country with few networks these may be alike by chance: most of all are, too
    if not who.countries and alike.mean() < settings.common_share:
        return 1.0
    return middle if counts[alike].sum() >= needed * (1 - 1e-9) else 1.0


def may_have_moved(x: np.ndarray, verdict: Verdict, who: Votes, settings: Judging) -> np.ndarray:
    """In which bins ``(t,) bool`` so many votes are on one side that `common_mode` or `broken` may find something.

    x and the verdict's arrays are ``(t, n)``.
    """
    if not votable(who, settings):
        return np.zeros(len(x), bool)
    with np.errstate(all="ignore"):
        share = x[:, who.rows] / verdict.expected[:, who.rows]
        known = np.isfinite(verdict.score[:, who.rows]) & np.isfinite(share)
        (below, voters), (above, _) = who.share(share < 1, known), who.share(share > 1, known)
    return (voters >= settings.common_voters) & (
        np.maximum(below, above) >= settings.common_share * voters * (1 - 1e-6)
    )


def _one_side(share: np.ndarray, counts: np.ndarray, votes: float) -> bool:
    """Whether so many votes moved to one side, however far: mostly not, and then nothing more is asked."""
    least = votes * (1 - 1e-9)  # sums in another order differ by less
    return bool(counts[share < 1].sum() >= least or counts[share > 1].sum() >= least)


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
