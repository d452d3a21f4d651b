"""RIS Live: every line gives elements or one dead letter, and nothing is counted twice."""

import io
import json
from pathlib import Path

import msgspec
import numpy as np
import pytest

from pipeline.errors import DecodeError
from pipeline.feeds import ris_live as rislive
from pipeline.feeds.base import MAX_LINE
from pipeline.feeds.bgp import PACKED
from pipeline.feeds.timestamps import RUN
from pipeline.records import ANNOUNCE, ESTABLISHED, OTHER, STATE, WITHDRAW, Elements, Peer
from tests.feeds.mrts import kinds


def line(**data) -> bytes:
    given = {"timestamp": 1700000000.5, "peer": "192.0.2.1", "peer_asn": "64496", "host": "rrc00", "type": "UPDATE"}
    data = {key: value for key, value in (given | data).items() if value is not None}
    return json.dumps({"type": "ris_message", "data": data}).encode() + b"\n"


def announce(*prefixes: str, **data) -> bytes:
    return line(**{"path": [64496, 64497], "announcements": [{"next_hop": "x", "prefixes": list(prefixes)}]} | data)


def read(*messages: bytes) -> tuple[list[Elements], list[DecodeError]]:
    items = list(rislive.read(io.BytesIO(b"".join(messages))))
    return [i for i in items if isinstance(i, Elements)], [i for i in items if isinstance(i, DecodeError)]


def only(*messages: bytes) -> Elements:
    batches, damage = read(*messages)
    assert damage == []
    (batch,) = batches
    return batch


def reason(message: bytes) -> str:
    batches, (error,) = read(message)
    assert batches == []
    assert (error.feed, error.place) == ("rislive", "line 1")
    return error.reason


def test_an_announcement_carries_time_peer_origin_and_prefix():
    batch = only(announce("198.51.100.0/24"))
    assert batch.peers == (Peer(64496, "192.0.2.1", "rrc00"),)
    assert [batch.time[0], batch.kind[0], batch.peer[0], batch.origin[0]] == [1700000000, ANNOUNCE, 0, 64497]
    assert [batch.family[0], batch.length[0], int(batch.lo[0])] == [4, 24, 0]
    assert int(batch.hi[0]) == 0xC6336400 << 32
    assert {name: getattr(batch, name).dtype for name in batch.COLUMNS} == batch.COLUMNS


def test_a_link_local_next_hop_that_repeats_the_prefixes_counts_once():
    twice = [{"next_hop": hop, "prefixes": ["2602:fd9e:f00::/40"]} for hop in ("2001:7f8:24::82", "fe80::1")]
    assert len(only(announce(announcements=twice))) == 1


@pytest.mark.parametrize(
    ("one", "other"), [("2605:de00:bb::/48", "2605:de00:bb:0:0:0:0:0/48"), ("10.0.0.0/8", "10.1.2.3/8")]
)
def test_a_prefix_is_the_same_in_every_spelling(one, other):
    batch = only(announce(one), line(path=[], withdrawals=[other]))
    assert batch.kind.tolist() == [ANNOUNCE, WITHDRAW]
    assert batch.hi[0] == batch.hi[1] != 0
    assert batch.origin.tolist() == [64497, 0]


def test_prefixes_of_both_families_keep_their_order_with_withdrawals_first():
    batch = only(announce("0.0.0.0/0", "::/0", "10.0.0.0/8", "2001:db8::1/128", withdrawals=["10.0.0.0/8"]))
    assert batch.kind.tolist() == [WITHDRAW, *[ANNOUNCE] * 4]
    assert (batch.length.tolist(), batch.family.tolist()) == ([8, 0, 0, 8, 128], [4, 4, 6, 4, 6])


@pytest.mark.parametrize(
    ("path", "origin"),
    [
        ([1, 2], 2), ([1, [2, 3]], 0), ([1, [2, 3], 4], 4), ([1, [2, 2]], 2), ([[7]], 7), ([], 0),
        ([2**32 - 1], 2**32 - 1),
    ],
)  # fmt: skip
def test_the_origin_is_the_end_of_the_path_unless_that_is_a_set_of_several(path, origin):
    assert only(announce("10.0.0.0/8", path=path)).origin.tolist() == [origin]


