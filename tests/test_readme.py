"""The README's examples are executed, in order, in an empty folder; what they print is what it shows."""

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

from pipeline.replay.reconstruction import reconstruct, write

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
BLOCK = re.compile(r"(<!-- elsewhere: [^\n]+ -->\n)?```(\w+)\n(.*?)```\n(?:\n```text\n(.*?)```\n)?", re.DOTALL)


class Example(NamedTuple):
    """A block of commands, whether this machine runs them, and the output that stands below it ('' for none)."""

    here: bool
    commands: str
    shown: str


def examples() -> Iterator[Example]:
    for elsewhere, language, commands, shown in BLOCK.findall(README.read_text()):
        if language == "bash":
            yield Example(not elsewhere, commands, shown)


def run(commands: str, folder: Path) -> str:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = os.environ | {"PATH": path, "COLUMNS": "80"}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", commands], cwd=folder, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, f"{commands}{done.stdout}{done.stderr}"
    return "\n".join(line.rstrip() for line in done.stdout.splitlines())


@pytest.mark.slow
def test_every_example_runs_and_prints_what_is_shown(tmp_path: Path) -> None:
    readme = README.read_text()
    for example in examples():
        if not example.here:
            continue
        printed = run(example.commands, tmp_path)
        if example.shown and os.environ.get("NETVIGIL_GOLDEN") == "write":
            readme = readme.replace(f"```text\n{example.shown}", f"```text\n{tail(printed, example.shown)}", 1)
        else:
            assert example.shown.rstrip("\n") in printed, printed
    if readme != README.read_text():
        README.write_text(readme)


@pytest.mark.slow
def test_the_file_of_settings_does_what_is_said_of_it(tmp_path: Path) -> None:
    (shown,) = re.findall(r"```toml\n(.*?)```", README.read_text(), re.DOTALL)
    strict = re.sub(r"(?m)^confirm = 0\.9\b", "confirm = 0.99", shown)
    assert strict != shown
    write(reconstruct(0), tmp_path / "election-day")
    out = {}
    for name, settings in (("strict", strict), ("ours", strict.replace('"median"', '"seasonal"'))):
        (tmp_path / "mine.toml").write_text(settings)
        told = json.loads(run("netvigil replay election-day --settings mine.toml --json", tmp_path))["outages"]
        out[name] = {(o["entity_type"], o["confirmed_at"] is not None) for o in told}
    assert out == {"strict": {("country", True), ("asn", False)}, "ours": {("country", True), ("asn", True)}}


def tail(printed: str, shown: str) -> str:
    """What is printed from the line on with which the shown output begins."""
    begin = printed.find(shown.splitlines()[0])
    return printed[begin:].rstrip("\n") + "\n"


def words() -> Iterator[list[str]]:
    for example in examples():
        yield from (shlex.split(line) for line in example.commands.splitlines())


def test_there_are_examples_for_here_and_for_elsewhere() -> None:
    assert sum(example.here for example in examples()) >= 3
    assert sum(not example.here for example in examples()) >= 3


def test_every_command_of_an_example_exists() -> None:
    assert {command[0] for command in words()} <= {"make", "netvigil", "docker", "promtool", ".", "mkdir", "cp", "awk"}


def test_every_option_of_netvigil_exists() -> None:
    from typer.main import get_command

    from pipeline.cli.arguments import app

    commands = get_command(app).commands  # type: ignore[attr-defined]
    for program, name, *rest in words():
        if program == "netvigil":
            known = {option for parameter in commands[name].params for option in parameter.opts}
            assert {word for word in rest if word.startswith("--")} <= known, name


def test_every_target_of_make_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"`make ([a-z-]+)`", README.read_text()))
    assert named | {command[1] for command in words() if command[0] == "make"} <= targets


def test_every_service_and_port_of_compose_exists() -> None:
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    readme = README.read_text()
    assert set(re.findall(r"docker compose logs -f (\w+)", readme)) <= set(compose)
    assert set(re.findall(r"--scale (\w+)=", readme)) <= set(compose)
    published = "".join(port for service in compose.values() for port in service.get("ports", []))
    for port in re.findall(r"127\.0\.0\.1:(\d+)", readme):
        assert f":-{port}}}" in published, port


def test_every_receiver_of_the_e_mail_example_and_every_service_exists() -> None:
    blocks = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", README.read_text(), re.DOTALL)]
    receivers = yaml.safe_load((ROOT / "dashboards/alertmanager.yml").read_text())["receivers"]
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    named = [receiver["name"] for block in blocks for receiver in block.get("receivers", [])]
    assert named == ["desk", "desk-once"]
    assert set(named) <= {receiver["name"] for receiver in receivers}
    assert {name for block in blocks for name in block.get("services", {})} <= set(services)


@pytest.mark.system
def test_alertmanager_takes_the_e_mail_example(tmp_path: Path) -> None:
    (example,) = re.findall(r"```yaml\n(receivers:.*?)```", README.read_text(), re.DOTALL)
    config = yaml.safe_load((ROOT / "dashboards/alertmanager.yml").read_text())
    mail = {receiver["name"]: receiver for receiver in yaml.safe_load(example)["receivers"]}
    config["receivers"] = [receiver | mail.get(receiver["name"], {}) for receiver in config["receivers"]]
    config["templates"] = [str(ROOT / "dashboards/netvigil.tmpl")]
    path = tmp_path / "alertmanager.yml"
    path.write_text(yaml.safe_dump(config))
    run(f"amtool check-config {path}", tmp_path)


def test_what_the_examples_leave_behind_is_not_committed() -> None:
    ignored = (ROOT / ".gitignore").read_text().splitlines()
    assert {"/election-day/", "/outages.jsonl", "/history.om", "/blocks/", "/mail-password"} <= set(ignored)


def test_every_environment_variable_is_in_the_papers() -> None:
    papers = README.read_text() + (ROOT / "CONTRIBUTING.md").read_text()
    code = [
        path.read_text() for package in ("pipeline", "dashboards", "tests") for path in (ROOT / package).rglob("*.py")
    ]
    compose = (ROOT / "docker-compose.yml").read_text()
    named = set(re.findall(r"\bNETVIGIL_[A-Z_]*[A-Z]\b", "".join(code))) - {"NETVIGIL_KAFKA"}
    named |= set(re.findall(r"\$\{([A-Z_]+):-", compose))
    assert {name for name in named if name not in papers} == set()
