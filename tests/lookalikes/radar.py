"""Cloudflare Radar's traffic, as far as netvigil asks it: a share of the largest value of the answer, as text."""

from collections.abc import Iterable

import numpy as np
from aiohttp import web

from pipeline.codec import iso, seconds
from tests.lookalikes.http import Publisher

TOKEN = "a-token-of-the-tests"


def routes(publisher: Publisher) -> Iterable[web.RouteDef]:
    async def timeseries(request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return web.json_response({"success": False, "errors": [{"code": 9109}], "result": None}, status=403)
        start, end = seconds(request.query["dateStart"]), seconds(request.query["dateEnd"])
        country = request.query.get("location", "")
        key = ("country", country) if country else ("asn", f"AS{request.query['asn']}")
        values = publisher.values(request, "traffic.radar", start, end)
        found = {(entity.type, entity.name): one for entity, one in values.items()}.get(key)
        meta = {"aggInterval": "FIFTEEN_MINUTES", "confidenceInfo": {"level": 5}, "normalization": "MIN0_MAX"}
        result = {"meta": meta | {"lastUpdated": iso(int(publisher.now()) - publisher.delay.get("traffic.radar", 0))}}
        if found is not None:
            time, value = found
            largest = np.nanmax(value) or 1.0
            result[request.query["name"]] = {  # type: ignore[assignment]
                "timestamps": [iso(t) for t in time.tolist()],
                "values": [f"{share:.6f}" for share in (value / largest).tolist()],
            }
        return web.json_response({"success": True, "errors": [], "result": result})

    return [web.get("/radar/netflows/timeseries", timeseries)]
