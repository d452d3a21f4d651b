"""Processes of a watch that end: started again and named, or the end of the watch in a sentence."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.errors import UserError
from pipeline.watch.children import Children


def ended(children: Children, until: Callable[[], bool]) -> None:
    """Check the processes until that holds; each lives for milliseconds."""
    deadline = time.monotonic() + 10
    while not until() and time.monotonic() < deadline:
        children.check()
        time.sleep(0.01)


def shell(folder: Path, **options: float) -> Children:
    return Children(folder, program=("/bin/sh", "-c"), **options)  # type: ignore[arg-type]


def test_what_ends_is_started_again_with_its_command_of_then(tmp_path: Path) -> None:
    asked: list[str] = []

    def command() -> list[str]:
        asked.append("exit 1" if not asked else "sleep 60")
        return [asked[-1]]

    with shell(tmp_path) as children:
        children.start("ingest", command)
        ended(children, lambda: len(asked) > 1)
        assert children.note == f"ingest ended with exit code 1 and was started again; its log is {tmp_path}/ingest.log"
        process = children.own[0].process
        assert process.poll() is None
    assert process.poll() is not None


def test_what_ends_again_and_again_ends_the_watch_with_its_last_words(tmp_path: Path) -> None:
    with shell(tmp_path, most=2) as children:
        children.start("worker", lambda: ["echo no memory; kill -9 $$"])
        with pytest.raises(UserError, match=r"^worker was ended by signal 9 again and again.*ends with: no memory$"):
            ended(children, lambda: False)


def test_failures_far_apart_are_forgiven(tmp_path: Path) -> None:
    now = [0.0]
    with shell(tmp_path, most=1) as children:
        children.clock = lambda: now[0]
        children.start("worker", lambda: ["exit 1"])
        child = children.own[0]
        for _ in range(3):
            child.process.wait(10)
            now[0] += 601
            children.check()
        assert len(child.starts) == 1


def test_a_mistake_of_a_person_is_not_tried_again(tmp_path: Path) -> None:
    with shell(tmp_path) as children:
        children.start("ingest", lambda: ["echo netvigil: the token of radar cannot be read; exit 2"])
        with pytest.raises(UserError, match=r"^the token of radar cannot be read$"):
            ended(children, lambda: False)


def test_a_large_log_begins_anew(tmp_path: Path) -> None:
    log = tmp_path / "worker.log"
    log.write_bytes(bytes(5 * 2**20))
    with shell(tmp_path) as children:
        children.start("worker", lambda: ["echo ready"])
        children.own[0].process.wait(10)
        assert log.read_text() == "ready\n"
