"""What every test may use."""

import os
from pathlib import Path

import pytest

DATA = Path(os.environ.get("NETVIGIL_DATA", Path(__file__).parents[2] / "shared" / "data"))


@pytest.fixture(scope="session")
def data() -> Path:
    """The real feeds and labelled outages; a test that needs them skips where they are absent, never in CI."""
    if not DATA.is_dir():
        if os.environ.get("CI"):
            pytest.fail(f"no recorded feeds at {DATA}, and in CI nothing may skip")
        pytest.skip(f"no recorded feeds at {DATA}: set NETVIGIL_DATA")
    return DATA
