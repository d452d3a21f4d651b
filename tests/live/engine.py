"""A Docker engine for tests: the one that is there, or one without an image registry from ``shared/tools``."""

import fcntl
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.conftest import DATA

TOOL = DATA.parent / "tools" / "offline-engine"
"""Starts an engine and makes stand-ins for the images that a compose file names."""


def place() -> Path:
    """Where that engine lives: it is built once, in some minutes, and kept."""
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


def compose() -> list[str]:
    """The command that reads compose files, nothing where there is none."""
    if succeeds("docker", "compose", "version"):
        return ["docker", "compose"]
    return ["docker-compose"] if shutil.which("docker-compose") else []


@contextmanager
def engine(compose_file: Path) -> Iterator[dict[str, str]]:
    """An engine for as long as the block lasts; gives the environment in which docker finds it.

    One that ran before goes on afterwards, and so does one that another test run has come to use.
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
