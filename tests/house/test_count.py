"""What the bounds of the model are held against is counted."""

import ast
from dataclasses import dataclass, field

from tests.house.count import constants, deciding, parameters


@dataclass(frozen=True)
class Numbers:
    one: float = 1.0
    two: tuple[float, ...] = (1.0, 2.0)
    keyed: dict[str, float] = field(default_factory=lambda: {"bgp": 1.0})
    name: str = "x"
    flag: bool = True


def test_constants_and_parameters_are_counted_one_by_one() -> None:
    source = "A = 1\nB, C = 2, 3.5\nNAME = 'x'\nlow = 4\nD: float = -1.0\nE: int\nF = A\n"
    assert list(constants(ast.parse(source))) == ["A", "B", "C", "D"]
    assert list(parameters(Numbers)) == ["one", "two", "two", "keyed"]


def test_only_modules_that_decide_are_counted() -> None:
    names = {str(path) for path in deciding()}
    assert "pipeline/fusion/__init__.py" in names
    assert not [name for name in names if name.startswith(("tests/", "pipeline/replay/", "detectors/field/"))]
