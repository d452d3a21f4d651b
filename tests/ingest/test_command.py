"""``netvigil ingest``: what a person asks for becomes clients; through a broker, stopped and started again."""

import asyncio
import ctypes
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipeline.errors import UserError
from pipeline.feeds.live.base import Access, Client, Clock, FeedError, Scope
from pipeline.feeds.live.registry import CLIENTS, Live
from pipeline.ingest.command import TOKEN, Options, ingest, record
from pipeline.kafka.embedded import embedded
from tests.ingest.scripted import START, Scripted, stays

ASKED: list[tuple[Scope, Access]] = []


def made(scope: Scope, access: Access, clock: Clock) -> Scripted:
    ASKED.append((scope, access))
    return Scripted("a", [stays])


def bare(scope: Scope, access: Access, clock: Clock) -> Scripted:
    raise UserError("no table of countries")


@pytest.fixture(autouse=True)
def _clients(monkeypatch: pytest.MonkeyPatch) -> None:
    ASKED.clear()
    monkeypatch.setitem(CLIENTS, "a", Live(made, "https://a.example"))
    monkeypatch.setitem(CLIENTS, "bare", Live(bare, "https://bare.example"))
    monkeypatch.setitem(CLIENTS, "secret", Live(made, "https://secret.example", needs_token=True))


def clients(options: Options, environment: dict[str, str] | None = None) -> dict[str, str]:
    """What each feed says when it is first asked."""
    options.check()
    made = options.clients(options.scope(0), options.time(), environment or {})
    return {feed: asyncio.run(asked(client)) for feed, client in made.items()}


async def asked(client: Client) -> str:
    try:
        return f"{[item async for item in client.history(0, 0)]}"
    except FeedError as error:
        return str(error)


def test_a_feed_has_its_own_address_unless_told_otherwise_and_its_token_is_read_from_a_file(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("abc\n")
    assert clients(Options(("a", "secret"), token=(f"secret={token}",), only=("PK", "IQ"))) == {
        "a": "[]",
        "secret": "[]",
    }
    assert [access.url for _, access in ASKED] == ["https://a.example", "https://secret.example"]
    assert [access.token for _, access in ASKED] == ["", "abc"]
    assert ASKED[0][0].countries == ("PK", "IQ")
    clients(Options(("secret",), url=("secret=http://127.0.0.1:1",)), {TOKEN.format("SECRET"): str(token)})
    assert ASKED[-1][1] == Access("http://127.0.0.1:1", "abc")
    assert "abc" not in repr(ASKED)


def test_a_feed_that_lacks_what_it_needs_says_so_and_holds_no_other() -> None:
    assert clients(Options(("a", "secret", "bare"))) == {
        "a": "[]",
        "secret": "it needs a token: give --token secret=FILE, or the file in " + TOKEN.format("SECRET"),
        "bare": "no table of countries",
    }


def test_a_token_may_come_later(tmp_path: Path) -> None:
    options, file = Options(("secret",)), tmp_path / "token"
    client = options.clients(Scope(), options.time(), {TOKEN.format("SECRET"): str(file)})["secret"]
    assert asyncio.run(asked(client)).startswith("it needs a token")
    file.write_text("abc")
    assert asyncio.run(asked(client)) == "[]"
    assert ASKED[-1][1].token == "abc"


WATCHES = """
[[watch]]
country = "PK"
expires = 2024-02-09
[[watch]]
country = "UG"
expires = 2024-02-10
"""


@pytest.mark.sockets
def test_a_watch_that_expires_is_asked_for_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(CLIENTS, "table", CLIENTS["a"])
    (file := tmp_path / "w.toml").write_text(WATCHES)
    options = Options(("table",), watch=file, clock=f"{START},200000")
    with embedded() as broker, pytest.raises(UserError, match="nothing is left to watch"):
        ingest(options, 0, f"kafka://{broker}")
    scopes = list(dict.fromkeys(scope.countries for scope, _ in ASKED))
    assert scopes == [("PK", "UG"), ("UG",)]
    assert "the watch of PK expired on 2024-02-09: it is left out" in capsys.readouterr().err


@pytest.mark.sockets
def test_a_recording_ends_when_a_watch_expires(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(CLIENTS, "table", CLIENTS["a"])
    (file := tmp_path / "w.toml").write_text(WATCHES)
    record(Options(("table",), watch=file, clock=f"{START},200000"), tmp_path / "r.frames")
    said = capsys.readouterr().err
    assert "a watch has expired: the recording ends" in said
    assert said.endswith(f"nothing came: {tmp_path / 'r.frames'} has no record of this time\n")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (Options(("nothing",)), "'nothing' is no live feed"),
        (Options(("a",), url=("b=http://x?token=abc",)), "--url 'b=http://x' is not FEED=..., with FEED of rislive"),
        (Options(("a",), token=("a=/nowhere/at/all",)), "'--token a=/nowhere/at/all': No such file"),
        (Options(("a",), url=("a=example.org",)), "--url 'a=example.org' has no address of a server, as a=https://"),
        (Options(("a",), only=("Pakistan",)), "--only 'Pakistan': .*; Pakistan is PK$"),
        (Options(("a",), only=("PK",), watch=Path("w.toml")), "give one of them"),
        (Options(("a",), clock="now,2"), "--clock 'now,2'"),
        (Options(("a",), clock="1,0"), "--clock '1,0'"),
    ],
)
def test_a_mistake_is_one_sentence(options: Options, said: str) -> None:
    with pytest.raises(UserError, match=said.replace("?", r"\?").replace("(", r"\(")):
        clients(options)
    with pytest.raises(UserError, match="--history 400"):
        ingest(Options(("a",)), 400, "kafka://127.0.0.1:1")


def test_only_a_rehearsal_has_a_clock_that_stands_still_while_the_machine_is_suspended() -> None:
    assert Options(("a",)).time().ticks is not time.monotonic
    rehearsal = Options(("a",), clock=f"{START},60").time()
    assert (rehearsal.ticks, int(rehearsal.now()) - START) == (time.monotonic, 0)


BUSY = """
import asyncio, time
from pipeline.ingest.command import until_told

async def work():
    print(await asyncio.to_thread(lambda: "begun"), flush=True)
    await asyncio.to_thread(time.sleep, 60)

until_told(work())
"""


def test_a_signal_ends_it_at_once_also_while_a_thread_reads_a_table() -> None:
    with subprocess.Popen([sys.executable, "-c", BUSY], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0


HEAPS = """
import ctypes, threading
from contextlib import suppress
from pipeline.cli.arguments import app
with suppress(BaseException):
    app(["ingest", "no-feed", "--broker", "kafka://127.0.0.1:9"])
threads = [threading.Thread(target=lambda: [bytearray(5000) for _ in range(1000)]) for _ in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
library = ctypes.CDLL(None)
library.malloc_info(0, ctypes.c_void_p.in_dll(library, "stdout"))
library.fflush(None)
"""


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_info"), reason="heaps are those of glibc")
def test_its_threads_share_one_heap() -> None:
    said = subprocess.run([sys.executable, "-c", HEAPS], capture_output=True, text=True, check=True).stdout
    assert said.count("<heap nr=") == 1
