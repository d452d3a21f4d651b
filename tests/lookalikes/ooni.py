"""OONI's aggregation, as far as netvigil asks it: tests by network and hour, some of them broken."""

from collections.abc import Iterable
from datetime import date
from functools import cache
from importlib.resources import files
from itertools import product

import numpy as np
from aiohttp import web

from pipeline.codec import iso, seconds
from pipeline.feeds.ooni import MOST
from pipeline.geo.homes import TABLE
from tests.lookalikes.http import Publisher

TESTS = 50  # in a country and hour, as networks count
WORLD = ("US", "DE", "GB", "FR", "IT")  # have always tests, and nothing is blocked


@cache
def networks(country: str) -> tuple[int, ...]:
    """Numbers of networks of a country, enough for its tests."""
    lines = files("pipeline.geo").joinpath(TABLE).read_text("ascii").splitlines()
    numbers = [line[3:].replace("-", " ").split() for line in lines if line.startswith(f"{country},")]
    return tuple(int(number) for own in numbers for number in own)[: -(-TESTS // MOST)]


def routes(publisher: Publisher) -> Iterable[web.RouteDef]:
    async def aggregation(request: web.Request) -> web.Response:
        query = request.query
        since, until = (date.fromisoformat(query[name]) for name in ("since", "until"))
        if query["time_grain"] == "hour" and (until - since).days > 7:
            return web.json_response({"v": 0, "error": "Choose a shorter time range"})
        start, end = (seconds(f"{day}T00:00:00Z") for day in (since, until))
        values = {(e.type, e.name): one for e, one in publisher.values(request, "ooni.tests", start, end).items()}
        service = query["test_name"] if "domain" not in query else query["domain"].partition(",")[0]
        rows = []
        for country in query["probe_cc"].split(","):
            found = values.get(("service", f"{country}:{service}"), values.get(("country", country)))
            if found is not None:
                for time, share in zip(*map(np.ndarray.tolist, found), strict=True):
                    rows += counted(country, iso(time), round(share * TESTS), TESTS - round(share * TESTS))
        hours = range(start, min(end, int(publisher.now()) // 3600 * 3600), 3600) if values else ()
        for country, hour in product(WORLD, hours):
            rows += counted(country, iso(hour), TESTS - 1, 1)
        return web.json_response({"v": 0, "dimension_count": 2, "result": rows})

    return [web.get("/ooni/api/v1/aggregation", aggregation)]


def counted(country: str, hour: str, ok: int, anomaly: int) -> list[dict[str, object]]:
    """Tests of an hour by network, none of which has more than `MOST`."""
    left, rows = [ok, anomaly], list[dict[str, object]]()
    for number in networks(country):
        good = min(left[0], MOST)
        bad = min(left[1], MOST - good)
        left = [left[0] - good, left[1] - bad]
        if good + bad:
            rows.append({
                "anomaly_count": bad, "confirmed_count": 0, "failure_count": 3, "ok_count": good,
                "measurement_count": good + bad + 3, "measurement_start_day": hour, "probe_asn": number,
            })  # fmt: skip
    return rows
