"""``netvigil check`` on whom Alertmanager tells: green where nobody would be told is worse than red."""

from pathlib import Path

import pytest
import yaml

import dashboards
from pipeline.cli.check import NOT_CHECKED, NOT_READY, READY, Finding, check, is_ready
from tests.cli.test_check import ALERTMANAGER, serving

pytestmark = pytest.mark.sockets

SHIPPED = (Path(dashboards.__file__).parent / "alertmanager.yml").read_text()


def told(settings: str) -> dict[str, Finding]:
    """The findings on receivers where Alertmanager runs with these settings."""
    status = {"versionInfo": {"version": "0.34.2"}, "config": {"original": settings}}
    with serving(ALERTMANAGER | {"/api/v2/status": status}) as url:
        return {finding.what: finding for finding in check(alertmanager=url)}


def receiving(**receivers: object) -> str:
    return yaml.safe_dump({"receivers": [{"name": name, **(what or {})} for name, what in receivers.items()]})  # type: ignore[dict-item]


def test_what_is_shipped_reaches_no_person_for_sure_and_no_dead_man_s_switch_and_that_is_said() -> None:
    found = told(SHIPPED)
    assert {name: found[f"receiver {name}"].state for name in ("desk", "desk-once", "watchdog")} == {
        "desk": NOT_CHECKED, "desk-once": NOT_CHECKED, "watchdog": NOT_CHECKED
    }  # fmt: skip
    assert "webhook webhook:9095" in found["receiver desk"].detail
    assert "only prints" in found["receiver desk"].detail
    assert "tells nobody" in found["receiver watchdog"].detail


def test_a_desk_that_is_told_by_nobody_is_not_ready() -> None:
    found = told(receiving(desk=None, replay=None))
    assert (found["receiver desk"].state, found["receiver desk"].detail) == (NOT_READY, "tells nobody")
    assert not is_ready(found.values())


def test_whom_a_receiver_tells_is_named_without_its_secrets() -> None:
    found = told(ALERTMANAGER["/api/v2/status"]["config"]["original"])
    assert (found["receiver desk"].state, found["receiver desk"].detail) == (READY, "email desk@example.org")
    assert (found["receiver watchdog"].state, found["receiver watchdog"].detail) == (READY, "webhook dead.example.org")
    assert is_ready(found.values())


def test_the_receivers_of_replays_and_of_the_board_need_reach_nobody() -> None:
    assert not {"receiver replay", "receiver board"} & set(told(SHIPPED))


@pytest.mark.parametrize("settings", ["{", "receivers: 3", "[]", ""])
def test_settings_that_are_none_are_found_out(settings: str) -> None:
    assert told(settings)["alertmanager"].state in (READY, NOT_READY)
    assert not is_ready(told(settings).values())