@pytest.mark.parametrize("host", ["rrc00", "rrc00.ripe.net", "RRC00"])
@pytest.mark.parametrize("asn", ["64496", 64496])
def test_a_peer_is_the_same_in_every_spelling(host, asn):
    assert only(announce("10.0.0.0/8", host=host, peer_asn=asn)).peers == (Peer(64496, "192.0.2.1", "rrc00"),)


@pytest.mark.parametrize("extra", [{"origin": "IGP"}, {"med": "high"}, {"aggregator": "x-y"}, {"peer": None}])
def test_fields_that_are_not_used_cannot_spoil_a_message(extra):
    assert len(only(announce("10.0.0.0/8", **extra))) == 1


@pytest.mark.parametrize(
    ("message", "kind", "state"),
    [
        (announce("10.0.0.0/8", type=None), ANNOUNCE, 0), (line(type=None), OTHER, 0),
        (line(type="KEEPALIVE"), OTHER, 0), (line(path=[], announcements=[], withdrawals=[]), OTHER, 0),
        (line(type="RIS_PEER_STATE", state="connected"), STATE, ESTABLISHED),
        (line(type="RIS_PEER_STATE", state="down"), STATE, 1), (line(type="RIS_PEER_STATE", state="Idle"), STATE, 1),
    ],
)  # fmt: skip
def test_every_message_is_an_element_of_its_kind(message, kind, state):
    batch = only(message)
    assert (batch.kind.tolist(), batch.state.tolist()) == ([kind], [state])


