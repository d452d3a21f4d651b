"""Publishing to a look-alike of Grafana."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from grafana_api.grafana_api import GrafanaServerError

from dashboards.boards import boards
from dashboards.publish import annotate, connect, main, publish

pytestmark = pytest.mark.sockets


class Grafana(HTTPServer):
    """Keeps what it gets; answers the first ``failing`` requests with an error."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.folders: list[str] = []
        self.boards: dict[str, Any] = {}
        self.annotations: list[dict[str, Any]] = []
        self.failing = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    server: Grafana

    def do_GET(self) -> None:
        if self._refused():
            return
        path, _, query = self.path.partition("?")
        if path == "/api/annotations":
            tags = {part.removeprefix("tags=") for part in query.split("&")}
            self._answer(200, [a for a in self.server.annotations if tags <= set(a["tags"])])
        elif path.removeprefix("/api/folders/") in self.server.folders:
            self._answer(200, {})
        else:
            self._answer(404, {"message": "not found"})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self._refused():
            return
        if self.path == "/api/folders":
            self.server.folders.append(body["uid"])
        elif self.path == "/api/annotations":
            self.server.annotations.append(body)
        else:
            self.server.boards[body["dashboard"]["uid"]] = body
        self._answer(200, {"url": f"/d/{body.get('dashboard', {}).get('uid')}"})

    def _refused(self) -> bool:
        if self.headers["Authorization"] != "Bearer sesame":
            self._answer(401, {"message": "who are you"})
            return True
        if self.server.failing:
            self.server.failing -= 1
            self._answer(503, {"message": "not yet"})
            return True
        return False

    def _answer(self, code: int, body: Any) -> None:
        content = json.dumps(body).encode()
        self.send_response(code)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def grafana() -> Iterator[Grafana]:
    server = Grafana()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


OUTAGE = {
    "id": "a1", "entity_type": "country", "entity": "PK", "state": "ended", "kind": "mobile", "tense": "live",
    "start": "2024-02-08T01:45:00Z", "end": "2024-02-08T15:00:00Z", "confirmed_at": "2024-02-08T02:15:00Z",
    "severity": 0.8,
}  # fmt: skip


def test_every_board_is_written_into_the_folder(grafana: Grafana) -> None:
    client = connect(grafana.url, "sesame")
    assert publish(client) == [f"/d/{uid}" for uid in boards()]
    publish(client)
    assert grafana.folders == ["netvigil"]
    assert {uid: body["dashboard"]["panels"] for uid, body in grafana.boards.items()} == {
        uid: board["panels"] for uid, board in boards().items()
    }
    assert all(body["overwrite"] and body["folderUid"] == "netvigil" for body in grafana.boards.values())


def test_an_outage_is_marked_once(grafana: Grafana) -> None:
    client = connect(grafana.url, "sesame")
    suspected, retracted = {**OUTAGE, "id": "b2", "confirmed_at": None}, {**OUTAGE, "id": "c3", "state": "retracted"}
    assert annotate(client, [OUTAGE, suspected, retracted]) == 1
    assert annotate(client, [OUTAGE]) == 0
    (mark,) = grafana.annotations
    said = "PK: mobile, 80% lost at worst"
    assert (mark["time"], mark["timeEnd"], mark["text"]) == (1707356700000, 1707404400000, said)


def test_a_grafana_that_is_busy_is_asked_three_times(grafana: Grafana) -> None:
    client = connect(grafana.url, "sesame", pause=0.0)
    grafana.failing = 2
    assert len(publish(client)) == len(boards())
    grafana.failing = 100
    with pytest.raises(GrafanaServerError, match="503"):
        publish(client)
    assert grafana.failing == 97


def published(folder: Path, url: str, token: str | None = "sesame", outages: str | None = None) -> int:
    """The exit code of the command with these files; without a text a file is missing."""
    for name, text in (("token", token), ("outages", outages)):
        if text is not None:
            (folder / name).write_text(text)
    return main(["--url", url, "--token-file", str(folder / "token"), "--outages", str(folder / "outages")])


def test_boards_and_marks_from_the_command_line(
    grafana: Grafana, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert published(tmp_path, grafana.url, outages=json.dumps(OUTAGE)) == 0
    assert capsys.readouterr().out.endswith("1 outages marked\n")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"token": "wrong", "outages": ""}, "Grafana refused: Unauthorized"),
        ({"token": None, "outages": ""}, "/token cannot be read: No such file or directory"),
        ({}, "/outages cannot be read: No such file or directory"),
        ({"outages": "time,signal"}, "/outages has no outages: it is not what netvigil replay --outages writes"),
        (
            {"outages": "", "url": "http://127.0.0.1:1"},
            "no answer from http://127.0.0.1:1: [Errno 111] Connection refused\n",
        ),
        ({"outages": "", "url": "localhost:3000"}, "localhost:3000 is no address of a Grafana"),
    ],
)
def test_a_mistake_is_one_sentence_before_anything_is_sent(
    grafana: Grafana, tmp_path: Path, capsys: pytest.CaptureFixture[str], changed: dict[str, Any], said: str
) -> None:
    assert published(tmp_path, **{"url": grafana.url, **changed}) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert said in printed.err
    assert len(printed.err.splitlines()) == 1
    assert not grafana.boards
