"""A handful of peers and prefixes, and the words they say: for the tests of visibility."""

from pipeline.geo.places import Places
from pipeline.records import Bins, Peer, Run
from pipeline.settings import Counting
from pipeline.signals.visibility import Visibility
from tests.signals.synthetic_bgp import Element, elements, peers

PLACES = Places.of([("10.0.0.0/8", "PK"), ("11.0.0.0/8", "IQ"), ("2001:db8::/32", "PK")])
RULES = Counting(floors={4: 1, 6: 1}, min_peers=2)
TABLE = {"10.0.0.0/16": 1, "10.1.0.0/16": 2, "11.0.0.0/20": 3, "2001:db8::/40": 1}
FOUR = peers(4)


def binner(rules: Counting = RULES) -> Visibility:
    return Visibility(Run(), "ris", 0, 1, ("bgp.ris", "bgp.ris6"), PLACES, rules)


def dump(time=0, sessions=FOUR, table=TABLE):
    return elements(Element(time, "rib", peer, prefix, origin) for prefix, origin in table.items() for peer in sessions)


def say(kind, time, *prefixes, sessions=FOUR, origin=1):
    return elements(Element(time, kind, peer, prefix, origin) for prefix in prefixes for peer in sessions)


def state(time, new, *sessions):
    return elements(Element(time, "state", peer, state=new) for peer in sessions)


def series(bins: list[Bins], entity: str, signal: str = "bgp.ris") -> list[float]:
    values: list[float] = []
    for part in bins:
        if part.signal == signal:
            names = [f"{e.type}/{e.name}" for e in part.entities]
            values += part.value[:, names.index(entity)].tolist()
    return values


X, Y = "10.8.0.0/16", "10.9.0.0/16"
A, B = FOUR[:2]


def routes_of(vis: Visibility, peer: Peer) -> int:
    return int(vis.families[4].rib.size[vis.sessions.peers.index(peer)])
