"""What is asked of a watch, and who may use its folder, its port and its page."""

import socket
import sys
import urllib.request
from datetime import datetime
from pathlib import Path

import msgspec
import pytest

from pipeline import topics
from pipeline.codec import encode, outage_json
from pipeline.errors import UserError
from pipeline.geo.places import Places, save
from pipeline.kafka.embedded import running
from pipeline.records import DEAD, DeadLetter
from pipeline.settings.watching import Watch
from pipeline.watch.page import Page
from pipeline.watch.picture import LOW, OUT
from pipeline.watch.run import Asked, FullError, expire, memory_check, names, own, serving, take, watch
from tests.watch.pictures import NOW, outage, picture, status, verdicts


@pytest.fixture(autouse=True)
def _places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    save(Places.of([("10.0.0.0/9", "PK")]), tmp_path / "netvigil" / "places")


def test_countries_and_a_file_are_asked_of_ingest(tmp_path: Path) -> None:
    options = Asked(("pk", "IQ")).options()
    assert (options.only, options.watch, options.state) == (
        ("PK", "IQ"), None, tmp_path / "state" / "netvigil" / "watch-PK-IQ",
    )  # fmt: skip
    (file := tmp_path / "vote.toml").write_text("[[watch]]\ncountry = 'PK'")
    options = Asked((str(file),), state=tmp_path).options()
    assert (options.only, options.watch, options.state) == ((), file, tmp_path)
    folders = [Asked((file,)).folder() for file in ("my/vote.toml", "./my/vote.toml", "your/vote.toml")]
    assert folders[0] == folders[1] != folders[2]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (Asked(("ZZ",)), "'ZZ': wanted a country by its code of ISO 3166, as PK$"),
        (Asked(("Pakistan",)), "'Pakistan': wanted a country .*; Pakistan is PK$"),
        (Asked(("uk",)), "'uk': wanted a country .*; Britain .UK. is GB$"),
        (Asked(("PK",), history=-3), "--history -3 is not between 0 and 366 days"),
        (Asked(("PK",), url=("foo=bar",)), "--url 'foo=bar' is not FEED=..., with FEED of rislive"),
        (Asked(("PK",), token=("radar=/nope",)), "'--token radar=/nope': No such file or directory$"),
        (Asked(("PK",), settings=Path("/nope.toml")), "/nope.toml: No such file or directory"),
        (Asked(("PK", "vote.toml")), "'vote.toml' stands beside 1 more: give one file, or countries"),
        (Asked(("nowhere.toml",)), "nowhere.toml: No such file or directory"),
        (Asked(("PK",), port=70000), "--port 70000 is not between 1 and 65535, nor 0 for any"),
        (Asked(("PK",), clock="noon"), "--clock 'noon' is not START,SPEED"),
    ],
)
def test_a_mistake_is_one_sentence(asked: Asked, said: str) -> None:
    with pytest.raises(UserError, match=f"^{said}"):
        watch(asked)


def test_a_folder_is_of_one_watch(tmp_path: Path) -> None:
    with own(tmp_path / "state"), pytest.raises(UserError, match=r"another watch uses .*: give this one another --st"):
        own(tmp_path / "state").__enter__()
    with own(tmp_path / "state"):
        pass


def test_a_folder_that_cannot_be_is_said_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=r"^--state '.*file' cannot be the folder of the watch: File exists$"):
        own(tmp_path / "file").__enter__()
    with pytest.raises(UserError, match=r"^--state '/proc/nope' cannot be the folder of the watch: No such file"):
        own(Path("/proc/nope")).__enter__()


@pytest.mark.sockets
def test_a_page_is_served_on_an_address_of_version_6_too() -> None:
    if not Path("/proc/net/if_inet6").exists():
        pytest.skip("this machine has no IPv6")
    page = Page(lambda: picture().view(NOW), lambda: NOW, names("::1")).application()
    with serving(page, "::1", 0) as where, urllib.request.urlopen(f"{where}/api/health", timeout=10) as answer:
        assert (where.startswith("http://[::1]:"), answer.status) == (True, 200)


@pytest.mark.sockets
def test_a_host_that_is_not_of_this_machine_is_said() -> None:
    with pytest.raises(UserError, match=r"^the page cannot be served on 192\.0\.2\.1:0: .*; choose another --host$"):
        serving(None, "192.0.2.1", 0).__enter__()  # type: ignore[arg-type]


@pytest.mark.sockets
def test_a_port_that_is_taken_is_said() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UserError, match=rf"the page cannot be served on 127\.0\.0\.1:{port}: .*; choose another"):
            serving(None, "127.0.0.1", port).__enter__()  # type: ignore[arg-type]


@pytest.mark.sockets
def test_a_port_that_is_taken_and_a_receiver_that_is_none_are_said_before_anything_is_fetched(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("pipeline.watch.run._has_places", lambda: pytest.fail("it fetches"))
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        pytest.raises(UserError, match="the page cannot be served on"),
    ):
        watch(Asked(("PK",), port=taken.getsockname()[1]))
    with pytest.raises(UserError, match=r"^--notify 'nosuch://...' is no address of a receiver"):
        watch(Asked(("PK",), port=0, notify=("nosuch://x",)))


def test_only_a_page_that_was_opened_to_others_is_served_by_other_names() -> None:
    assert [names(host) for host in ("127.0.0.1", "localhost", "0.0.0.0", "desk.example.org")] == [
        ["127.0.0.1", "localhost", "[::1]"], ["127.0.0.1", "localhost", "[::1]"], ["*"], ["*"],
    ]  # fmt: skip


def test_the_messages_of_each_topic_are_taken_in() -> None:
    made = picture()
    now = outage_json(outage())[:-1] + b',"settled":"other"}'
    for topic, value in (
        (topics.VERDICTS, encode(verdicts(value=20))), (topics.NOW, now), (topics.OUTAGES, outage_json(outage())),
        (topics.STATUS, msgspec.json.encode(status("rislive", DEAD, "no connection"))),
        (topics.DEADLETTERS, msgspec.json.encode(DeadLetter("live", "radar", "bad-json", "x"))),
    ):  # fmt: skip
        take(made, topic.name, value)
    view = made.view(NOW)
    assert (view.countries[0].place.state, view.readings[0].state) == (OUT, LOW)
    assert [(one.status, one.dead_letters) for one in view.health] == [(DEAD, 0), ("up", 1)]
    assert view.outages[0][1] is False


def test_a_watch_that_expires_is_left_out_and_the_last_one_ends_it() -> None:
    start, end = (datetime.fromisoformat(f"2024-02-0{day}T08:00:00") for day in (7, 8))
    vote, made = Watch("PK", "Vote", start, end, "Asia/Karachi"), picture()
    expire(made, [vote, Watch("IQ")], NOW)
    assert made.countries == ("PK", "IQ")
    expire(made, [vote, Watch("IQ")], NOW + 8 * 86400)
    assert made.countries == ("IQ",)
    with pytest.raises(UserError, match="every watch of the file has expired"):
        expire(made, [vote], NOW + 8 * 86400)


@pytest.mark.sockets
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the memory of a process")
def test_a_broker_that_has_taken_too_much_memory_ends_a_watch() -> None:
    with running() as broker:
        now = [0.0]
        memory_check(broker, least=0)()
        assert 2**20 < broker.memory() < 2**28
        check = memory_check(broker, 2**20, clock=lambda: now[0])
        check()
        now[0] = 3600.0
        with pytest.raises(FullError):
            check()
    assert broker.memory() == 0
