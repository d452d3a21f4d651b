"""The project's files are the same on every machine, and name nothing that is not there."""

import re
import tomllib

import pytest

from tests.house.tree import ROOT, files, text

TARGETS = set(re.findall(r"^([a-z][a-z-]*):", text("Makefile"), re.MULTILINE))


def test_the_licence_is_there_and_is_the_one_that_is_named() -> None:
    assert tomllib.loads(text("pyproject.toml"))["project"]["license"] == "Apache-2.0"
    assert "Apache License" in text("LICENSE")


def test_no_file_names_a_place_on_one_machine_and_none_leaves_a_note_for_later() -> None:
    unwanted = re.compile(rb"(?<![\w.:-])/(?:work|home|root|Users)/\w|\b(?:TO" rb"DO|FIX" rb"ME|X" rb"XX)\b")
    of_others = {"requirements.lock", "requirements-dev.lock"}
    assert not [path for path in files() if str(path) not in of_others and unwanted.search((ROOT / path).read_bytes())]


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_a_lock_file_has_hashes_and_no_addresses(lock: str) -> None:
    packages = re.split(r"^(?=[A-Za-z0-9])", text(lock), flags=re.MULTILINE)[1:]
    assert len(packages) > 10
    assert not [package for package in packages if "==" not in package or "--hash=sha256:" not in package]
    assert "://" not in text(lock)


def test_every_dependency_is_locked_and_has_its_reason() -> None:
    wanted = re.findall(r'^\s+"([a-z0-9-]+)[><=]=.*?",(.*)$', text("pyproject.toml"), re.MULTILINE)
    assert not [name for name, reason in wanted if "#" not in reason and name != "pytest"]
    locked = set(
        re.findall(r"^([a-z0-9-]+)==", text("requirements.lock") + text("requirements-dev.lock"), re.MULTILINE)
    )
    assert {name for name, _ in wanted} <= locked


def test_ci_runs_the_test_command_of_the_readme_and_lets_nothing_skip() -> None:
    assert re.search(r"^export CI=true\n(?:.*\n)*make test$", text(".ci/run"), re.MULTILINE)
    assert re.search(r"^make test\b", text("README.md"), re.MULTILINE)


def test_every_target_of_make_says_what_it_is_for_and_is_in_the_papers() -> None:
    papers = "".join(text(paper) for paper in files(".md"))
    assert set(re.findall(r"^([a-z-]+):.*## \S", text("Makefile"), re.MULTILINE)) == TARGETS
    assert set(re.findall(r"^\.PHONY: (.*)$", text("Makefile"), re.MULTILINE)[0].split()) == TARGETS
    assert {name for name in TARGETS if f"make {name}" not in papers} == set()
    assert set(re.findall(r"`make ([a-z-]+)", papers)) <= TARGETS


def test_the_papers_link_only_to_files_that_are_there() -> None:
    links = [(paper, link) for paper in files(".md") for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text(paper))]
    assert not [f"{paper}: {link}" for paper, link in links if not (ROOT / paper.parent / link).exists()]
