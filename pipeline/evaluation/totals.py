"""All cases together: one line for each detector and way to read it."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import isnan
from statistics import median

from pipeline.evaluation.accounting import Account
from pipeline.evaluation.judged import ANY, FIELD, FUSED, OURS, WARNING, Judged, Read

BEST = "best signal"
"""Of each case the signal that served best, known only afterwards: more than anybody could have had."""

MUTE = 0.5
"""Who has refused so much of the time is not quiet, but mute [0-1]."""

SHARED = (FUSED, ANY, WARNING, BEST)
"""Ways to read that every case has, in the order in which they are shown."""


@dataclass(frozen=True)
class Total:
    """One detector, read one way, over several cases."""

    detector: str
    reading: str
    reads: tuple[Read, ...]

    @property
    def accounts(self) -> list[Account]:
        """The cases."""
        return [read.account for read in self.reads]

    @property
    def labels(self) -> int:
        """All labels."""
        return sum(len(made.answers) for made in self.accounts)

    @property
    def hits(self) -> int:
        """Labels that were hit."""
        return sum(made.hits for made in self.accounts)

    @property
    def met(self) -> int:
        """Labels that were met."""
        return sum(made.met for made in self.accounts)

    @property
    def false(self) -> int:
        """False outages."""
        return sum(len(made.false) for made in self.accounts)

    @property
    def false_rate(self) -> float:
        """False outages per entity-month; 0 where nothing was observed."""
        months = sum(made.months for made in self.accounts)
        return self.false / months if months else 0.0

    def middle(self, name: str) -> float | None:
        """Median of a field of `Answer` over all labels that were hit; None where none has one."""
        hit = [answer for made in self.accounts for answer in made.answers if answer.hit]
        found = [value for answer in hit if (value := getattr(answer, name)) is not None]
        return float(median(found)) if found else None

    @property
    def refused(self) -> float:
        """Share of the observed time of all cases that was refused [0-1]; NaN where nothing was observed."""
        return _mean((read.refused, read.account.months) for read in self.reads)

    @property
    def refused_labels(self) -> float:
        """Share that was refused of the labels' time, each label counting the same [0-1]; NaN where there is none."""
        return _mean((read.refused_labels, len(read.account.answers)) for read in self.reads)


def _mean(each: Iterable[tuple[float, float]]) -> float:
    """Mean of what is known of values with a weight each; NaN where nothing is.

    Examples
    --------
    >>> _mean([(1.0, 1), (0.5, 3), (float("nan"), 9)])
    0.625
    """
    known = [(value, weight) for value, weight in each if not isnan(value)]
    whole = sum(weight for _, weight in known)
    return sum(value * weight for value, weight in known) / whole if whole else float("nan")


def totals(judged: Iterable[Judged]) -> list[Total]:
    """All cases together, detectors in the order in which they came."""
    reads: dict[tuple[str, str], list[Read]] = {}
    for case in judged:
        for reading, read in shared(case).items():
            reads.setdefault((case.detector, reading), []).append(read)
    return [Total(detector, reading, tuple(found)) for (detector, reading), found in reads.items()]


def shared(judged: Judged) -> dict[str, Read]:
    """The readings that every case has, by name; only fusion's where nothing was read without it."""
    by_name = {read.reading: read for read in judged.readings}
    best = judged.best_signal
    found = {name: by_name.get(name, best if name == BEST else None) for name in SHARED}
    return {name: read for name, read in found.items() if read is not None}


def verdict(judged: Iterable[Judged]) -> str:
    """How ours did, and the field's rules without our fusion: which come nearest, or, where nothing is labelled, which
    are as quiet; '' where ours was not asked.

    Of two rules of which one meets more and the other is quieter both are the nearest.
    """
    made = totals(judged)
    ours = next((total for total in made if (total.detector, total.reading) == (OURS, FUSED)), None)
    if ours is None:
        return ""
    asked = "" if FIELD.keys() <= {total.detector for total in made} else " that were asked"
    theirs = f"Of the field's rules{asked}, without our fusion,"
    rivals = [total for total in made if total.detector in FIELD and total.reading in (ANY, WARNING)]
    if not ours.labels:
        said = f"Nothing is labelled, and nothing to be met: ours has {ours.false:,} false."
        return f"{said} {theirs} {_quiet(ours, rivals)}." if rivals else said
    said = f"Ours meets {ours.met} of {ours.labels} labels, with {ours.false:,} false."
    return f"{said} {theirs} {_nearest(ours, rivals)}." if rivals else said


def _quiet(ours: Total, rivals: list[Total]) -> str:
    """Which rules call out no more than ours does, of cases of which nothing is labelled, and which are so for having
    refused to judge."""
    mute = [total for total in rivals if total.refused >= MUTE]
    quiet = [total for total in rivals if total.false <= ours.false and total not in mute]
    loudest = max(rivals, key=lambda total: total.false)
    most = f"most false outages: {loudest.detector} by {loudest.reading}, {loudest.false:,}"
    said = [f"no more false outages have {_names(quiet)}" if quiet else "none has so few false outages"]
    if mute:
        said.append(f"silent for having refused to judge: {_names(mute)}")
    return "; ".join([*said, most] if loudest.false > ours.false else said)


def _names(of: list[Total]) -> str:
    return ", ".join(f"{total.detector} by {total.reading}" for total in of)


def _nearest(ours: Total, rivals: list[Total]) -> str:
    """The rules that come nearest to ours or do better, those that none of the others beats, and how they compare."""
    best = list[Total]()
    for total in sorted(rivals, key=_rank, reverse=True):
        if not best or (total.met and total.false < best[-1].false):
            best.append(total)
    if not best[0].met:
        return "none meets any"
    if equals := [total for total in best if _rank(total) >= _rank(ours)]:
        best, how = equals, _how(equals, ours)
    else:
        how = "the nearest is" if len(best) == 1 else "the nearest are"
    each = "; ".join(f"{total.detector} by {total.reading}: {total.met}, with {total.false:,}" for total in best)
    return f"{how} {each}"


def _how(equals: list[Total], ours: Total) -> str:
    """How rules compare that meet as much as ours does, or more."""
    if len(equals) > 1:
        return "as much or more is met by"
    if _rank(equals[0]) == _rank(ours):
        return "as good is"
    return "better is" if equals[0].false <= ours.false else "more is met by"


def _rank(total: Total) -> tuple[int, int]:
    """The more it met, and then the less was false, the higher."""
    return total.met, -total.false
