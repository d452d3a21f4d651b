"""The house's code: imports, clocks, docstrings, registries."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house.tree import files, modules, text

MAY_KNOW_A_BROKER = {"agents", "brokers", "kafka_replay.py", "commands.py", "__main__.py", "check.py"}
"""In `pipeline`: what may import Kafka; the agents alone Faust."""

WALL_CLOCK = {
    "time.time", "time.time_ns", "time.localtime", "time.gmtime", "time.ctime", "datetime.now", "datetime.utcnow",
    "datetime.today", "date.today", "dt.datetime.now", "dt.datetime.utcnow", "dt.date.today",
}  # fmt: skip
SPELT_BY_OTHERS = {"pipeline/feeds/ris_live.py: Data": "RIS Live calls the inside of its message so"}
TOO_VAGUE = {"data", "handler", "manager", "util", "utils", "process", "info", "new", "old", "misc", "helpers"}


def imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def libraries(tree: ast.AST) -> set[str]:
    return {name.partition(".")[0] for name in imported(tree)}


def called(tree: ast.AST) -> set[str]:
    return {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}


def test_detectors_import_numpy_and_each_other_only() -> None:
    plain = {
        "numpy",
        "detectors",
        "bisect",
        "collections",
        "dataclasses",
        "functools",
        "io",
        "itertools",
        "json",
        "math",
    }
    for path, tree in modules():
        if path.parts[0] == "detectors":
            assert libraries(tree) <= plain | {"typing"}, path


def test_only_agents_import_faust_and_only_brokers_kafka() -> None:
    for path, tree in modules():
        if path.parts[:2] != ("pipeline", "agents"):
            assert not libraries(tree) & {"faust", "mode", "aiokafka"}, path
        if path.parts[0] != "pipeline" or path.parts[1] not in MAY_KNOW_A_BROKER:
            assert "kafka" not in libraries(tree), path


def test_only_metrics_know_prometheus_and_only_publishing_knows_grafana() -> None:
    for path, tree in modules():
        if str(path) not in ("pipeline/serve/metrics.py", "pipeline/serve/openmetrics.py") and path.parts[:2] != (
            "pipeline",
            "agents",
        ):
            assert "prometheus_client" not in libraries(tree), path
        if str(path) != "dashboards/publish.py":
            assert "grafana_api" not in libraries(tree), path


def test_nothing_below_the_agents_reads_a_wall_clock() -> None:
    for path, tree in modules():
        if path.parts[:2] != ("pipeline", "agents"):
            assert not called(tree) & WALL_CLOCK, path
            assert 'datetime64("now")' not in text(path), path


def test_chance_is_always_seeded() -> None:
    for path, tree in modules():
        assert "random" not in libraries(tree), path
        unseeded = [
            node for node in ast.walk(tree)
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("default_rng") and not node.args
        ]  # fmt: skip
        assert not unseeded, path


def test_nothing_is_imported_by_its_name_in_a_string() -> None:
    for path, tree in modules():
        assert "importlib" not in set(imported(tree)), path
        assert not called(tree) & {"__import__", "eval", "exec", "importlib.import_module"}, path


@pytest.mark.parametrize(
    ("module", "name"),
    [("pipeline/feeds/__init__.py", "FEEDS"), ("pipeline/signals/__init__.py", "SIGNALS"),
     ("detectors/__init__.py", "REGISTRY")],
)  # fmt: skip
def test_a_registry_is_a_dict_that_is_written_once(module: str, name: str) -> None:
    tree = ast.parse(text(module))
    written = [
        node for node in tree.body
        if isinstance(node, ast.Assign | ast.AnnAssign) and name in ast.unparse(node).partition("=")[0]
    ]  # fmt: skip
    assert len(written) == 1
    assert isinstance(written[0].value, ast.Dict | ast.DictComp)
    for path in files(".py"):
        assert not re.search(rf"\b{name}(?:\[[^\]]+\] *=[^=]|\.(?:update|setdefault)\()", text(path)), path


def public(tree: ast.Module | ast.ClassDef) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef):
                yield from public(node)


def test_everything_public_says_what_it_is() -> None:
    silent = [f"{path}:{node.lineno} {node.name}" for path, tree in modules() for node in public(tree)
              if ast.get_docstring(node) is None and not overrides(node)]  # fmt: skip
    assert not silent


def overrides(node: ast.AST) -> bool:
    """A method that somebody else explains: the library that calls it by its name, or the protocol it is a line of."""
    if not isinstance(node, ast.FunctionDef):
        return False
    return re.fullmatch(r"do_[A-Z]+|log_message", node.name) is not None or ast.unparse(node.body[-1]) == "..."


def test_every_module_says_what_it_is() -> None:
    silent = [str(path) for path, tree in modules() if tree.body and ast.get_docstring(tree) is None]
    assert not silent


def test_no_module_or_class_has_a_name_that_says_nothing() -> None:
    for path, tree in modules():
        assert path.stem not in TOO_VAGUE
        for node in public(tree):
            theirs = isinstance(node, ast.ClassDef) and any("Handler" in ast.unparse(base) for base in node.bases)
            if isinstance(node, ast.ClassDef) and not theirs and f"{path}: {node.name}" not in SPELT_BY_OTHERS:
                assert re.findall(r"[A-Z]?[a-z0-9]+", node.name)[-1].lower() not in TOO_VAGUE, f"{path}: {node.name}"


def test_the_names_of_tests_are_sentences() -> None:
    for path in files(".py"):
        if path.parts[0] == "tests":
            for name in re.findall(r"^def test_(\w+)", text(path), re.MULTILINE):
                assert "_" in name, f"{path}: test_{name}"


def settings() -> Iterator[tuple[Path, str, str | None]]:
    """Every setting, and the text below it; a field that holds settings of its own (`Judging`) is none."""
    found = [(path, tree) for path, tree in modules() if path.parts[:2] == ("pipeline", "settings")]
    tables = [(path, node) for path, tree in found for node in tree.body if isinstance(node, ast.ClassDef)]
    own = {table.name for _, table in tables}
    for path, table in tables:
        for field, below in zip(table.body, [*table.body[1:], None], strict=True):
            if isinstance(field, ast.AnnAssign) and ast.unparse(field.annotation) not in own:
                yield path, ast.unparse(field.target), docstring(below)


def docstring(node: ast.AST | None) -> str | None:
    said = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return str(node.value.value) if said else None  # type: ignore[union-attr, attr-defined]


def test_every_setting_says_its_unit_or_reason() -> None:
    found = list(settings())
    assert len(found) > 50
    assert not [f"{path}: {name}" for path, name, said in found if not said or len(said) < 20]
