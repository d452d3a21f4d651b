"""Local servers that speak the protocols of the publishers, for tests and rehearsals."""

import dataclasses
from collections.abc import Callable, Iterable

import numpy as np
from aiohttp import web

from pipeline.bins import DAY
from pipeline.records import Rows
from tests.lookalikes import ioda, ooni, radar
from tests.lookalikes.http import Publisher

PUBLISHERS: dict[str, tuple[str, Callable[[Publisher], Iterable[web.RouteDef]]]] = {
    "ioda": ("/ioda/v2", ioda.routes),
    "radar": ("/radar", radar.routes),
    "ooni": ("/ooni", ooni.routes),
}
"""Base address and routes of each publisher, by the first part of its feeds' names."""


def every_route(publisher: Publisher) -> list[web.RouteDef]:
    """The interfaces of all publishers."""
    return [route for _, routes in PUBLISHERS.values() for route in routes(publisher)]


def restored(rows: Rows, now: float) -> Rows:
    """The rows with those of a week before from now on."""
    before = {(e, t): v for e, t, v in zip(rows.entity.tolist(), rows.time.tolist(), rows.value.tolist(), strict=True)}
    value = rows.value.copy()
    for place in np.flatnonzero(rows.time >= now).tolist():
        value[place] = before[int(rows.entity[place]), int(rows.time[place]) - 7 * DAY]
    return dataclasses.replace(rows, value=value)
