"""The kind of an outage: read off which signals and which networks are out."""

import pytest

from pipeline.fusion.kinds import Network, kind
from pipeline.records import Entity, Run
from tests.fusion.outages import BGP, PROBING, TRAFFIC, outages
from tests.judge.verdicts import verdicts

RUN = Run("r", "replay", (BGP, PROBING, TRAFFIC))
DOWN, CALM, BLIND = "...LLLLLLLLL", "." * 12, "?" * 12
ZONG, FIXED = Entity("asn", "AS59257", "PK", True), Entity("asn", "AS17557", "PK")


@pytest.mark.parametrize(
    ("bgp", "probing", "traffic", "left", "kind"),
    [
        (DOWN, DOWN, DOWN, 0.1, "blackout"),
        (CALM, DOWN, DOWN, 0.1, "stealth"),
        (CALM, DOWN, DOWN, 0.6, "partial"),
        (DOWN, DOWN, CALM, 0.1, "partial"),
        (BLIND, DOWN, DOWN, 0.1, "unknown"),
    ],
)
def test_the_kind_of_an_outage_of_a_country(bgp: str, probing: str, traffic: str, left: float, kind: str) -> None:
    marks = {BGP: bgp, PROBING: probing, TRAFFIC: traffic}
    (outage,) = outages(*(verdicts(signal, own, run=RUN, left=left) for signal, own in marks.items()))
    assert outage.kind == kind


def test_a_service_that_is_out_is_a_platform_outage() -> None:
    run, service = Run("r", "replay", ("ooni.web",)), Entity("service", "PK:whatsapp", "PK")
    (outage,) = outages(verdicts("ooni.web", DOWN, run=run, entity=service))
    assert outage.kind == "platform"


@pytest.mark.parametrize(
    ("fixed", "kind"),
    [
        (CALM, "mobile"),
        pytest.param(
            "..llllllllll", "mobile", marks=pytest.mark.xfail(reason="a suspicion that lasts so long is confirmed")
        ),
        ("..LLLLLLLLLL", "another one"),
    ],
)
@pytest.mark.parametrize("says", [(True, True), (False, True), (True, False)])
def test_a_country_of_which_only_mobile_networks_are_out_is_a_mobile_outage(
    fixed: str, kind: str, says: tuple[bool, bool]
) -> None:
    """``says``: whether each of two signals says that the network is mobile."""
    run = Run("r", "replay", (BGP, TRAFFIC, "traffic.fixed", PROBING))
    out = outages(
        verdicts(BGP, CALM, run=run, entity=ZONG._replace(mobile=says[0])),
        verdicts(TRAFFIC, DOWN, run=run, entity=ZONG._replace(mobile=says[1])),
        verdicts("traffic.fixed", fixed, run=run, entity=FIXED),
        verdicts(PROBING, DOWN, run=run, left=0.4),
    )
    kinds = {outage.entity: outage.kind for outage in out}
    assert kinds["AS59257"] == "mobile"
    assert (kinds["PK"] == "mobile") == (kind == "mobile")


@pytest.mark.parametrize(("routes", "kind"), [(CALM, "mobile"), (BLIND, "unknown")])
def test_a_network_that_is_marked_mobile_is_a_mobile_outage_only_where_its_routes_are_seen(
    routes: str, kind: str
) -> None:
    run = Run("r", "replay", (BGP, PROBING))
    out = outages(verdicts(BGP, routes, run=run, entity=ZONG), verdicts(PROBING, DOWN, run=run, entity=ZONG))
    assert [outage.kind for outage in out] == [kind]


PLACE, NETWORKS = (
    Entity("country", "PK", "PK"),
    {"mobile": Network(True, True, True), "fixed": Network(False, True, True)},
)


@pytest.mark.parametrize(
    ("down", "up", "loss", "stealth", "networks", "found"),
    [
        (["bgp", "probing"], [], 0.9, 0.1, [], "blackout"),
        (["probing"], ["bgp"], 0.9, 0.9, [], "stealth"),
        (["probing"], ["bgp"], 0.4, 0.9, [], "partial"),
        (["bgp"], ["traffic"], 0.9, 0.1, [], "partial"),
        (["probing"], [], 0.9, 0.6, [], "unknown"),
        (["probing"], ["bgp"], 0.4, 0.9, ["mobile"], "partial"),
        (["probing"], ["bgp"], 0.9, 0.9, ["mobile", "fixed"], "stealth"),
    ],
)
def test_a_kind_is_read_off_what_is_out(
    down: list[str], up: list[str], loss: float, stealth: float, networks: list[str], found: str
) -> None:
    assert kind(PLACE, down, up, loss, stealth, networks=[NETWORKS[name] for name in networks]) == found


def test_phones_alone_make_a_mobile_outage_where_fixed_lines_are_known_or_nothing_else_is() -> None:
    standing = Network(False, True, False)  # a fixed one that is only suspected
    assert kind(PLACE, ["probing"], [], 0.4, 0.5, networks=[NETWORKS["mobile"], standing]) == "mobile"
    assert kind(PLACE, ["probing"], [], 0.9, 0.5, networks=[NETWORKS["mobile"]], only_parts=True) == "mobile"
    assert kind(ZONG, ["probing"], ["bgp"], 0.9, 0.9) == "mobile"
    assert kind(ZONG, ["probing"], [], 0.9, 0.9) == "unknown"
    assert kind(Entity("service", "PK:tor", "PK"), ["ooni"], [], 0.9, 0.5) == "platform"
    assert kind(PLACE, ["traffic"], [], 0.3, 0.5, slow=True) == "throttle"
