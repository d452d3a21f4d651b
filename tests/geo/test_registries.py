"""What stands in two registries agrees."""

import ast
import re
import tomllib
from functools import partial

from dashboards import panels
from pipeline import topics
from pipeline.feeds import FEEDS
from pipeline.kinds import KINDS
from pipeline.signals import SIGNALS, visibility
from pipeline.signals.binning import Binner
from tests.house.tree import modules, text

CONTRACTS = {c["name"]: c for c in tomllib.loads(text("pyproject.toml"))["tool"]["importlinter"]["contracts"]}


def test_every_feed_has_a_binner() -> None:
    assert SIGNALS.keys() == FEEDS.keys()


def test_a_feed_of_bgp_names_the_signals_that_its_binner_makes_and_is_shared_out_by_address() -> None:
    counted = {name: made for name, made in SIGNALS.items() if isinstance(made, partial) and made.func is visibility}
    assert {name: made.args[0] for name, made in counted.items()} == {name: FEEDS[name].signals for name in counted}
    assert counted.keys() <= topics.BGP_FEEDS
    assert not (FEEDS.keys() - counted.keys()) & topics.BGP_FEEDS


def test_every_kind_of_signal_has_words_a_colour_and_a_place_in_the_glossary() -> None:
    kinds = set(KINDS)
    assert kinds == panels.KINDS.keys()
    (entry,) = re.findall(r"- \*\*kind of a signal\*\*: (.*?)\n- \*\*", text("GLOSSARY.md"), re.DOTALL)
    assert kinds <= set(re.findall(r"`(\w+)`", entry))


def signals() -> set[str]:
    """Modules of what makes bins: they have a class with the methods of a binner."""
    methods = {name for name in vars(Binner) if not name.startswith("_")}
    return {
        f"pipeline.signals.{path.stem}"
        for path, tree in modules()
        if path.parts[:2] == ("pipeline", "signals") and path.stem != "base"
        for node in tree.body
        if isinstance(node, ast.ClassDef) and methods <= {getattr(line, "name", "") for line in node.body}
    }


def test_import_linter_holds_every_feed_and_every_signal_apart() -> None:
    assert set(CONTRACTS["A feed knows no other feed"]["modules"]) == {f"pipeline.feeds.{name}" for name in FEEDS}
    (layer,) = [
        line
        for line in CONTRACTS["Inside feeds: recordings above feeds, feeds above what they share"]["layers"]
        if "|" in line
    ]
    assert set(layer.split(" | ")) == FEEDS.keys()
    assert set(CONTRACTS["A signal knows no other signal"]["modules"]) == signals()
