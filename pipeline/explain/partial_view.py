"""Sentences on countries that are judged from their parts, or cannot be, because too few parts are known."""

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import accumulate
from typing import NamedTuple

from detectors.base import ALWAYS
from pipeline.explain.text import counted, place_name
from pipeline.explain.why import at_one_time
from pipeline.fusion.evidence import BESIDE
from pipeline.fusion.outages import RETRACTED
from pipeline.fusion.parts import judged_from
from pipeline.geo.countries import SUBDIVISIONS
from pipeline.records import Outage, Places, placed
from pipeline.replay.coverage import Observed
from pipeline.replay.report import confirmed
from pipeline.settings import Fusing

PARTS = ("region", "asn")

SEVERAL = 3
"""When at least this many regions are out at once, a sentence explains why their country is not [-]."""

Known = dict[str, Counter[str]]
"""How many parts of each type of a country were ever observed, by signal."""


class Whole(NamedTuple):
    """A country without a series of its own, and how many parts one signal shows at most; ``all`` regions, if known."""

    entity: str
    known: int
    all: int | None
    networks: int = 0


def _known_parts(countries: Iterable[str], observed: Observed, places: Places) -> dict[str, Known]:
    known: dict[str, Known] = {country: {} for country in sorted(countries) if country}
    for (signal, kind, entity), stretches in observed.stretches.items():
        country = placed(kind, entity, places).country if kind in PARTS and stretches else ""
        if country in known:
            known[country].setdefault(signal, Counter())[kind] += 1
    return known


def _judged_from(known: Known, country: str, settings: Fusing) -> dict[str, str]:
    """Type of the parts, by signal; '' where they are too few."""
    return {signal: judged_from(country, of["region"], of["asn"], settings) for signal, of in known.items()}


def not_whole(found: Iterable[Outage], observed: Observed, places: Places, settings: Fusing) -> list[Whole]:
    """The countries without a series of their own of which parts are out, or suspected, and too few are known."""
    out = {
        placed(outage.entity_type, outage.entity, places).country
        for outage in found if outage.entity_type in PARTS and outage.state != RETRACTED
    }  # fmt: skip
    own = {entity for _, kind, entity in observed.stretches if kind == "country"}
    return [
        Whole(
            name, max((of["region"] for of in known.values()), default=0), SUBDIVISIONS.get(name),
            max((of["asn"] for of in known.values()), default=0),
        )
        for name, known in _known_parts(out - own, observed, places).items()
        if not any(_judged_from(known, name, settings).values())
    ]  # fmt: skip


def not_as_a_whole(wholes: Iterable[Whole], places: Places, settings: Fusing) -> Iterator[str]:
    """The same in a sentence each."""
    least = settings.known_networks
    for name, known, every, networks in wholes:
        are = "is" if (known or networks) == 1 else "are"
        if networks and not known:
            why = f"{networks} of its networks {are} in the recording, and {least} at least are needed"
        elif every is None:
            why = "how many regions it has is not known"
        else:
            why = f"{known} of its {every} regions {are} in the recording, and {_share(settings.known_parts)} "
            why += f"are needed, or {least} networks" if networks else "of them are needed"
        yield f"{place_name('country', name, places)} as a whole has no all-clear: {why}."


def _share(share: float) -> str:
    return "half" if share == 0.5 else f"{share:.0%}"


def from_parts(found: Iterable[Outage], observed: Observed, places: Places, settings: Fusing) -> Iterator[str]:
    """Which countries are out by signals that show only parts of them, in a sentence each."""
    out = [outage for outage in confirmed(found) if outage.entity_type == "country"]
    parts = _known_parts({outage.entity for outage in out}, observed, places)
    most: dict[str, Counter[str]] = {"region": Counter(), "asn": Counter()}
    for outage in out:
        known = parts[outage.entity]
        judged = _judged_from(known, outage.entity, settings)
        low = {term.signal.partition(BESIDE)[0] for term in outage.signals if term.weight > 0}
        own = any((signal, "country", outage.entity) in observed.stretches for signal in low)
        theirs = {signal: judged[signal] for signal in low if judged.get(signal)}
        if theirs and not own and len(set(theirs.values())) == 1:
            kind = next(iter(theirs.values()))
            many = max(known[signal][kind] for signal in theirs)
            most[kind][outage.entity] = max(many, most[kind][outage.entity])
    for name, many in sorted(most["region"].items()):
        yield (
            f"{place_name('country', name, places)} is judged from {many} of its {SUBDIVISIONS[name]} regions: it is "
            f"out while {_share(settings.low_parts)} of what these have is low, and over though single ones are still "
            "out."
        )
    for name, many in sorted(most["asn"].items()):
        where = place_name("country", name, places)
        yield f"{where} is called out by networks alone, {many} of them: how much of it they are is not known."


def parts_alone(found: Iterable[Outage], observed: Observed, places: Places, settings: Fusing) -> Iterator[str]:
    """Of which countries several regions were out at once and the whole was not, in a sentence each."""
    sure = confirmed(found)
    own = {entity for _, kind, entity in observed.stretches if kind == "country"}
    whole = [o for o in sure if o.entity_type == "country"]
    edges: dict[str, list[tuple[int, int]]] = {}
    for one in sure:
        country = placed(one.entity_type, one.entity, places).country
        if one.entity_type == "region" and not any(o.entity == country and at_one_time(o, one) for o in whole):
            edges.setdefault(country, []).extend([(one.start, 1), (ALWAYS if one.end is None else one.end, -1)])
    for name, known in _known_parts(edges.keys() - own, observed, places).items():
        most = max(accumulate(step for _, step in sorted(edges[name])))
        if most >= SEVERAL and "region" in _judged_from(known, name, settings).values():
            yield (
                f"{place_name('country', name, places)} as a whole was not out when {most} of its regions were: it is "
                f"while {_share(settings.low_parts)} of what its regions have is low."
            )


def of_no_country(found: Iterable[Outage], places: Places) -> Iterator[str]:
    """That networks are out that belong to no known country, in one sentence."""
    lost = {o.entity for o in found if o.entity_type == "asn" and o.state != RETRACTED}
    lost = {name for name in lost if not placed("asn", name, places).country}
    if lost:
        ends, them = ("s", "it") if len(lost) == 1 else ("", "them")
        belong = f"{counted(len(lost), 'network')} that fell belong{ends} to no country"
        yield f"{belong}, for want of a line in entities.csv: nothing follows from {them} for any country."
