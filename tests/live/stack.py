"""docker-compose.yml for tests: an engine that runs it, a name and ports of its own, seconds instead of minutes."""

import dataclasses
import fcntl
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from dashboards.rules import rules_text
from dashboards.rules.alert import Timing
from tests.conftest import DATA
from tests.dashboards.servers import Queries, free_port, until
from tests.lookalikes.radar import TOKEN

TOOL = DATA.parent / "tools" / "offline-engine"
"""Starts an engine without an image registry, and makes stand-ins for the images that a compose file names."""

ROOT = Path(__file__).parents[2]
COMPOSE = ROOT / "docker-compose.yml"

SERVICES = ("kafka", "topics", "worker", "prometheus", "alertmanager", "webhook")
"""All but Grafana, of which there is no stand-in, and what has a profile."""

QUICK = Timing(pause=1, hold=5, interval=1)
IMAGE = f"netvigil-test:{os.getpid()}"
"""Test runs side by side do not take each other's."""
PATIENCE = 120.0
"""How long the services may take to be well [s]."""


def place() -> Path:
    """Folder of that engine, which is built once, in some minutes."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "netvigil" / "engine"


def succeeds(*command: str, **environment: str) -> bool:
    """Whether a command is there and ends with 0."""
    if shutil.which(command[0]) is None:
        return False
    return subprocess.run(command, capture_output=True, env=os.environ | environment).returncode == 0


def lacking() -> str:
    """What this machine lacks to have an engine, '' where nothing is lacking."""
    if succeeds("docker", "info"):
        return "" if compose() else "neither `docker compose` nor docker-compose is installed"
    if not os.access(TOOL, os.X_OK):
        return "no Docker engine answers, and there is no offline-engine that would start one"
    return "" if os.geteuid() == 0 else "no Docker engine answers, and only root can start one"


def skip_unless_wanted(request: pytest.FixtureRequest) -> None:
    """Tests of compose take minutes; in CI nothing may skip."""
    if "CI" in os.environ:
        assert not lacking(), f"{lacking()}, and in CI nothing may skip"
    elif reason := lacking() if "compose" in request.config.option.markexpr else "takes minutes: make test-compose":
        pytest.skip(reason)


def compose() -> list[str]:
    """The command that reads compose files, nothing where there is none."""
    if succeeds("docker", "compose", "version"):
        return ["docker", "compose"]
    return ["docker-compose"] if shutil.which("docker-compose") else []


@contextmanager
def engine(compose_file: Path) -> Iterator[dict[str, str]]:
    """An engine for as long as the block lasts; gives the environment in which docker finds it.

    An engine that ran before, or that another test run uses, goes on afterwards.
    """
    if succeeds("docker", "info"):
        yield {}
        return
    host = f"unix://{place()}/docker.sock"
    was_there = succeeds("docker", "info", DOCKER_HOST=host)
    place().mkdir(parents=True, exist_ok=True)
    with (place() / "users").open("w") as users, (place() / "start.log").open("a") as log:
        fcntl.flock(users, fcntl.LOCK_SH)
        subprocess.run([TOOL, "start", place(), compose_file], check=True, stdout=log, stderr=log)
        try:
            yield {"DOCKER_HOST": host}
        finally:
            if not was_there:
                with suppress(BlockingIOError):
                    fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    subprocess.run([TOOL, "stop", place()], check=True)


def quickened(folder: Path) -> None:
    """The settings that compose mounts, with seconds instead of minutes, in a folder."""
    changes = {
        "prometheus.yml": {r"\b15s\b": "1s"},
        "alertmanager.yml": {"group_wait: 30s": "group_wait: 1s", "group_interval: 5m": "group_interval: 1s"},
    }
    for name, change in changes.items():
        text = (ROOT / "dashboards" / name).read_text()
        for old, new in change.items():
            text, count = re.subn(old, new, text)
            assert count, f"{name} has no {old}"
        (folder / name).write_text(text)
    (folder / "rules.yml").write_text(rules_text(QUICK))


def composed() -> dict[str, Any]:
    """The services of docker-compose.yml."""
    return dict(yaml.safe_load(COMPOSE.read_text())["services"])


def overriding(folder: Path, more: dict[str, dict[str, Any]]) -> str:
    """A compose file that lays those settings and services over the usual ones, and lets the receiver be asked."""
    resend = ["--rules.alert.resend-delay=5s"]
    mounted = {"prometheus": ("prometheus.yml", "rules.yml"), "alertmanager": ("alertmanager.yml",)}
    services: dict[str, dict[str, Any]] = {
        service: {"volumes": [f"{folder}/{name}:/etc/{service}/{name}:ro" for name in names]}
        for service, names in mounted.items()
    }
    services["prometheus"]["command"] = composed()["prometheus"]["command"] + resend
    services |= {name: {"image": IMAGE} for name in ("topics", "worker", "places")}
    services |= more
    services["worker"]["healthcheck"] = {"interval": "3s"}
    services["webhook"] = {"image": IMAGE, "ports": ["127.0.0.1:${WEBHOOK_PORT}:9095"]}
    return json.dumps({"services": services})


LIVE_FEEDS = {"ioda-bgp": "/ioda/v2", "ioda-probing": "/ioda/v2", "radar": "/radar"}
"""Feeds that ingest reads from look-alikes, and the paths there."""

LIVE_START, LIVE_SPEED = "2024-02-08T00:30:00", 600
"""Time of their clocks at the start, an hour before the shutdown, and seconds of it in one of the machine's."""


