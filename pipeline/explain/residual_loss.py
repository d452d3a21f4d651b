"""How much is left now of what is still out: an outage's own numbers are those of its worst moment."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from pipeline.codec import iso
from pipeline.errors import FEW
from pipeline.explain.context import place_name
from pipeline.explain.terminal import by_country, utc
from pipeline.explain.terms import signal_name
from pipeline.explain.text import counted
from pipeline.fusion.evidence import BESIDE, NEARLY_ALL, speaking
from pipeline.fusion.likeness import OF_DAY, OF_PARTS
from pipeline.fusion.outages import CONFIRMED, OPEN
from pipeline.records import Left, Outage, Places, Term
from pipeline.replay.replay import Result
from pipeline.settings import Fusing

SPAN = 3600
"""What was seen so long before the end of the recording [s], or one bin where bins are longer, is not seen now."""


@dataclass(frozen=True)
class Lately:
    """What was seen last of the outages that are open, and until when there was anything to see [s]."""

    left: tuple[Left, ...] = ()
    until: int = 0

    @cached_property
    def by_id(self) -> dict[str, list[Left]]:
        """What was seen last of each outage."""
        found: dict[str, list[Left]] = {}
        for one in self.left:
            found.setdefault(one.id, []).append(one)
        return found

    @classmethod
    def of(cls, result: Result) -> "Lately":
        """That of a replay."""
        return cls(tuple(one for _, own in sorted(result.left.items()) for one in own), result.watermark)

    def shown(self, outage: Outage) -> list[Left]:
        """What the signals that speak for an outage show now, the heaviest first; not those that are not observed.

        Examples
        --------
        >>> outage = Outage("x", "country", "PK", "confirmed", "unknown", "live", start=3600, end=None, detected_at=0,
        ...     confirmed_at=0, probability=0.97, severity=0.9, signals=(), revision=2)
        >>> lately = Lately((Left("x", "probing.ioda", 7200, 10800, 0.55), Left("x", "bgp.ris", 300, 600, 0.1)), 10800)
        >>> lately.shown(outage)
        [Left(id='x', signal='probing.ioda', start=7200, end=10800, ratio=0.55)]
        """
        own = self.by_id.get(outage.id, []) if outage.state in OPEN else []
        return [one for one in own if one.end + max(SPAN, one.end - one.start) > self.until]

    def back_again(self, outage: Outage, settings: Fusing) -> str:
        """That an outage that goes on is more than half back, and how much of it; '' where it is not.

        So it is while each signal that fell is observed, and lacks less than ``settings.bottom`` of what it lacked at
        the worst, or next to nothing.

        Examples
        --------
        >>> fell = Term("probing.ioda", 0.1, -9.0, 9.0, 1.0), Term("bgp.ris", 0.7, -9.0, 9.0, 1.0)
        >>> outage = Outage("x", "country", "PK", "confirmed", "unknown", "live", start=3600, end=None, detected_at=0,
        ...     confirmed_at=0, probability=0.97, severity=0.9, signals=fell, revision=2)
        >>> probes, routes = Left("x", "probing.ioda", 7200, 10800, 0.66), Left("x", "bgp.ris", 7200, 10800, 1.0)
        >>> Lately((probes, routes), 10800).back_again(outage, Fusing())
        ' (more than half back: what fell is at 66% of usual or more)'
        >>> Lately((probes, routes), 10800).back_again(outage, Fusing(bottom=0.3))
        ''
        >>> Lately((probes,), 10800).back_again(outage, Fusing())
        ''
        """
        now = {one.signal: one.ratio for one in self.shown(outage)}
        fell = [term for term in speaking(outage.signals) if not term.signal.startswith((OF_PARTS, OF_DAY))]
        back = (_is_back(now.get(_signal(term)), term.ratio, settings.bottom) for term in fell)
        if outage.state != CONFIRMED or not all(back):
            return ""
        least = min((now[_signal(term)] for term in fell), default=0.0)
        return f" (more than half back: what fell is at {least:.0%} of usual or more)" if fell else ""


def _signal(term: Term) -> str:
    return term.signal.partition(BESIDE)[0]


def _is_back(ratio: float | None, worst: float | None, bottom: float) -> bool:
    """Whether most is back of a signal that shows so much now, and showed so much at the worst: it lacks less than the
    share ``bottom`` of what it lacked then [0-1]."""
    if ratio is None or worst is None:
        return False
    return ratio >= NEARLY_ALL or 1 - ratio < bottom * (1 - worst)


def now_of(found: Iterable[Outage], lately: Lately, places: Places) -> Iterator[str]:
    """What is seen now of the outages that are still open, a sentence each; the first few of them."""
    found = list(found)
    return told_of(found, [one for outage in found for one in lately.shown(outage)], places, "Now in", "now")


def told_of(found: Iterable[Outage], left: Iterable[Left], places: Places, words: str, key: str) -> Iterator[str]:
    """What is ``left`` of outages, in a sentence each that begins with these words; of more than a few of them where
    ``--json`` has it."""
    own: dict[str, list[Left]] = {}
    for one in left:
        own.setdefault(one.id, []).append(one)
    told = [outage for outage in by_country(found, places) if outage.id in own]
    for outage in told[:FEW]:
        now = own[outage.id]
        shares = ", ".join(f"{signal_name(one.signal)} at {one.ratio:.0%}" for one in now)
        first, last = min(one.start for one in now), max(one.end for one in now)
        name = place_name(outage.entity_type, outage.entity, places)
        yield f"{words} {name}: {shares} of usual, {utc(first)} to {utc(last)} UTC."
    if len(told) > FEW:
        yield f"So it is known of {counted(len(told) - FEW, 'other')}: --json has them all ({key})."


def plain_now(found: Iterable[Outage], lately: Lately) -> list[dict[str, object]]:
    """The same for a program: a row for each outage that is open and each of its signals that is observed."""
    return plain_left(one for outage in found for one in lately.shown(outage))


def plain_left(left: Iterable[Left]) -> list[dict[str, object]]:
    """A row for each outage and signal."""
    return [
        {"id": one.id, "signal": one.signal, "start": iso(one.start), "end": iso(one.end), "ratio": one.ratio}
        for one in left
    ]
