"""OONI's aggregation, as far as netvigil asks it: tests by country and hour, some of them broken."""

from collections.abc import Iterable
from datetime import date
from itertools import product

import numpy as np
from aiohttp import web

from pipeline.codec import iso, seconds
from tests.lookalikes.http import Publisher

TESTS = 50  # in a country and hour
WORLD = ("US", "DE", "GB", "FR", "IT", "ES", "NL", "CA")  # have always tests, and nothing is blocked


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
                rows += [_row(country, time, share) for time, share in zip(*map(np.ndarray.tolist, found), strict=True)]
        hours = range(start, min(end, int(publisher.now()) // 3600 * 3600), 3600) if values else ()
        rows += [_row(country, hour, 0.98) for country, hour in product(WORLD, hours)]
        return web.json_response({"v": 0, "dimension_count": 2, "result": rows})

    return [web.get("/ooni/api/v1/aggregation", aggregation)]


def _row(country: str, time: int, share: float) -> dict[str, object]:
    ok = round(share * TESTS)
    return {
        "anomaly_count": TESTS - ok, "confirmed_count": 0, "failure_count": 3, "ok_count": ok,
        "measurement_count": TESTS + 3, "measurement_start_day": iso(time), "probe_cc": country,
    }  # fmt: skip
