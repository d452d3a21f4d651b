"""Cloudflare Radar: traffic of countries and networks (NetFlows), a share of the largest value of its own answer.

https://developers.cloudflare.com/api/resources/radar/subresources/netflows/methods/timeseries/ describes it, and
https://developers.cloudflare.com/radar/concepts/ the intervals, scales and levels of confidence.
"""

from collections.abc import Iterator
from typing import Any

import msgspec
import numpy as np

from pipeline.bins import DAY
from pipeline.codec import iso
from pipeline.errors import DecodeError, printable
from pipeline.feeds.live.base import Scope
from pipeline.feeds.polled import Place, Points, Polled, Request, countries, decoded, networks

NAME = "radar"
WIDTH = 900
HOUR = 3600

SURE = 5
"""Level of confidence of an answer without known faults; below it there is too little traffic, or it is erratic."""


class Confidence(msgspec.Struct):
    """How sure Radar is of an answer, 1 to 5."""

    level: int | None = None


class Meta(msgspec.Struct):
    """What is said of an answer."""

    confidence: Confidence | None = msgspec.field(name="confidenceInfo", default=None)


class Series(msgspec.Struct):
    """Starts of bins, and values as text."""

    timestamps: list[str]
    values: list[str | None]


class Result(msgspec.Struct):
    """The one series that was asked for, by the name that the request gave it."""

    main: Series | None = None
    meta: Meta = msgspec.field(default_factory=Meta)


class Answer(msgspec.Struct):
    """An answer; its ``errors`` stand in one with any status."""

    success: bool = False
    result: Result | None = None
    errors: list[Any] = msgspec.field(default_factory=list)


def places(scope: Scope) -> Iterator[Place]:
    """Countries and networks."""
    yield from countries(scope)
    yield from networks(scope)


def asks(start: int, end: int, places: tuple[Place, ...]) -> Iterator[Request]:
    """A request for each place: beside a larger one a small network would be a few steps of a millionth."""
    for place in places:
        of = "location" if place.entity.type == "country" else "asn"
        query = {
            of: place.code, "dateStart": iso(start), "dateEnd": iso(end), "product": "ALL", "aggInterval": "15m",
            "normalization": "MIN0_MAX", "name": "main", "format": "json",
        }  # fmt: skip
        yield Request("/netflows/timeseries", query, start, end, (place,))


def parse(body: bytes, request: Request) -> Iterator[Points | DecodeError]:
    """The series without its last bin, which is still being counted; nothing where Radar is not sure of it."""
    answer = decoded(NAME, body, Answer)
    if not answer.success or answer.result is None:
        raise DecodeError(NAME, "refused", "the answer", printable(str(answer.errors))[:200])
    level, series = answer.result.meta.confidence, answer.result.main
    if series is None or (level is not None and level.level is not None and level.level < SURE):
        return
    try:
        time = np.array([text.removesuffix("Z") for text in series.timestamps], "datetime64[s]").astype(np.int64)
        value = np.array([np.nan if text is None else text for text in series.values], float)
    except ValueError as error:
        raise DecodeError(NAME, "bad-series", "the answer", str(error)) from None
    if len(time) != len(value) or (time % WIDTH).any():
        raise DecodeError(NAME, "bad-step", "the answer", f"not a value for each bin of {WIDTH} s")
    yield Points(request.places[0].entity, time[:-1], value[:-1])


POLLED = Polled(
    NAME, "traffic.radar", "https://api.cloudflare.com/client/v4/radar", WIDTH, period=300, patience=2 * HOUR,
    reread=3 * DAY, longest=7 * DAY, pace=0.5, asks=asks, parse=parse, places=places, needs_token=True, relative=True,
)  # fmt: skip
"""``pace``: half of the 1,200 requests that are allowed in five minutes.  ``reread``: a blackout of three days or less
leaves values before it by which the scale is found again."""
