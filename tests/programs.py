"""Programs of the system that real-component tests use."""

import os
import shutil

import pytest

PACKAGES = {"promtool": "prometheus", "amtool": "prometheus-alertmanager"}


def program(name: str) -> str:
    """Where a program is; a test that needs it skips where it is missing, never in CI."""
    found = shutil.which(name)
    if found is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(
            f"{name} is not installed: apt-get install {PACKAGES.get(name, name)}"
        )
    return found
