"""A real Prometheus and a real Alertmanager with seconds instead of minutes, for tests."""

import json
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

import dashboards
from dashboards.rules import rules_text
from dashboards.rules.alert import Timing
from pipeline.serve.openmetrics import History
from tests.programs import program

FOLDER = Path(dashboards.__file__).parent
QUICK = Timing(pause=1, hold=3, interval=1)


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(seen: Callable[[], Any], patience: float = 20.0) -> Any:
    """What ``seen`` gives as soon as it is true; fails after ``patience`` [s]."""
    give_up = time.monotonic() + patience
    while time.monotonic() < give_up:
        if found := seen():
            return found
        time.sleep(0.1)
    raise AssertionError(f"not seen within {patience} s: {seen}")


@contextmanager
def started(command: list[str], ready: str, log: Path) -> Iterator[None]:
    """A server that runs until the end of the block and answers at ``ready``."""
    with log.open("w") as out, subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT) as process:
        try:
            until(lambda: process.poll() is not None or answers(ready))
            assert process.poll() is None, log.read_text()
            yield
        finally:
            process.terminate()
            process.wait(10)


def answers(url: str) -> bool:
    """Whether there is a server."""
    try:
        return requests.get(url, timeout=1).status_code == 200
    except requests.RequestException:
        return False


@contextmanager
def alertmanager(webhook: str, folder: Path, more: Mapping[str, Any] | None = None) -> Iterator[str]:
    """Alertmanager with the project's settings, its waits shortened; gives its address.

    ``more``: further settings of the receiver of outages, as ``email_configs``.
    """
    text = (FOLDER / "alertmanager.yml").read_text()
    changes = {
        "http://webhook:9095": webhook,
        "group_wait: 30s": "group_wait: 1s",
        "group_interval: 5m": "group_interval: 1s",
    }
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    further = "".join(f"    {key}: {json.dumps(value)}\n" for key, value in (more or {}).items())
    text = text.replace("  - name: desk-once\n", f"  - name: desk-once\n{further}")
    folder.mkdir()
    (folder / "alertmanager.yml").write_text(text)
    (folder / "netvigil.tmpl").write_text((FOLDER / "netvigil.tmpl").read_text())
    address = f"127.0.0.1:{free_port()}"
    command = [
        program("prometheus-alertmanager"), f"--config.file={folder}/alertmanager.yml", f"--storage.path={folder}/data",
        f"--web.listen-address={address}", "--cluster.listen-address=",
    ]  # fmt: skip
    with started(command, f"http://{address}/-/ready", folder / "log"):
        yield address


@contextmanager
def prometheus(exporter: str, alerts: str, folder: Path) -> Iterator["Queries"]:
    """Prometheus that scrapes a worker every half second and evaluates the project's rules every second."""
    folder.mkdir()
    (folder / "rules.yml").write_text(rules_text(QUICK))
    settings = {
        "global": {"scrape_interval": "500ms", "evaluation_interval": "1s"},
        "rule_files": ["rules.yml"],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [alerts]}]}]},
        "scrape_configs": [{"job_name": "netvigil", "static_configs": [{"targets": [exporter]}]}],
    }
    with _prometheus(settings, folder) as queries:
        yield queries


@contextmanager
def history_prometheus(history: History, folder: Path) -> Iterator["Queries"]:
    """Prometheus that holds written history and scrapes nothing."""
    with (folder / "history.om").open("w") as file:
        history.write(file)
    blocks = [program("promtool"), "tsdb", "create-blocks-from", "openmetrics", "--max-block-duration=744h"]
    subprocess.run([*blocks, str(folder / "history.om"), str(folder / "data")], check=True, capture_output=True)
    with _prometheus({}, folder, "--storage.tsdb.retention.time=100y") as queries:
        yield queries


@contextmanager
def _prometheus(settings: dict[str, Any], folder: Path, *options: str) -> Iterator["Queries"]:
    (folder / "prometheus.yml").write_text(json.dumps(settings))
    address = f"127.0.0.1:{free_port()}"
    command = [
        program("prometheus"), f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data",
        f"--web.listen-address={address}", *options,
    ]  # fmt: skip
    with started(command, f"http://{address}/-/ready", folder / "log"):
        yield Queries(f"http://{address}")


class Queries:
    """Queries to a Prometheus."""

    def __init__(self, url: str) -> None:
        self.url = url

    def at(self, expr: str) -> list[dict[str, Any]]:
        """Series of an instant query, now."""
        return self._ask("query", query=expr)

    def now(self) -> int:
        """Its own clock [s]."""
        return int(float(self.at("vector(time())")[0]["value"][1]))

    def over(self, expr: str, start: float, end: float, step: int = 1) -> list[dict[str, Any]]:
        """Series of a range query, a point every ``step`` [s]."""
        return self._ask("query_range", query=expr, start=start, end=end, step=step)

    def _ask(self, kind: str, **arguments: Any) -> list[dict[str, Any]]:
        answer = requests.get(f"{self.url}/api/v1/{kind}", arguments, timeout=10)
        answer.raise_for_status()
        found = answer.json()["data"]["result"]
        assert isinstance(found, list)
        return found
