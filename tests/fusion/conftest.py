"""What tests of fusion share."""

import numpy as np
import pytest

from pipeline.fusion import weighing


@pytest.fixture
def one_kind_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """One kind of signals confirms, though another stands: where a test is not of that, see tests/traps/test_alone."""
    monkeypatch.setattr(weighing, "alone", lambda cells, rows, terms, now, joins: np.zeros(len(rows), bool))
