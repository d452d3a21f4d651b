"""How much is left now of what is still out: an outage's own numbers are those of its worst moment."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from pipeline.codec import iso
from pipeline.evidence import BESIDE, ratios, rounded
from pipeline.explaining import FEW, place_name
from pipeline.outages import OPEN
from pipeline.reasons import signal_name, speaking
from pipeline.records import Entity, Outage, Verdicts
from pipeline.series import Places
from pipeline.show import by_country, utc
from pipeline.wording import counted

SPAN = 3600
"""What is seen now is the mean of so long [s], or of one bin where bins are longer: one bin alone is mostly noise."""


class Recent(NamedTuple):
    """The last bins ``(t,)`` of a signal and ``n`` entities, each of ``width`` [s]: values ``(t, n)`` and what was
    expected."""

    entities: tuple[Entity, ...]
    width: int
    start: np.ndarray
    value: np.ndarray
    expected: np.ndarray


class Now(NamedTuple):
    """What a signal of an outage shows in ``[start, end)`` [s]: its share of usual [-]."""

    signal: str
    start: int
    end: int
    ratio: float


@dataclass
class Lately:
    """The last bins by signal and partition: no more of them than `SPAN` holds."""

    recent: dict[tuple[str, int], Recent] = field(default_factory=dict)

    def take(self, verdicts: Verdicts) -> None:
        """Take in a frame of the first detector; one that comes again changes nothing."""
        place = (verdicts.signal, verdicts.partition)
        new = Recent(verdicts.entities, verdicts.width, verdicts.start, verdicts.value, verdicts.expected)
        known = self.recent.get(place)
        both = new if known is None else _joined(known, _rows(new, new.start > known.start.max(initial=0)))
        if len(both.start):
            self.recent[place] = _rows(both, both.start > both.start.max() - max(SPAN, both.width))

    def shown(self, outage: Outage) -> list[Now]:
        """What the signals that speak for an outage show now, the heaviest first; not those that are not observed.

        Examples
        --------
        >>> from pipeline.records import UP, Run, Term
        >>> one, hours = np.ones((3, 1)), np.array([0, 3600, 7200])
        >>> lately = Lately()
        >>> lately.take(Verdicts(Run(), "ioda", 0, "probing.ioda", "seasonal", 3600, 10800, UP,
        ...     (Entity("country", "PK", "PK"),), hours, np.array([[99.0], [10], [55]]), one, one * 100, one, one, one,
        ...     one.astype(np.int8), one > 0, np.ones(3)))
        >>> lately.shown(Outage("x", "country", "PK", "confirmed", "unknown", "live", start=3600, end=None,
        ...     detected_at=0, confirmed_at=0, probability=0.97, severity=0.9,
        ...     signals=(Term("probing.ioda", 0.1, -9.0, 9.0, 1.0),), revision=2))
        [Now(signal='probing.ioda', start=7200, end=10800, ratio=0.55)]
        """
        signals = [term.signal.partition(BESIDE)[0] for term in speaking(outage.signals)]
        found = [(signal, own) for signal in signals for (name, _), own in self.recent.items() if name == signal]
        last = max((_end(own) for own in self.recent.values()), default=0)
        shown = [now for signal, own in found for now in _now(signal, own, (outage.entity_type, outage.entity))]
        return [now for now in shown if now.end + max(SPAN, now.end - now.start) > last]


def _rows(recent: Recent, rows: np.ndarray) -> Recent:
    return recent._replace(start=recent.start[rows], value=recent.value[rows], expected=recent.expected[rows])


def _end(recent: Recent) -> int:
    return int(recent.start.max(initial=0)) + recent.width


def _joined(known: Recent, new: Recent) -> Recent:
    """Both, as the later one lists its entities; NaN where the earlier does not."""
    value, expected = known.value, known.expected
    if known.entities != new.entities:
        before = {entity[:2]: i for i, entity in enumerate(known.entities)}
        at = np.array([before.get(entity[:2], -1) for entity in new.entities], np.intp)
        value, expected = (np.pad(part, ((0, 0), (0, 1)), constant_values=np.nan)[:, at] for part in (value, expected))
    start = np.concatenate([known.start, new.start])
    return Recent(
        new.entities, new.width, start, np.concatenate([value, new.value]), np.concatenate([expected, new.expected])
    )


def _now(signal: str, own: Recent, entity: tuple[str, str]) -> Iterator[Now]:
    for i in (i for i, e in enumerate(own.entities) if e[:2] == entity):
        seen = ~np.isnan(own.value[:, i]) & ~np.isnan(own.expected[:, i])
        ratio = float(ratios(own.value[seen, i].sum(), own.expected[seen, i].sum()))
        if seen.any() and not np.isnan(ratio):
            yield Now(signal, int(own.start[seen].min()), int(own.start[seen].max()) + own.width, ratio)


def now_of(found: Iterable[Outage], lately: Lately, places: Places) -> Iterator[str]:
    """What is seen now of the outages that are still open, a sentence each; the first few of them."""
    told = [(outage, lately.shown(outage)) for outage in by_country(found, places) if outage.state in OPEN]
    told = [(outage, now) for outage, now in told if now]
    for outage, now in told[:FEW]:
        shares = ", ".join(f"{signal_name(one.signal)} at {one.ratio:.0%}" for one in now)
        first, last = min(one.start for one in now), max(one.end for one in now)
        name = place_name(outage.entity_type, outage.entity, places)
        yield f"Now in {name}: {shares} of usual, {utc(first)} to {utc(last)} UTC."
    if len(told) > FEW:
        yield f"So it is known of {counted(len(told) - FEW, 'other')}: --json has them all (now)."


def plain_now(found: Iterable[Outage], lately: Lately) -> list[dict[str, object]]:
    """The same for a program: a row for each outage that is open and each of its signals that is observed."""
    shown = [(outage.id, now) for outage in found if outage.state in OPEN for now in lately.shown(outage)]
    return [
        {"id": id_, "signal": now.signal, "start": iso(now.start), "end": iso(now.end), "ratio": rounded(now.ratio)}
        for id_, now in shown
    ]
