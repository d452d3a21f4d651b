"""IODA's interface, version 2, as far as netvigil asks it."""

from collections.abc import Iterable

import numpy as np
from aiohttp import web

from tests.lookalikes.http import Publisher

SIGNALS = {"bgp": "bgp.ioda", "ping-slash24": "probing.ioda", "merit-nt": "telescope.ioda", "gtr": "traffic.google"}
"""The signal of each of its sources."""

LONGEST = 100 * 86_400


def routes(publisher: Publisher) -> Iterable[web.RouteDef]:
    def codes(kind: str) -> dict[str, str]:
        """IODA's code of each entity's name; a region has a number."""
        names = sorted({e.name for rows in publisher.rows.values() for e in rows.entities if e.type == kind})
        numbered = {
            name: str(4100 + i) if kind == "region" else name.removeprefix("AS") for i, name in enumerate(names)
        }
        return {code: name for name, code in numbered.items()}

    async def raw(request: web.Request) -> web.Response:
        kind, source = request.match_info["kind"], request.query["datasource"]
        start, end = int(request.query["from"]), int(request.query["until"])
        if end - start > LONGEST:
            return web.json_response({"error": "the time is too long", "data": None}, status=400)
        signal = SIGNALS[source]
        values = publisher.values(request, signal, start, end)
        width = publisher.rows[signal].width if signal in publisher.rows else 300
        named = {(entity.type, entity.name): found for entity, found in values.items()}
        data = []
        for code in request.match_info["codes"].split(","):
            found = named.get((kind, codes(kind).get(code, "")))
            if found is None:
                data.append([])
                continue
            time, value = found
            begin = int(time[0])
            full = np.full(max(0, end - begin) // width, np.nan)  # empty bins up to now, too
            full[(time - begin) // width] = value
            series = {
                "entityType": kind, "entityCode": code, "entityName": code, "entityFqid": f"geo.provider.{code}",
                "datasource": source, "subtype": "WEB_SEARCH" if source == "gtr" else "", "from": begin, "until": end,
                "step": width, "nativeStep": width, "values": [None if np.isnan(v) else v for v in full.tolist()],
            }  # fmt: skip
            data.append([series])
        asked = {"from": start, "until": end, "datasource": source, "sourceParams": None, "maxPoints": None}
        return web.json_response({"type": "signals", "requestParameters": asked, "error": None, "data": data})

    async def query(request: web.Request) -> web.Response:
        country = request.query["relatedTo"].removeprefix("country/")
        data = [
            {"code": code, "name": name.partition("-")[2], "type": "region", "attrs": {"country_code": country}}
            for code, name in codes("region").items() if name.startswith(f"{country}-")
        ]  # fmt: skip
        return web.json_response({"type": "entities", "error": None, "data": data})

    return [
        web.get("/ioda/v2/signals/raw/{kind}/{codes}", raw),
        web.get("/ioda/v2/entities/query", query),
    ]
