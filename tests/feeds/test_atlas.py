"""Connection events of RIPE Atlas in all the forms in which they come."""

import io
import json
from pathlib import Path

import pytest

from pipeline.errors import DecodeError
from pipeline.feeds.atlas import FEED, Event, Listed, parse
from pipeline.records import Probe

SAID = {
    "asn": 37517, "controller": "ctr-ams01", "event": "disconnect", "prb_id": 20981, "prefix": "165.90.96.0/20",
    "timestamp": 1528289054, "type": "connection",
}  # fmt: skip
PROBE = {"id": 20981, "asn_v4": 37517, "asn_v6": None, "country_code": "CV", "status_id": 1, "prefix_v4": None}


def body(**changes: object) -> bytes:
    return json.dumps(SAID | changes).encode()


def test_an_event_of_the_stream_has_the_country_of_its_probe():
    message = json.dumps(["atlas_probestatus", SAID | {"probe": PROBE}]).encode()
    assert parse(message) == Event(
        1528289054, Probe(20981, 37517, "CV", "ctr-ams01", "165.90.96.0/20"), connected=False
    )
    assert parse(b'["atlas_subscribed", {"streamType": "probestatus"}]') is None


def test_what_is_not_known_of_a_probe_is_left_open():
    event = parse(body(asn=None, prefix=None, controller=None))
    assert event is not None
    assert event.probe == Probe(20981, 0)
    assert Probe.of(event.probe.entity()) == event.probe


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (b'["atlas_error", "unknown streamType"]', "server-error"),
        (b'["atlas_result", {}]', "unknown-message"),
        (body(event="reboot"), "bad-message"),
        (body(timestamp=1e12), "bad-time"),
        (body(asn="x"), "bad-probe"),
        (b"<html>", "bad-json"),
    ],
)
def test_what_is_no_event_is_damage_with_a_reason(message: bytes, reason: str):
    with pytest.raises(DecodeError) as error:
        parse(message)
    assert error.value.reason == reason


def test_a_broken_event_of_an_array_costs_itself_alone():
    content = b"[" + b",\n ".join([body(), body(event="x"), body(prb_id=1)]) + b"]\n"
    rows, damage = sorted(FEED.read(io.BytesIO(content)), key=lambda item: isinstance(item, DecodeError))
    assert len(rows) == 2
    assert (damage.reason, damage.place) == ("bad-message", "event 2")


def test_the_status_of_a_listed_probe_is_a_number_or_an_object():
    assert [Listed(1, status=status).is_connected for status in (1, {"id": 1, "name": "Connected"}, 2, None)] == [
        True, True, False, False,
    ]  # fmt: skip


@pytest.mark.parametrize(("name", "events"), [("7000_20140827", 12_348), ("generalJune16_7000_20160616", 10_609)])
def test_a_recorded_day_is_read_whole(data: Path, name: str, events: int):
    with (data / "feeds" / "atlas-connections" / f"{name}.json").open("rb") as stream:
        items = list(FEED.items(stream))
    assert sum(map(len, items)) == events
    assert FEED.recognise("", (data / "feeds" / "atlas-connections" / f"{name}.json").read_bytes()[:4096])
