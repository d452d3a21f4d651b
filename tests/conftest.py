"""What every test may use."""

import os
from collections.abc import Iterator
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


@pytest.fixture(scope="session")
def embedded_broker() -> Iterator[str]:
    """``127.0.0.1:port`` of a Tansu broker, in memory."""
    from pipeline.brokers.embedded import embedded

    with embedded() as address:
        yield address


@pytest.fixture(scope="session")
def java() -> None:
    """A test that runs Apache Kafka skips where this machine cannot, never in CI."""
    from pipeline.brokers.apache import missing

    if reason := missing():
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)


@pytest.fixture(scope="session")
def apache_broker(java: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """``127.0.0.1:port`` of Apache Kafka."""
    from pipeline.brokers.apache import apache

    with apache(tmp_path_factory.mktemp("kafka")) as address:
        yield address
