"""Every word that users meet is explained, once."""

import re

import pytest
import yaml

from dashboards.rules.groups import ALERTS
from detectors import REGISTRY
from detectors.base import STATES
from pipeline import records, topics
from pipeline.explain.terminal import STYLES
from pipeline.explain.text import KIND_WORDS
from pipeline.feeds import FEEDS
from pipeline.fusion.evidence import kind_of_outage
from pipeline.serve.metric_names import FAMILIES, sample_names
from tests.house.tree import text

GLOSSARY = text("GLOSSARY.md")

FIELD = (
    "feed", "collector", "peer", "full-feed peer", "RIB", "announce", "withdraw", "origin AS", "visibility", "slash24",
    "probe", "entity", "signal", "bin", "event time", "watermark", "heartbeat", "late", "grace", "baseline", "expected",
    "seasonal slot", "warm-up", "floor", "inpaint", "score", "verdict", "outage", "open", "update", "close", "retract",
    "tense", "replay", "backfill", "drill", "dead letter", "alert",
)  # fmt: skip
"""The house's words."""

TRAVELS = {
    "Run": "run", "Peer": "peer", "Entity": "entity", "Heartbeat": "heartbeat", "Elements": "element", "Rows": "rows",
    "Bins": "bin", "Verdicts": "verdict", "Term": "term", "Sign": "sign", "Outage": "outage", "Left": "left",
    "Progress": "progress", "DeadLetter": "dead letter",
}  # fmt: skip
"""What travels between the stages, and its word."""


def entries() -> list[str]:
    """Words that have an entry: those in bold."""
    return re.findall(r"\*\*([^*]+)\*\*", GLOSSARY)


@pytest.mark.parametrize("word", [*FIELD, *TRAVELS.values(), "stage", "agent", "worker", "merge", "judge", "fuse"])
def test_every_word_has_an_entry(word: str) -> None:
    assert word in entries()


def test_everything_that_travels_has_a_word() -> None:
    made_there = {name: value for name, value in vars(records).items() if isinstance(value, type)}
    assert {name for name, value in made_there.items() if value.__module__ == records.__name__} == set(TRAVELS)


def test_every_code_that_a_user_meets_is_explained() -> None:
    codes = {*FEEDS, *REGISTRY, *STATES, *STYLES, *KIND_WORDS, *records.KINDS, records.UP, records.DEAD, records.END}
    assert {code for code in codes if f"`{code}`" not in GLOSSARY} == set()


def test_a_kind_of_outage_means_the_same_in_the_readme_as_in_the_glossary() -> None:
    glossary = " ".join(GLOSSARY.partition("- **kind of an outage**: ")[2].partition("- **")[0].split())
    for kind in KIND_WORDS:
        said = re.search(rf"`{kind}` \(((?:[^()]|\([^()]*\))+)\)", glossary)
        assert said is not None, kind
        assert f"| `{kind}` | {said[1]}" in text("README.md"), kind


def test_the_kinds_mean_what_the_code_makes_of_them() -> None:
    for severity, down, up, kind in (
        (0.5, {"bgp": 0.5, "traffic": 0.5}, [], "blackout"), (0.9, {"bgp": 0.1}, ["traffic"], "partial"),
        (0.49, {"bgp": 0.5}, [], "partial"), (0.7, {"traffic": 0.3}, ["bgp"], "stealth"),
        (0.69, {"traffic": 0.3}, ["bgp"], "partial"), (0.7, {"bgp": 0.91, "traffic": 0.3}, [], "stealth"),
        (0.9, {"bgp": 0.97}, ["traffic"], "partial"),
        (0.7, {"bgp": 0.9, "traffic": 0.3}, [], "blackout"), (0.5, {"traffic": 0.5}, [], "unknown"),
    ):  # fmt: skip
        assert kind_of_outage(down, up, severity, []) == kind, (severity, kind)
    for said in (
        "| `blackout` | at least half is lost: the routes (BGP) fall, and no other kind of signal stands",
        "| `stealth` | at least 70 % is lost",
        "| `partial` | less than half is lost, or less than 70 % while the routes stand, or the routes fall while",
        "| `unknown` | at least half is lost, and nothing says whether the routes stand",
    ):
        assert said in text("README.md")


def test_no_word_is_explained_twice() -> None:
    found = entries()
    assert {word for word in found if found.count(word) > 1} == set()


def test_every_metric_is_explained_in_the_words_of_its_help() -> None:
    lines = dict(re.findall(r"^\| `(netvigil_\w+)` \| (.*) \|$", GLOSSARY, re.MULTILINE))
    assert set(lines) <= sample_names() | {family.name for family in FAMILIES.values()}
    for family in FAMILIES.values():
        assert family.text in (lines.get(family.name), lines.get(f"{family.name}_total")), family.name


def test_every_alert_has_its_heading_in_the_runbook_and_no_heading_is_without_one() -> None:
    headings = re.findall(r"^## (\w+)$", text("dashboards/runbook.md"), re.MULTILINE)
    assert sorted(headings) == sorted({alert.name for alert in ALERTS})


def test_every_topic_says_what_is_in_it() -> None:
    for topic in topics.every(FEEDS):
        assert topic.value, topic.name
        assert topic.key, topic.name


PAPERS = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "GLOSSARY.md", "dashboards/runbook.md")


def test_every_topic_that_the_papers_name_exists() -> None:
    named = {name for paper in PAPERS for name in re.findall(r"`(netvigil(?:\.[a-z]+)+)`", text(paper))}
    assert named <= {topic.name for topic in topics.every(FEEDS)}


def test_every_command_that_the_papers_name_exists() -> None:
    from typer.main import get_command

    from pipeline.cli.arguments import app

    named = {name for paper in PAPERS for name in re.findall(r"`netvigil ([a-z]+)", text(paper))}
    assert named <= set(get_command(app).commands)  # type: ignore[attr-defined]


def test_every_service_that_the_papers_name_exists() -> None:
    services = yaml.safe_load(text("docker-compose.yml"))["services"]
    said = " ".join(text(paper) for paper in PAPERS)
    assert set(re.findall(r"docker compose (?:logs|up -d|restart)(?: -f)? ([a-z]+)", said)) <= set(services)
