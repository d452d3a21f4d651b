"""Publishing, against a Grafana that a test pretends to be."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from dashboards.boards import boards
from dashboards.publish import PublishError, annotate, connect, main, publish

pytestmark = pytest.mark.sockets


class Grafana(HTTPServer):
    """Keeps what it is told; answers the first ``failing`` requests with an error."""

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


@contextmanager
def serving() -> Iterator[Grafana]:
    server = Grafana()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def grafana() -> Iterator[Grafana]:
    with serving() as server:
        yield server


OUTAGE = {
    "id": "a1", "entity_type": "country", "entity": "PK", "state": "ended", "kind": "mobile", "tense": "live",
    "start": "2024-02-08T01:45:00Z", "end": "2024-02-08T15:00:00Z", "confirmed_at": "2024-02-08T02:15:00Z",
    "severity": 0.8,
}  # fmt: skip


def patient(seconds: float) -> None:
    """Does not wait."""


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
    suspected = {**OUTAGE, "id": "b2", "confirmed_at": None}
    retracted = {**OUTAGE, "id": "c3", "state": "retracted"}
    assert annotate(client, [OUTAGE, suspected, retracted]) == 1
    assert annotate(client, [OUTAGE]) == 0
    (mark,) = grafana.annotations
    assert (mark["time"], mark["timeEnd"], mark["text"]) == (
        1707356700000,
        1707404400000,
        "PK: mobile, 80% lost at worst",
    )


def test_a_grafana_that_is_busy_is_asked_again(grafana: Grafana) -> None:
    grafana.failing = 2
    assert len(publish(connect(grafana.url, "sesame"), patient)) == len(boards())


def test_a_grafana_that_stays_down_is_given_up(grafana: Grafana) -> None:
    grafana.failing = 100
    with pytest.raises(PublishError, match="did not answer 3 times"):
        publish(connect(grafana.url, "sesame"), patient)


def test_a_wrong_token_is_said_in_one_sentence(
    grafana: Grafana, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "token").write_text("wrong\n")
    assert main(["--url", grafana.url, "--token-file", str(tmp_path / "token")]) == 2
    assert capsys.readouterr().err == "Grafana refused: Unauthorized\n"


@pytest.mark.parametrize("missing", ["token", "outages"])
def test_a_file_that_cannot_be_read_is_one_sentence_before_anything_is_sent(
    grafana: Grafana, tmp_path: Path, capsys: pytest.CaptureFixture[str], missing: str
) -> None:
    names = {"token": tmp_path / "token", "outages": tmp_path / "outages"}
    for name, path in names.items():
        if name != missing:
            path.write_text("sesame\n" if name == "token" else "")
    files = ["--token-file", str(names["token"]), "--outages", str(names["outages"])]
    assert main(["--url", grafana.url, *files]) == 2
    told = capsys.readouterr()
    assert (told.out, told.err) == ("", f"{names[missing]} cannot be read: No such file or directory\n")


def test_what_holds_no_outages_is_one_sentence(
    grafana: Grafana, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "token").write_text("sesame\n")
    (tmp_path / "x.csv").write_text("time,signal\n")
    files = ["--token-file", str(tmp_path / "token"), "--outages", str(tmp_path / "x.csv")]
    assert main(["--url", grafana.url, *files]) == 2
    assert capsys.readouterr().err.endswith("has no outages: it is not what netvigil replay --outages writes\n")


def test_an_address_that_is_none_is_said(tmp_path: Path) -> None:
    with pytest.raises(PublishError, match=r"localhost:3000 is no address"):
        connect("localhost:3000", "sesame")


def test_boards_and_marks_from_the_command_line(
    grafana: Grafana, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "token").write_text("sesame\n")
    (tmp_path / "outages.jsonl").write_text(json.dumps(OUTAGE) + "\n")
    files = ["--token-file", str(tmp_path / "token"), "--outages", str(tmp_path / "outages.jsonl")]
    assert main(["--url", grafana.url, *files]) == 0
    assert capsys.readouterr().out.endswith("1 outages marked\n")
