"""IODA's interface, version 2: routes, active probing, a telescope, and Google's traffic, a feed each.

Each has its own delay, so each has its own watermark.  https://api.ioda.inetintel.cc.gatech.edu/v2/ describes it.
"""

import re
from collections.abc import Iterator
from functools import partial
from typing import Any

import msgspec
import numpy as np

from pipeline.bins import DAY
from pipeline.errors import DecodeError, printable
from pipeline.feeds.live.base import Scope
from pipeline.feeds.polled import Place, Points, Polled, Request, comma_lists, countries, decoded, networks, nothing
from pipeline.records import Entity

URL = "https://api.ioda.inetintel.cc.gatech.edu/v2"

HOUR = 3600

CODES = 50  # places in one request [-]: an address of 2,000 characters is safe everywhere

CODE = re.compile("[0-9]{1,9}")  # of a region; it becomes a part of paths

LONGEST = 100  # name of a region [characters]

PRODUCTS = ("", None, "WEB_SEARCH")
"""Subtypes that are used: of Google's products the search, which IODA gives by itself."""


class Series(
    msgspec.Struct, rename={"kind": "entityType", "code": "entityCode", "begin": "from", "native": "nativeStep"}
):
    """Values at ``begin + k * step`` [s]; means of several bins where ``step`` is not the ``native`` one."""

    kind: str
    code: str
    begin: int
    step: int
    native: int
    values: msgspec.Raw
    subtype: str | None = ""


class Found(msgspec.Struct):
    """An entity of a search."""

    code: str
    name: str


class Answer(msgspec.Struct):
    """A fault of IODA's own stands in ``error`` of an answer with status 200."""

    error: Any = None
    data: list[list[msgspec.Raw]] | None = None


class Search(msgspec.Struct):
    """What was found."""

    error: Any = None
    data: list[Found] | None = None


def regions(scope: Scope) -> Iterator[Request]:
    """Requests for the regions of the watched countries."""
    for code in scope.countries:
        query = {"entityType": "region", "relatedTo": f"country/{code}"}
        yield Request("/entities/query", query, places=(Place(code, Entity("country", code, code)),))


def found(feed: str, body: bytes, request: Request) -> Iterator[Place | DecodeError]:
    """The regions of a country; their codes are numbers of IODA, their names are not those of ISO 3166-2."""
    answer = decoded(feed, body, Search)
    _check(feed, answer.error)
    country = request.places[0].code
    for number, region in enumerate(answer.data or (), 1):
        if not (CODE.fullmatch(region.code) and region.name.isprintable() and 0 < len(region.name) <= LONGEST):
            why = f"code {printable(region.code[:40])!r}, name {printable(region.name[:40])!r}"
            yield DecodeError(feed, "bad-region", f"region {number} of {country}", why)
            continue
        yield Place(region.code, Entity("region", f"{country}-{region.name}", country, title=region.name))


def places(scope: Scope) -> Iterator[Place]:
    """Countries and networks; regions are looked up."""
    yield from countries(scope)
    yield from networks(scope)


def asks(source: str, start: int, end: int, places: tuple[Place, ...]) -> Iterator[Request]:
    """A list of codes in each request.  Without ``maxPoints``, as values are means of several bins then."""
    for kind, some in comma_lists(places, CODES):
        query = {"from": str(start), "until": str(end), "datasource": source}
        yield Request(f"/signals/raw/{kind}/{','.join(place.code for place in some)}", query, start, end, some)


def parse(feed: str, width: int, body: bytes, request: Request) -> Iterator[Points | DecodeError]:
    """The series of the places that were asked for.  Time counts from the answer's own ``from``; null is no value."""
    answer = decoded(feed, body, Answer)
    _check(feed, answer.error)
    asked = {(place.entity.type, place.code): place.entity for place in request.places}
    for number, raw in enumerate((raw for series in answer.data or () for raw in series), 1):
        try:
            series = msgspec.json.decode(raw, type=Series, strict=False)
            entity = asked.get((series.kind, series.code))
            if entity is None or series.subtype not in PRODUCTS:
                continue
            if series.step != series.native or series.step != width:
                why = f"a step of {series.step} s where bins of {width} s were wanted"
                yield DecodeError(feed, "bad-step", f"{series.kind} {series.code}", why)
                continue
            value = np.array(msgspec.json.decode(series.values, type=list[float | None]), float)
            yield Points(entity, series.begin + width * np.arange(len(value), dtype=np.int64), value)
        except msgspec.ValidationError as error:
            yield DecodeError(feed, "bad-series", f"series {number}", str(error))


def _check(feed: str, error: Any) -> None:
    if error:
        raise DecodeError(feed, "refused", "the answer", printable(str(error))[:200])


def _feed(
    name: str, source: str, signal: str, width: int, period: int, patience: int, has_parts: bool = True
) -> Polled:
    return Polled(
        name, signal, URL, width, period, patience,
        reread=12 * HOUR, longest=28 * DAY, pace=4.0, grace=width,
        asks=partial(asks, source), parse=partial(parse, name, width),
        places=places if has_parts else countries,
        lookups=regions if has_parts else nothing, found=partial(found, name),
    )  # fmt: skip


POLLED = (
    _feed("ioda-bgp", "bgp", "bgp.ioda", 300, 300, 2 * HOUR),
    _feed("ioda-probing", "ping-slash24", "probing.ioda", 600, 300, 2 * HOUR),
    _feed("ioda-telescope", "merit-nt", "telescope.ioda", 300, 300, 2 * HOUR),
    _feed("ioda-google", "gtr", "traffic.google", 1800, 600, 4 * HOUR, has_parts=False),
)
"""Routes come 40 minutes late and Google's traffic 90; of the others the delay is not published.

``pace``: the four together ask once a second, since IODA publishes no limit.
"""