def test_messages_of_the_server_take_the_time_around_them():
    batch = only(b'{"type":"pong"}\n', announce("10.0.0.0/8"), b'{"type":"ris_rrc_list","data":["rrc00"]}\n')
    assert batch.kind.tolist() == [OTHER, ANNOUNCE, OTHER]
    assert set(batch.time.tolist()) == {1700000000}
    assert kinds(read(b'{"type":"pong"}\n' * 3)[0]) == {"other": 3}


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (b"{\n", "bad-json"),
        (b"{", "truncated-line"),
        (b"\xff\xfe\n", "bad-json"),
        (b"[1, 2]\n", "bad-message"),
        (b'{"type":"ris_message","data":"text"}\n', "bad-message"),
        (b'{"type":"ris_message"}\n', "bad-message"),
        (b'{"type":"other_message","data":{}}\n', "unknown-message"),
        (b'{"type":"ris_error","data":{"message":"behind"}}\n', "server-error"),
        (announce("10.0.0.0/8", timestamp=None), "no-time"),
        (announce("10.0.0.0/8", timestamp=-1), "bad-time"),
        (announce("10.0.0.0/8", timestamp=1e300), "bad-time"),
        (announce("10.0.0.0/8", timestamp="now"), "bad-message"),
        *((announce("10.0.0.0/8", peer_asn=asn), "bad-peer") for asn in ("x", None, -4)),
        *((announce("10.0.0.0/8", peer=peer), "bad-peer") for peer in ("x" * 5000, "not an ip")),
        *((announce("10.0.0.0/8", path=path), "bad-path") for path in ([1, "garbage", 2], [1, 2**33], None)),
        *((announce(prefix), "bad-prefix")
          for prefix in ("10.0.0.0/33", "10.0.0/8", "10.0.0.0", "10.0.0.0/-1", "::1::/64", "10.0.0.0\x00/8")),
        (line(withdrawals=["fe80::%eth0/64"]), "bad-prefix"),
        (line(type="RIS_PEER_STATE", state="sulking"), "bad-state"),
        (b'{"type":' + b"[" * 100_000 + b"\n", "bad-message"),
        (b'{"junk":' + b"[" * 100_000 + b"\n", "bad-json"),
        (b'{"type":"ris_message","data":{"path":[' + b"[" * 100_000 + b"\n", "bad-message"),
        (b'{"type":"pong","junk":' + b"[" * 100_000 + b"]" * 100_000 + b"}\n", "bad-json"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_one_dead_letter_with_a_reason(message, expected):
    assert reason(message) == expected


def test_a_collector_whose_clock_is_ahead_does_not_make_all_others_late():
    given = []
    for i in range(40):
        now = 1700000000 + 60 * i
        given += [announce("10.0.0.0/8", timestamp=now + ahead) for ahead in (0, 2000, 2001, 2002, 1)]
    batches, damage = read(*given)
    times = [int(t) for batch in batches for t in batch.time]
    assert times == [1700000000 + 60 * i + late for i in range(40) for late in (0, 1)]
    assert {error.reason for error in damage} == {"bad-time"}
    assert len(damage) == 120


@pytest.mark.parametrize(
    "times",
    [[*range(0, 1000, 100), 0, 950, 300, 1000], [0, *(9000 + i for i in range(RUN + 1)), 1], [0, 3600, 3601, 7200]],
    ids=["held up for minutes", "time moves on for all", "gap"],
)
def test_times_behind_and_gaps_are_no_damage(times):
    batches, damage = read(*(announce("10.0.0.0/8", timestamp=1700000000 + t) for t in times))
    assert damage == []
    assert sorted(int(t) - 1700000000 for batch in batches for t in batch.time) == sorted(times)


def test_a_line_without_an_end_is_skipped_in_bounded_pieces():
    batches, damage = read(announce("10.0.0.0/8"), b"x" * (3 * MAX_LINE) + b"\n", announce("11.0.0.0/8"))
    assert kinds(batches) == {"announce": 2}
    assert [(e.reason, e.place) for e in damage] == [("line-too-long", "line 2")]


def test_raw_bytes_say_the_same_as_the_message_around_them(data: Path):
    compared = 0
    for text in (data / "feeds/rislive/collected/ris_live_real.ndjson").read_bytes().splitlines():
        message = json.loads(text).get("data", {})
        if isinstance(message, dict) and "raw" in message and "path" in message:
            bare = line(**{key: message[key] for key in ("timestamp", "peer", "peer_asn", "host", "type", "raw")})
            found, expected = rislive.parse(bare), rislive.parse(text)
            for name in ("withdrawn", "announced"):
                packed = [getattr(message, name) for message in (found, expected)]
                of_found, of_expected = ({each[i : i + PACKED] for i in range(0, len(each), PACKED)} for each in packed)
                assert of_found == of_expected
            rest = {"withdrawn": b"", "announced": b""}
            assert msgspec.structs.replace(found, **rest) == msgspec.structs.replace(expected, **rest)
            compared += 1
    assert compared == 4


@pytest.mark.parametrize("raw", ["zz", "", "FF", "FF" * 16 + "001702", "00" * 23])
def test_raw_bytes_that_are_no_message_are_a_dead_letter(raw):
    assert reason(line(raw=raw)) in ("bad-raw", "bad-message")


# captured messages

CAPTURED = [
    ("rislive/caida-libbgpstream/ris-live-stream.json", {"announce": 1, "state": 1, "other": 3},
     {"line 3": "server-error", "line 7": "bad-json"}),
    ("rislive/collected/ris_live_real.ndjson", {"announce": 24, "withdraw": 3, "state": 2, "other": 9},
     {"line 3": "server-error", "line 19": "server-error", "line 21": "server-error"}),
    ("rislive/collected/ris_live_synthetic_edge.ndjson", {"announce": 4, "other": 1},
     {"line 3": "unknown-message", "line 5": "no-time", "line 6": "no-time", "line 7": "bad-path",
      "line 8": "bad-message"}),
    ("hostile/libbgpstream_ris-live_bad_line.txt", {}, {"line 1": "bad-json"}),
    ("rislive/derived-from-mrt/rrcXX_20160811_1600_rendered.ndjson",
     {"announce": 39256, "withdraw": 1956, "other": 168}, {}),
]  # fmt: skip


@pytest.mark.parametrize(("path", "expected", "damage"), CAPTURED)
def test_captured_messages_give_exactly_these_elements(data: Path, path, expected, damage):
    batches, errors = read((data / "feeds" / path).read_bytes())
    assert kinds(batches) == expected
    assert {error.place: error.reason for error in errors} == damage


def test_random_damage_never_raises_and_never_hides_a_line(data: Path):
    good = (data / "feeds" / CAPTURED[-1][0]).read_bytes().splitlines(keepends=True)[:400]
    rng = np.random.default_rng(7)
    for text in good:
        bad = bytearray(text.rstrip(b"\n"))
        for at in rng.integers(0, len(bad), 3):
            bad[at] = rng.choice([b for b in range(256) if b != 10])
        batches, errors = read(bytes(bad))
        assert (sum(map(len, batches)) > 0) + len(errors) == 1
