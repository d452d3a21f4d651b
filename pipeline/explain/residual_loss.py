"""How much is missing at the end of a replay: of outages that go on, and of those that are over.

An outage's own numbers are those of its worst moment, and it ends where the detectors see what is usual again.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain

from pipeline.codec import iso
from pipeline.errors import FEW
from pipeline.explain.terms import signal_name
from pipeline.explain.text import counted, place_name, utc
from pipeline.fusion.evidence import BESIDE, NEARLY_ALL, speaking
from pipeline.fusion.likeness import OF_DAY, OF_PARTS
from pipeline.fusion.outages import CONFIRMED
from pipeline.records import Left, Outage, Places
from pipeline.replay.report import by_country
from pipeline.settings import Fusing


def back_again(outage: Outage, now: Sequence[Left], settings: Fusing) -> str:
    """That more than half is back of an outage that goes on, and how much; '' where it is not.

    Each signal that fell must be observed ``now``, and lack less than ``settings.bottom`` of what it lacked at the
    worst, or next to nothing.

    Examples
    --------
    >>> from pipeline.records import Term
    >>> fell = Term("probing.ioda", 0.1, -9.0, 9.0, 1.0), Term("bgp.ris", 0.7, -9.0, 9.0, 1.0)
    >>> outage = Outage("x", "country", "PK", "confirmed", "unknown", "live", start=3600, end=None, detected_at=0,
    ...     confirmed_at=0, probability=0.97, severity=0.9, signals=fell, revision=2)
    >>> probes, routes = Left("x", "probing.ioda", 7200, 10800, 0.66), Left("x", "bgp.ris", 7200, 10800, 1.0)
    >>> back_again(outage, [probes, routes], Fusing())
    ' (more than half back: what fell is at 66% of usual or more)'
    >>> back_again(outage, [probes, routes], Fusing(bottom=0.3)), back_again(outage, [probes], Fusing())
    ('', '')
    """
    ratios = {one.signal: one.ratio for one in now}
    fell = [
        (ratios.get(term.signal.partition(BESIDE)[0]), term.ratio)
        for term in speaking(outage.signals) if not term.signal.startswith((OF_PARTS, OF_DAY))
    ]  # fmt: skip
    if not fell or outage.state != CONFIRMED or not all(_is_back(*own, settings.bottom) for own in fell):
        return ""
    least = min((ratio for ratio, _ in fell if ratio is not None), default=0.0)
    return f" (more than half back: what fell is at {least:.0%} of usual or more)"


def _is_back(ratio: float | None, worst: float | None, bottom: float) -> bool:
    """Whether a signal lacks less than ``bottom`` of what it lacked at the worst [0-1], or next to nothing."""
    if ratio is None or worst is None:
        return False
    return ratio >= NEARLY_ALL or 1 - ratio < bottom * (1 - worst)


def now_of(found: Iterable[Outage], now: Mapping[str, Sequence[Left]], places: Places) -> Iterator[str]:
    """What the signals of outages that go on show at the end, a sentence each; of the first few."""
    return _remaining(found, chain.from_iterable(now.values()), places, "Now in", "now")


def not_all_back(found: Iterable[Outage], left: Iterable[Left], places: Places) -> Iterator[str]:
    """What is lacking of outages that are over, a sentence each; of the first few.

    Examples
    --------
    >>> over = Outage("a1", "country", "KE", "ended", "blackout", "replay", 0, 7200, 0, 0, 0.9, 0.9, (), 1)
    >>> print(*not_all_back([over], [Left("a1", "traffic.radar", 7200, 14400, 0.84)], {}))
    Over, and not all back in Kenya: traffic.radar at 84% of usual, 1970-01-01 02:00 to 1970-01-01 04:00 UTC.
    """
    return _remaining(found, left, places, "Over, and not all back in", "lacking")


def _remaining(found: Iterable[Outage], left: Iterable[Left], places: Places, words: str, key: str) -> Iterator[str]:
    """What is ``left`` of outages, in a sentence each that begins with these words; ``--json`` has all of them."""
    own: dict[str, list[Left]] = {}
    for one in left:
        own.setdefault(one.id, []).append(one)
    known = [outage for outage in by_country(found, places) if outage.id in own]
    for outage in known[:FEW]:
        now = own[outage.id]
        shares = ", ".join(f"{signal_name(one.signal)} at {one.ratio:.0%}" for one in now)
        first, last = min(one.start for one in now), max(one.end for one in now)
        name = place_name(outage.entity_type, outage.entity, places)
        yield f"{words} {name}: {shares} of usual, {utc(first)} to {utc(last)} UTC."
    if len(known) > FEW:
        yield f"The same is known of {counted(len(known) - FEW, 'other outage')}: --json has them all ({key})."


def plain_left(left: Iterable[Left]) -> list[dict[str, object]]:
    """For a program: a row for each outage and signal."""
    return [
        {"id": one.id, "signal": one.signal, "start": iso(one.start), "end": iso(one.end), "ratio": one.ratio}
        for one in left
    ]
