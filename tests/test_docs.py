"""README and docs: their commands run, their output is what is printed, and their names exist."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml
from typer.main import get_command

from dashboards.rules import ALERTS
from detectors import REGISTRY
from detectors.base import STATES
from pipeline.cli.arguments import app
from pipeline.explain.text import KIND_WORDS
from pipeline.feeds import FEEDS
from pipeline.kinds import KINDS
from pipeline.replay.reconstruction import reconstruct, write
from pipeline.serve.metric_names import FAMILIES
from pipeline.topics import every
from pipeline.watch.run import Asked

ROOT = Path(__file__).parents[1]
PAGES = ("README.md", *(f"docs/{path.name}" for path in sorted((ROOT / "docs").glob("*.md"))))
TEXT = {page: (ROOT / page).read_text("utf-8") for page in (*PAGES, "CONTRIBUTING.md", "dashboards/runbook.md")}
ALL = "\n".join(TEXT.values())
GLOSSARY = (ROOT / "GLOSSARY.md").read_text("utf-8")
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
BLOCK = re.compile(r"(<!-- elsewhere: [^\n]+ -->\n)?```bash\n(.*?)```\n(?:\n```text\n(.*?)```\n)?", re.DOTALL)


class Example(NamedTuple):
    """A block of commands of a page, whether it runs here, and the output that is shown below it ('' for none)."""

    page: str
    here: bool
    commands: str
    shown: str


EXAMPLES = [Example(page, not mark, *rest) for page in PAGES for mark, *rest in BLOCK.findall(TEXT[page])]


def run(commands: str, folder: Path) -> str:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = os.environ | {"PATH": path, "COLUMNS": "80"}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", commands], cwd=folder, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, f"{commands}{done.stdout}{done.stderr}"
    return "\n".join(line.rstrip() for line in done.stdout.splitlines())


@pytest.mark.slow
def test_every_command_of_the_pages_runs_and_prints_what_is_shown(tmp_path: Path) -> None:
    done: dict[str, str] = {}
    for example in EXAMPLES:
        lines = [line for line in example.commands.splitlines() if line not in done] if example.here else []
        done |= {line: run(line, tmp_path) for line in lines}
        if example.here and example.shown:
            printed = "\n".join(done[line] for line in example.commands.splitlines())
            assert example.shown.rstrip("\n") in printed, f"{example.page}: {example.commands}{printed}"
    answer(done["netvigil demo --write election-day"])


def answer(printed: str) -> None:
    """README shows the answer of the demo, from the table on."""
    page = TEXT["README.md"]
    (shown,) = re.findall(r"The answer:\n\n```text\n(.*?)```", page, re.DOTALL)
    last = printed[printed.index("\nwhere ") + 1 :].rstrip() + "\n"
    if os.environ.get("NETVIGIL_GOLDEN") == "write":
        (ROOT / "README.md").write_text(page.replace(shown, last), "utf-8")
    else:
        assert shown == last


@pytest.mark.slow
def test_the_file_of_settings_changes_the_answer(tmp_path: Path) -> None:
    (shown,) = re.findall(r"```toml\n(.*?)```", TEXT["docs/operations.md"], re.DOTALL)
    strict = re.sub(r"(?m)^confirm = 0\.9\b", "confirm = 0.999999", shown)
    assert strict != shown
    write(reconstruct(0), tmp_path / "election-day")
    recorded = tmp_path / "election-day" / "signals.csv"
    head, *rows = recorded.read_text().splitlines(keepends=True)
    recorded.write_text(head + "".join(row for row in rows if row >= "2024-02-04"))
    (tmp_path / "mine.toml").write_text(strict)
    told = json.loads(run("netvigil replay election-day --settings mine.toml --json", tmp_path))["outages"]
    assert {o["confirmed_at"] is not None for o in told} == {True, False}


def test_the_workers_of_compose_get_the_settings_and_keep_the_rest_of_their_command() -> None:
    blocks = [
        yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", TEXT["docs/operations.md"], re.DOTALL)
    ]
    (given,) = [block["services"]["worker"] for block in blocks]
    assert given["command"] == [*COMPOSE["worker"]["command"], "--settings", given["volumes"][0].split(":")[1]]


@pytest.mark.system
def test_alertmanager_takes_the_e_mail_example(tmp_path: Path) -> None:
    (example,) = re.findall(r"```yaml\n(receivers:.*?)```", TEXT["docs/be-told.md"], re.DOTALL)
    config = yaml.safe_load((ROOT / "dashboards/alertmanager.yml").read_text())
    mail = {receiver["name"]: receiver for receiver in yaml.safe_load(example)["receivers"]}
    assert set(mail) == {"desk", "desk-once"} <= {receiver["name"] for receiver in config["receivers"]}
    config["receivers"] = [receiver | mail.get(receiver["name"], {}) for receiver in config["receivers"]]
    config["templates"] = [str(ROOT / "dashboards/netvigil.tmpl")]
    (tmp_path / "alertmanager.yml").write_text(yaml.safe_dump(config))
    run("amtool check-config alertmanager.yml", tmp_path)


def test_every_command_and_option_of_netvigil_exists() -> None:
    commands = get_command(app).commands  # type: ignore[attr-defined]
    lines = [shlex.split(line) for example in EXAMPLES for line in example.commands.splitlines()]
    lines += [shlex.split(line) for line in re.findall(r"`(netvigil [a-z][^`]*)`", ALL)]
    for program, *rest in lines:
        if program == "netvigil":
            known = {option for parameter in commands[rest[0]].params for option in parameter.opts}
            assert {word for word in rest if word.startswith("--")} <= known, rest
        else:
            assert program in {
                "make",
                "docker",
                "promtool",
                "python",
                ".",
                "mkdir",
                "cp",
                "awk",
                "chmod",
                ".venv/bin/pytest",
            }


def test_every_target_of_make_service_and_port_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"(?:`|^)make ([a-z-]+)", ALL, re.MULTILINE)) <= targets
    named = re.findall(r"docker compose (?:logs -f|up -d --force-recreate|restart) ([a-z]+)", ALL)
    named += re.findall(r"--scale (\w+)=", ALL)
    assert set(named) <= set(COMPOSE)
    published = "".join(port for service in COMPOSE.values() for port in service.get("ports", []))
    published += f":-{Asked(()).port}}}"  # of the page of a watch
    for port in re.findall(r"127\.0\.0\.1:(\d+)", ALL):
        assert f":-{port}}}" in published, port


def test_every_topic_that_is_named_exists() -> None:
    topics = {topic.name for topic in every(FEEDS)}
    assert set(re.findall(r"`(netvigil(?:\.[a-z]+)+)`", ALL)) <= topics


def test_every_environment_variable_is_documented() -> None:
    code = [
        path.read_text() for package in ("pipeline", "dashboards", "tests") for path in (ROOT / package).rglob("*.py")
    ]
    named = set(re.findall(r"\bNETVIGIL_[A-Z_]*[A-Z]\b", "".join(code))) - {"NETVIGIL_KAFKA"}
    named |= set(re.findall(r"\$\{([A-Z_]+):-", (ROOT / "docker-compose.yml").read_text()))
    assert {name for name in named if name not in ALL} == set()


def test_what_the_examples_leave_behind_is_not_committed() -> None:
    ignored = set((ROOT / ".gitignore").read_text().splitlines())
    assert {"/election-day/", "/two-days/", "/outages.jsonl", "/history.om", "/blocks/", "/mail-password"} <= ignored


def test_every_metric_is_documented_in_the_words_of_its_help() -> None:
    lines = dict(re.findall(r"^\| `(netvigil_\w+)` \| (.*) \|$", TEXT["docs/metrics.md"], re.MULTILINE))
    assert len(lines) == len(FAMILIES)
    for family in FAMILIES.values():
        assert family.text in (lines.get(family.name), lines.get(f"{family.name}_total")), family.name


def test_every_alert_has_its_heading_in_the_runbook() -> None:
    headings = re.findall(r"^## (\w+)$", TEXT["dashboards/runbook.md"], re.MULTILINE)
    assert sorted(headings) == sorted({alert.name for alert in ALERTS})


def test_the_glossary_is_alphabetical_and_has_the_names_that_users_meet() -> None:
    words = re.findall(r"^- \*\*([^*]+)\*\*", GLOSSARY, re.MULTILINE)
    assert words == sorted(words, key=str.lower)
    names = {*FEEDS, *REGISTRY, *KINDS, *(state.replace("_", " ") for state in STATES), *KIND_WORDS}
    assert {name for name in names if f"`{name}`" not in " ".join(GLOSSARY.split())} == set()
    assert {kind for kind in KIND_WORDS if f"| `{kind}` |" not in TEXT["docs/first-hour.md"]} == set()
