"""OONI's aggregated tests: in which share of them a service could be used in a country, by the hour.

https://api.ooni.io/apidocs/ describes the interface, https://github.com/ooni/spec/tree/master/nettests the tests.
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from statistics import median

import msgspec
import numpy as np

from pipeline.bins import DAY
from pipeline.errors import DecodeError, printable
from pipeline.feeds.live.base import Scope
from pipeline.feeds.polled import Place, Points, Polled, Request, countries, decoded
from pipeline.geo.homes import as_country
from pipeline.records import Entity

NAME, WIDTH = "ooni", 3600

TESTS = ("whatsapp", "telegram", "signal", "facebook_messenger", "tor", "psiphon")
"""Services that have a test of their own.  Any other service is the domain of a web site."""

SITES = ("x.com", "facebook.com", "youtube.com")
"""Web sites that are asked for where the watch names no services."""

RENAMED = {"x.com": "twitter.com", "twitter.com": "x.com"}

LEAST = 11
"""Fewest tests in an hour that say anything [-].

Where one test in twenty fails by itself, half of 11 or more fail by chance less than once in ten years of hours:
P(Binomial(n, 0.05) >= n / 2) < 1 / 87,660 for each n >= 11, but not for n = 10.
"""

MOST = 4
"""As how many tests an hour those of a network count at most [-]: a national block is seen by several networks, and one
phone that fails fifty times is none.  So it takes three networks to say anything."""

PANEL = ("US", "DE", "GB", "FR", "IT")
"""Countries with many tests that do not block these services: where it fails in most of them it is the service."""

STANDS = 0.8  # share of ok tests in the middle one of these countries below which the service itself fails [0-1]

CODES = 50  # countries in one request [-]


class Counts(msgspec.Struct):
    """Tests of an hour in a network; those that failed for a fault of the probe (``failure_count``) say nothing."""

    probe_asn: int
    measurement_start_day: str
    ok_count: int = 0
    anomaly_count: int = 0
    confirmed_count: int = 0


class Answer(msgspec.Struct):
    """An error stands in ``error``, also of an answer with status 200."""

    result: list[Counts] | None = None
    error: str | None = None


def places(scope: Scope) -> Iterator[Place]:
    """The services in each country."""
    for country in countries(scope):
        for service in scope.services or (*TESTS, *SITES):
            yield Place(service, Entity("service", f"{country.code}:{service}", country.code))


def asks(start: int, end: int, places: tuple[Place, ...]) -> Iterator[Request]:
    """A request for each service: its countries and the `PANEL`, for whole days."""
    services: dict[str, list[Place]] = defaultdict(list)
    for place in places:
        services[place.code].append(place)
    days = {"since": _date(start), "until": _date(end - 1 + DAY)}
    axes = {"time_grain": "hour", "axis_x": "measurement_start_day", "axis_y": "probe_asn", "format": "JSON"}
    for service, those in services.items():
        test = (
            {"test_name": service} if service in TESTS else {"test_name": "web_connectivity", "domain": _all(service)}
        )
        for begin in range(0, len(those), CODES):
            some = tuple(those[begin : begin + CODES])
            codes = dict.fromkeys((*(place.entity.country for place in some), *PANEL))
            yield Request("/api/v1/aggregation", test | {"probe_cc": ",".join(codes)} | days | axes, start, end, some)


def _date(time: int) -> str:
    return f"{datetime.fromtimestamp(time, UTC):%Y-%m-%d}"


def _all(site: str) -> str:
    """The domains under which a site is tested."""
    names = (site, *filter(None, (RENAMED.get(site),)))
    return ",".join((*names, *(f"www.{name}" for name in names if not name.startswith("www."))))


def parse(body: bytes, request: Request) -> Iterator[Points | DecodeError]:
    """Shares of ok tests, for the hours of which there are enough, and in which the service itself was well.

    A network counts for the country of its number: an answer has two axes only.
    """
    answer = decoded(NAME, body, Answer)
    if answer.error or answer.result is None:
        raise DecodeError(NAME, "refused", "the answer", printable(str(answer.error))[:200])
    ok: dict[str, dict[int, float]] = defaultdict(lambda: defaultdict(float))
    tests: dict[str, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for row in answer.result:
        number, network = row.ok_count + row.anomaly_count + row.confirmed_count, f"AS{row.probe_asn}"
        if min(row.ok_count, row.anomaly_count, row.confirmed_count) < 0:
            yield DecodeError(NAME, "bad-count", network, "a count is below 0")
            continue
        try:
            hour = _hour(row.measurement_start_day)
        except ValueError as error:
            yield DecodeError(NAME, "bad-time", network, str(error)[:200])
            continue
        country, counted = as_country(network), min(number, MOST)
        ok[country][hour] += counted * row.ok_count / max(number, 1)
        tests[country][hour] += counted
    shares = {
        country: {hour: ok[country][hour] / number for hour, number in own.items() if number >= LEAST}
        for country, own in tests.items()
    }
    for place in request.places:
        own = shares.get(place.entity.country, {})
        panel = [shares[country] for country in PANEL if country in shares and country != place.entity.country]
        hours = [hour for hour in sorted(own) if _stands([one[hour] for one in panel if hour in one])]
        yield Points(place.entity, np.array(hours, np.int64), np.array([own[hour] for hour in hours], float))


def _hour(text: str) -> int:
    """The start of an hour [s]; ValueError for a day."""
    if len(text) < len("2026-06-16T05"):
        raise ValueError(f"{text!r} is no hour")
    return int(np.datetime64(text.removesuffix("Z"), "s").astype(np.int64)) // WIDTH * WIDTH


def _stands(shares: list[float]) -> bool:
    return not shares or median(shares) >= STANDS


POLLED = Polled(
    NAME, "ooni.tests", "https://api.ooni.io", WIDTH, period=WIDTH, patience=6 * WIDTH, reread=DAY, longest=5 * DAY,
    pace=8.0, asks=asks, parse=parse, places=places,
)  # fmt: skip
"""``pace``: the quota is about ten answers a minute, and counts the time of the server.  ``longest``: hours are given
for seven days at most, and the days at both ends are whole ones."""
