"""How much is left now of what is still out: an outage's own numbers are those of its worst moment."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from pipeline.codec import iso
from pipeline.explaining import place_name
from pipeline.outages import OPEN
from pipeline.reasons import signal_name
from pipeline.records import Left, Outage
from pipeline.replay import Result
from pipeline.series import Places
from pipeline.show import by_country, utc
from pipeline.wording import FEW, counted

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


def now_of(found: Iterable[Outage], lately: Lately, places: Places) -> Iterator[str]:
    """What is seen now of the outages that are still open, a sentence each; the first few of them."""
    told = [(outage, lately.shown(outage)) for outage in by_country(found, places)]
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
    return [
        {"id": one.id, "signal": one.signal, "start": iso(one.start), "end": iso(one.end), "ratio": one.ratio}
        for outage in found for one in lately.shown(outage)
    ]  # fmt: skip
