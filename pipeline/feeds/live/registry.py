"""The clients of live feeds by name: a live feed is one module here and one line in `CLIENTS`."""

from typing import NamedTuple

from pipeline.feeds.live import ris_live
from pipeline.feeds.live.base import MakeClient


class Live(NamedTuple):
    """A live feed: how its client is made, its official address, and whether it needs a token."""

    make: MakeClient
    url: str
    needs_token: bool = False


CLIENTS: dict[str, Live] = {
    "rislive": Live(ris_live.RisLive, "wss://ris-live.ripe.net/v1/ws/?client=netvigil"),
}
