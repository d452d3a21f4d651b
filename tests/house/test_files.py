"""The house's files: short, documented, and the same on every machine."""

import re
import tomllib
from pathlib import Path

import pytest

from tests.house.tree import GENERATED, ROOT, files, text, texts

LONGEST = 300
LONG_WITH_REASON = {
    "tests/feeds/test_ris_live.py": "every shape that was ever captured, and every oddity of them",
}
TARGET = re.compile(r"^([a-z][a-z-]*):([^=].*)?$", re.MULTILINE)


def lines_of(path: Path) -> int:
    return len(text(path).splitlines())


def test_no_file_is_longer_than_a_person_reads_without_a_reason() -> None:
    own = [path for path in files(".py") if not str(path).startswith(GENERATED)]
    assert {str(path) for path in own if lines_of(path) > LONGEST} <= set(LONG_WITH_REASON)


def test_every_reason_for_length_is_still_needed() -> None:
    gone = {name for name in LONG_WITH_REASON if not (ROOT / name).is_file() or lines_of(Path(name)) <= LONGEST}
    assert not gone


def test_the_licence_is_there_and_is_the_one_that_is_named() -> None:
    project = tomllib.loads(text("pyproject.toml"))["project"]
    assert project["license"] == "Apache-2.0"
    assert "Apache License" in text("LICENSE")


def test_no_file_names_a_place_on_somebodys_machine() -> None:
    private = re.compile(r"(?<![\w.:-])/(?:work|home|root|Users)/\w")
    found = [f"{path}: {line}" for path, words in texts() for line in words.splitlines() if private.search(line)]
    assert not [line for line in found if not line.startswith("tests/house/")]


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_a_lock_file_has_hashes_and_no_addresses(lock: str) -> None:
    words = text(lock)
    assert "://" not in words
    pinned = re.findall(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==", words, re.MULTILINE)
    assert len(pinned) > 10
    assert len(re.findall(r"--hash=sha256:", words)) >= len(pinned)


def test_every_dependency_is_locked_and_has_its_reason() -> None:
    project = tomllib.loads(text("pyproject.toml"))
    locked = text("requirements.lock").lower()
    for line in text("pyproject.toml").splitlines():
        if re.match(r'\s+"[a-z0-9-]+[><=]=', line) and "pytest>" not in line:
            assert "#" in line, f"no reason for {line.strip()}"
    for wanted in project["project"]["dependencies"]:
        name = re.match(r"[A-Za-z0-9-]+", wanted).group()  # type: ignore[union-attr]
        assert f"\n{name}==" in f"\n{locked}", f"{name} is not locked"


def test_ci_runs_the_test_command_of_the_readme() -> None:
    assert re.search(r"^make test$", text(".ci/run"), re.MULTILINE)
    assert re.search(r"^(\$ )?make test\b", text("README.md"), re.MULTILINE)


def test_ci_lets_nothing_skip() -> None:
    assert "export CI=true" in text(".ci/run")


def test_every_target_of_make_says_what_it_is_for() -> None:
    makefile = text("Makefile")
    phony = re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    assert phony is not None
    documented = set(re.findall(r"^([a-z-]+):.*## \S", makefile, re.MULTILINE))
    assert set(phony.group(1).split()) == documented == {name for name, _ in TARGET.findall(makefile)}


def test_every_target_of_make_is_in_the_papers() -> None:
    papers = text("README.md") + text("CONTRIBUTING.md") + text("docs/evaluate.md")
    named = re.search(r"^\.PHONY: (.*)$", text("Makefile"), re.MULTILINE)
    assert named is not None
    assert {name for name in named.group(1).split() if f"make {name}" not in papers} == set()


def test_nothing_is_left_to_be_done_later() -> None:
    later = re.compile(r"\b(?:TO" r"DO|FIX" r"ME|X" r"XX)\b")
    assert not [str(path) for path, words in texts() if later.search(words) and not str(path).startswith("require")]


def test_the_papers_link_only_to_files_that_are_there() -> None:
    for paper in files(".md"):
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text(paper)):
            assert (ROOT / paper.parent / target).exists(), f"{paper} links to {target}"
