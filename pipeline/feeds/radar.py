"""Cloudflare Radar: traffic of countries and networks (NetFlows), a share of the largest value of its own answer.

https://developers.cloudflare.com/api/resources/radar/subresources/netflows/methods/timeseries/ describes it, and
https://developers.cloudflare.com/radar/concepts/ the intervals, scales and levels of confidence.
"""

from collections.abc import Iterator
from typing import Any

import msgspec
import numpy as np

from pipeline.bins import DAY
from pipeline.codec import iso, seconds
from pipeline.errors import DecodeError, printable
from pipeline.feeds.live.base import Scope
from pipeline.feeds.polled import Place, Points, Polled, Request, countries, decoded, networks

NAME = "radar"
WIDTH = 900
MAIN = "main"  # the name of the series that is asked for
HOUR = 3600

SURE = 5
"""Level of confidence of an answer without known faults; below it there is too little traffic, or it is erratic."""


class Confidence(msgspec.Struct):
    """How sure Radar is of an answer, 1 to 5."""

    level: float | None = None


class Meta(msgspec.Struct, rename="camel"):
    """What is said of an answer: how sure it is, and up to when all is counted."""

    confidence: Confidence | None = msgspec.field(name="confidenceInfo", default=None)
    last_updated: str | None = None


class Series(msgspec.Struct):
    """Starts of bins, and values as text or numbers."""

    timestamps: list[str]
    values: list[str | float | None]


class Answer(msgspec.Struct):
    """An answer; its ``errors`` stand in one with any status."""

    success: bool = False
    result: dict[str, msgspec.Raw] | None = None
    errors: list[Any] | None = None


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
            "normalization": "MIN0_MAX", "name": MAIN, "format": "json",
        }  # fmt: skip
        yield Request("/netflows/timeseries", query, start, end, (place,))


def parse(body: bytes, request: Request) -> Iterator[Points | DecodeError]:
    """The series, without a last bin that may still be counted; damage where Radar is not sure of it."""
    answer = decoded(NAME, body, Answer)
    if not answer.success or answer.result is None:
        raise DecodeError(NAME, "refused", "the answer", printable(str(answer.errors))[:200])
    meta = decoded(NAME, answer.result.pop("meta", b"{}"), Meta)
    level = meta.confidence.level if meta.confidence else None
    if level is not None and level < SURE:
        yield DecodeError(
            NAME, "unsure", "the answer", f"Radar has too little traffic to be sure: level {level:g} of 5"
        )
        return
    if MAIN not in answer.result:
        if answer.result:
            names = printable(", ".join(answer.result))[:200]
            yield DecodeError(NAME, "no-series", "the answer", f"it has {names} where {MAIN!r} was asked for")
        return
    series = decoded(NAME, answer.result[MAIN], Series)
    try:
        time = np.array([text.removesuffix("Z") for text in series.timestamps], "datetime64[s]").astype(np.int64)
        value = np.array([np.nan if one is None else one for one in series.values], float)
        updated = seconds(meta.last_updated[:19]) if meta.last_updated else 0
    except ValueError as error:
        raise DecodeError(NAME, "bad-series", "the answer", str(error)) from None
    if len(time) != len(value) or (time % WIDTH).any():
        raise DecodeError(NAME, "bad-step", "the answer", f"not a value for each bin of {WIDTH} s")
    over = (np.arange(len(time)) < len(time) - 1) | (time + WIDTH <= updated)
    yield Points(request.places[0].entity, time[over], value[over])


POLLED = Polled(
    NAME, "traffic.radar", "https://api.cloudflare.com/client/v4/radar", WIDTH, period=300, patience=2 * HOUR,
    reread=3 * DAY, longest=7 * DAY, pace=0.5, asks=asks, parse=parse, places=places, needs_token=True, relative=True,
)  # fmt: skip
"""``pace``: half of the 1,200 requests that are allowed in five minutes.  ``reread``: a blackout of three days or less
leaves values before it by which the scale is found again."""
