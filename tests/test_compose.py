"""docker-compose.yml as a text: the rights and bounds of each service.  tests/live brings it up."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.live.apache import KAFKA

ROOT = Path(__file__).parents[1]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES = sorted(COMPOSE["services"])


@pytest.fixture(params=SERVICES)
def service(request: pytest.FixtureRequest) -> dict[str, Any]:
    return COMPOSE["services"][request.param]


def test_a_service_is_pinned_bounded_and_cannot_write_gain_rights_or_run_as_root(service):
    assert re.fullmatch(r"[a-z/]+:v?\d+\.\d+\.\d+", service["image"])
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["user"].split(":")[0] not in ("", "0", "root")
    assert all(re.fullmatch(r"127\.0\.0\.1:\$\{[A-Z]+_PORT:-\d+\}:\d+", port) for port in service.get("ports", []))
    assert service["logging"]["options"] == {"max-size": "10m", "max-file": "3"}
    assert service["pids_limit"] > 0
    if service["image"].startswith(("netvigil:", "apache/kafka:")):
        assert re.fullmatch(r"\d+[mg]", service["mem_limit"])


@pytest.mark.parametrize("name", [name for name in SERVICES if name not in ("topics", "places")])
def test_a_service_tells_whether_it_is_well_and_comes_back_when_it_is_not(name):
    assert COMPOSE["services"][name]["healthcheck"]["test"][0] == "CMD"
    assert COMPOSE["services"][name]["restart"] == "unless-stopped"


def test_what_must_outlive_a_container_is_on_a_named_volume():
    used = {volume.split(":")[0] for s in COMPOSE["services"].values() for volume in s.get("volumes", [])}
    assert set(COMPOSE["volumes"]) <= used
    kafka = COMPOSE["services"]["kafka"]
    assert kafka["volumes"] == [f"kafka:{kafka['environment']['KAFKA_LOG_DIRS']}"]


def test_no_worker_starts_before_its_topics_exist_nor_these_before_their_broker_answers():
    assert COMPOSE["services"]["worker"]["depends_on"] == {"topics": {"condition": "service_completed_successfully"}}
    assert COMPOSE["services"]["topics"]["depends_on"] == {"kafka": {"condition": "service_healthy"}}
    assert COMPOSE["services"]["grafana"]["depends_on"] == {"prometheus": {"condition": "service_healthy"}}


def test_settings_are_mounted_read_only_and_exist():
    mounts = [volume for s in COMPOSE["services"].values() for volume in s.get("volumes", [])]
    mounts = [re.sub(r"^\$\{[A-Z_]+:-(.*)\}(?=:)", r"\1", volume) for volume in mounts]
    mounts = [mount for mount in mounts if mount[0] == "."]
    assert len(mounts) > 1
    assert all(volume.endswith(":ro") and (ROOT / volume.split(":")[0]).exists() for volume in mounts)


def test_compose_and_the_tests_run_the_same_kafka_and_neither_creates_topics_by_itself():
    kafka = COMPOSE["services"]["kafka"]
    assert kafka["image"] == f"apache/kafka:{KAFKA}"
    assert kafka["environment"]["KAFKA_AUTO_CREATE_TOPICS_ENABLE"] == "false"


def test_the_image_is_built_from_hashed_wheels_and_runs_without_root():
    text = (ROOT / "Dockerfile").read_text()
    assert "--require-hashes" in text
    assert "--only-binary :all:" in text
    assert re.search(r"^FROM python:3\.11\.\d+-slim-\w+$", text, re.M)
    assert re.search(r"^USER [1-9]\d+:[1-9]\d+$", text, re.M)
