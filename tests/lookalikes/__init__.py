"""Local servers that speak the protocols of the publishers, for tests and rehearsals."""

from collections.abc import Callable, Iterable

from aiohttp import web

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
