"""The kind of an outage: read off which signals, and which networks, are out (DESIGN section 5)."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from pipeline.kinds import ROUTES
from pipeline.records import Entity

BLACKOUT, STEALTH, MOBILE, PARTIAL = "blackout", "stealth", "mobile", "partial"
PLATFORM, THROTTLE, UNKNOWN = "platform", "throttle", "unknown"

HALF = 0.5
"""Of which less is lost, that is a partial outage; and what is likelier than not [0-1]."""


class Network(NamedTuple):
    """A network of a country that is watched: whether it is marked mobile, has an outage, and a confirmed one."""

    mobile: bool
    is_out: bool
    is_sure: bool


def kind(
    entity: Entity, down: Iterable[str], up: Iterable[str], loss: float, stealth: float, *,
    slow: bool = False, networks: Sequence[Network] = (), only_parts: bool = False,
) -> str:  # fmt: skip
    """The kind of an outage.

    Parameters
    ----------
    entity
        What is out.
    down, up
        Kinds of its signals that are evidence for the outage, and against it.
    loss
        Share that is lost [0-1].
    stealth
        Probability that its routes stay, if it is out [0-1].
    slow
        Whether daily means alone show it.
    networks
        Those of a country.
    only_parts
        Whether nothing but its networks shows a country: of its fixed lines nothing is known where all are mobile.

    Examples
    --------
    >>> place = Entity("country", "PK", "PK")
    >>> kind(place, ["traffic"], ["bgp"], 0.6, 0.9, networks=[Network(True, True, True), Network(False, False, False)])
    'mobile'
    >>> kind(place, ["bgp", "traffic"], [], 0.95, 0.0)
    'blackout'
    >>> kind(place, ["probing"], ["bgp"], 0.9, 0.9), kind(place, ["probing"], [], 0.9, 0.5)
    ('stealth', 'unknown')
    """
    if entity.type == "service":
        return PLATFORM
    if slow:
        return THROTTLE
    down, up = set(down), set(up) - set(down)
    routes_stay = stealth > HALF and ROUTES in down | up
    if _only_mobile(networks, only_parts) or (entity.mobile and routes_stay and loss >= HALF):
        return MOBILE
    if loss < HALF:
        return PARTIAL
    if ROUTES not in down | up:
        return UNKNOWN
    if routes_stay:
        return STEALTH
    return PARTIAL if up - {ROUTES} else BLACKOUT


def _only_mobile(networks: Sequence[Network], only_parts: bool) -> bool:
    """Whether networks marked mobile are out, and those that are not are not; a suspicion is enough of the former."""
    mobile = any(one.is_out for one in networks if one.mobile)
    fixed = [one.is_sure for one in networks if not one.mobile]
    return mobile and (not any(fixed) if fixed else only_parts)
