"""The clients of live feeds by name: a stream is one module here and one line in `CLIENTS`."""

from functools import partial
from typing import NamedTuple

from pipeline.feeds.live import atlas, spliced
from pipeline.feeds.live.archives import RIS
from pipeline.feeds.live.base import MakeClient
from pipeline.feeds.live.polled import Poller
from pipeline.feeds.registry import POLLED


class Live(NamedTuple):
    """A live feed: how its client is made, its official address, and whether it needs a token.

    ``archive``: address of the MRT archive with which it begins.
    """

    make: MakeClient
    url: str
    needs_token: bool = False
    archive: str = ""


CLIENTS: dict[str, Live] = {
    "rislive": Live(spliced.ris, "wss://ris-live.ripe.net/v1/ws/?client=netvigil", archive=RIS.url),
    "atlas": Live(atlas.Atlas, atlas.API),
    **{name: Live(partial(Poller, polled), polled.url, polled.needs_token) for name, polled in POLLED.items()},
}
