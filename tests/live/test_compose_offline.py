"""docker-compose.yml where there is no network, no table and no token: all is up, and one message says why."""

import json
import re
import time
import urllib.request
from pathlib import Path

import pytest

from dashboards.webhook import Told, notification
from pipeline.feeds.live.registry import CLIENTS
from pipeline.geo.places import Places, save
from tests.dashboards.servers import until
from tests.live.stack import COMPOSE, SERVICES, Stack, compose, engine, skip_unless_wanted

pytestmark = [pytest.mark.compose, pytest.mark.slow]

OFFLINE = "its name is not found, as where a machine is offline"


def told(stack: Stack) -> list[Told]:
    """Each alert that was told of."""
    with urllib.request.urlopen(stack.url("webhook"), timeout=5) as answer:
        return [alert for one in json.load(answer) for alert in notification(json.dumps(one).encode()).alerts]


def reasons(stack: Stack) -> dict[str, str]:
    """Why each dead feed is dead, as the board of feeds has it."""
    found = stack.prometheus.at("netvigil_feed_dead_info")
    return {one["metric"]["feed"]: one["metric"]["reason"] for one in found}


def test_without_network_table_and_token_all_is_up_and_one_message_says_why(
    request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    skip_unless_wanted(request)
    with engine(COMPOSE) as environment:
        stack = Stack(compose(), tmp_path, environment, is_offline=True)
        stack.compose("build", "worker")
        try:
            begun = time.monotonic()
            stack.compose("up", "-d", "places", "ingest")
            stack.up()
            assert time.monotonic() - begun < 120
            told_why(stack)
            table_comes(stack, tmp_path)
        finally:
            stack.away()


def told_why(stack: Stack) -> None:
    """One message has each feed's reason, and nothing else is told."""
    until(lambda: len(reasons(stack)) == len(CLIENTS), 60)
    why = reasons(stack)
    assert why["radar"].startswith("it needs a token: ")
    assert why["rislive"].startswith("no table of countries at ")
    assert why["atlas"].endswith(OFFLINE)
    assert why["ioda-bgp"].endswith(OFFLINE)
    (blind,) = until(lambda: told(stack), 60)
    assert (blind.labels["alertname"], blind.annotations["title"]) == ("NetvigilCountryBlind", "We cannot see PK")
    time.sleep(30)
    assert len(told(stack)) == 1
    assert stack.states() == dict.fromkeys(SERVICES, "healthy") | {"topics": "exited 0"}


def table_comes(stack: Stack, folder: Path) -> None:
    """The table is put in place, and nothing is started again: what remains is the network."""
    save(Places.of([("10.0.0.0/9", "PK")]), folder / "places")
    (folder / "places").chmod(0o644)
    put = "mkdir -p netvigil && cat /given > netvigil/places"
    volume = f"{folder}/places:/given:ro"
    stack.compose("run", "--rm", "-T", "-w", "/var/lib/netvigil", "-v", volume, "places", "sh", "-c", put)
    until(lambda: reasons(stack)["rislive"].endswith(OFFLINE), 120)
    assert not re.search("Traceback", stack.compose("logs", "worker", "ingest"))