def live(folder: Path) -> dict[str, dict[str, Any]]:
    """The services of a live watch: ingest, and look-alikes of its feeds, which play the case in the folder."""
    (folder / "token").write_text(TOKEN)
    begin = int(datetime.fromisoformat(f"{LIVE_START}Z").timestamp())
    words = [word for feed, path in LIVE_FEEDS.items() for word in ("--url", f"{feed}=http://lookalikes:8766{path}")]
    command = [*composed()["ingest"]["command"][:2], *LIVE_FEEDS, *composed()["ingest"]["command"][2:]]
    return {
        "ingest": {
            "image": IMAGE,
            "command": [*command, *words, "--token", "radar=/etc/token", "--clock", f"{begin},{LIVE_SPEED}"],
            "volumes": [f"{folder}/token:/etc/token:ro"],
            "healthcheck": {"interval": "3s"},
        },
        "lookalikes": {
            "image": IMAGE,
            "command": [
                "python",
                "-m",
                "tests.lookalikes",
                "/case",
                "--host",
                "0.0.0.0",
                "--start",
                LIVE_START,
                "--speed",
                str(LIVE_SPEED),
            ],
            "working_dir": "/app",
            "volumes": [f"{ROOT}/tests:/app/tests:ro", f"{folder}/case:/case:ro"],
            "networks": ["bus"],
        },
    }


@dataclass
class Stack:
    """The services of docker-compose.yml, by ``docker compose`` or ``docker-compose``.

    ``folder`` gets its settings; ``environment`` is what docker needs to find its engine; ``is_offline``: its feeds are
    the real ones, without any network, and not look-alikes.
    """

    command: list[str]
    folder: Path
    environment: dict[str, str]
    project: str = IMAGE.replace(":", "-")
    ports: dict[str, int] = field(default_factory=dict)
    is_offline: bool = False

    def __post_init__(self) -> None:
        quickened(self.folder)
        more = {"ingest": {"image": IMAGE}} if self.is_offline else live(self.folder)
        (self.folder / "override.yml").write_text(overriding(self.folder, more))
        self.ports = {name: free_port() for name in ("kafka", "prometheus", "alertmanager", "webhook")}

    def docker(self, *words: str) -> str:
        """The output of docker."""
        environment = os.environ | self.environment
        return subprocess.run(["docker", *words], capture_output=True, text=True, check=True, env=environment).stdout

    def compose(self, *words: str) -> str:
        """Run compose; its output is shown where it fails."""
        ports = {f"{name.upper()}_PORT": str(port) for name, port in self.ports.items()}
        files = ["-p", self.project, "-f", str(COMPOSE), "-f", str(self.folder / "override.yml")]
        done = subprocess.run(
            [*self.command, *files, *words],
            capture_output=True, text=True, cwd=ROOT, env=os.environ | self.environment | ports,
        )  # fmt: skip
        assert done.returncode == 0, f"compose {' '.join(words)}:\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
        return done.stdout

    def up(self) -> None:
        """Start every service but Grafana, and wait until all are healthy."""
        self.compose("up", "-d", *SERVICES)
        until(lambda: self.states() == dict.fromkeys(SERVICES, "healthy") | {"topics": "exited 0"}, PATIENCE)

    def states(self) -> dict[str, str]:
        """Service -> ``healthy`` or what it is instead."""
        ids = self.compose("ps", "-a", "-q", *SERVICES).split()
        form = '{{index .Config.Labels "com.docker.compose.service"}} {{json .State}}'
        seen = self.docker("inspect", "--format", form, *ids)
        return dict(_state(line) for line in seen.splitlines())

    @property
    def broker(self) -> str:
        """Kafka as this machine knows it, ``HOST:PORT``."""
        return f"127.0.0.1:{self.ports['kafka']}"

    def url(self, service: str) -> str:
        """Where a service answers to this machine."""
        return f"http://127.0.0.1:{self.ports[service]}"

    @cached_property
    def prometheus(self) -> Queries:
        """Its Prometheus."""
        return Queries(self.url("prometheus"))

    def away(self) -> None:
        """Remove everything, volumes included."""
        self.compose("down", "-v")
        self.docker("image", "rm", "-f", IMAGE)

    def sweep(self) -> None:
        """Remove what killed test runs left."""
        label = '{{.Label "com.docker.compose.project"}}'
        for project in set(self.docker("ps", "-a", "--format", label).split()):
            prefix, _, run = project.rpartition("-")
            if prefix == IMAGE.partition(":")[0] and not Path("/proc", run).exists():
                dataclasses.replace(self, project=project).compose("down", "-v")


def _state(line: str) -> tuple[str, str]:
    service, _, text = line.partition(" ")
    state = json.loads(text)
    health = state.get("Health", {}).get("Status")
    if state["Status"] == "running" and health:
        return service, health
    return service, f"{state['Status']} {state['ExitCode']}"
