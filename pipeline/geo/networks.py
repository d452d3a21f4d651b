"""Names of networks, and which of them are mobile: a small table with a source for each line.

``python -m pipeline.geo.networks`` (`make networks`) writes the largest networks of each of its countries anew, from
the addresses in two packages of npm; other lines stay as they are.  Addresses and names of these packages are from
RouteViews, the registries (nro.net) and DB-IP.com, CC BY 4.0.
"""

import csv
import re
import tarfile
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.resources import files
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from textwrap import shorten
from typing import NamedTuple

from pipeline.geo.registries import npm_pack
from pipeline.records import Entity

TABLE = Path(__file__).with_name("networks.csv")
PACKAGES = ("@ip-location-db/asn", "@ip-location-db/asn-country")
LARGEST = 8  # networks of a country, by their addresses of IPv4 [-]


class Line(NamedTuple):
    """A line of the table; ``mobile`` is "true" where phones are most of what is connected."""

    asn: str
    country: str
    name: str
    mobile: str
    source: str


@cache
def lines() -> tuple[Line, ...]:
    """The table."""
    text = files("pipeline.geo").joinpath(TABLE.name).read_text("utf-8")
    return tuple(Line(**row) for row in csv.DictReader(StringIO(text)))


def networks(countries: Iterable[str] = ()) -> tuple[Entity, ...]:
    """The networks of these countries, of all where none is given.

    Examples
    --------
    >>> [(one.title, one.mobile) for one in networks(["PK"]) if one.name in ("AS59257", "AS9541")]
    [('Zong', True), ('Cyber Internet Services', False)]
    """
    wanted = set(countries)
    return tuple(
        Entity("asn", f"AS{line.asn}", line.country, line.mobile == "true", line.name)
        for line in lines()
        if not wanted or line.country in wanted
    )


def largest(asns: Iterable[list[str]], places: Iterable[list[str]], countries: Iterable[str]) -> Iterator[Line]:
    """The largest networks of each country.

    ``asns``: rows of first and last address as numbers, AS and name; ``places``: of first and last address and country,
    in order.

    Examples
    --------
    >>> asns = [["0", "255", "64496", "One (Pvt) Ltd."], ["256", "1023", "64497", "Two Limited"]]
    >>> [(line.asn, line.name) for line in largest(asns, [["0", "511", "PK"], ["512", "1023", "IQ"]], ["PK"])]
    [('64496', 'One'), ('64497', 'Two')]
    """
    wanted, names, sizes = set(countries), dict[str, str](), Counter[tuple[str, str]]()
    ranges = [(int(first), int(last), country) for first, last, country in places]
    starts = [first for first, _, _ in ranges]
    for first, last, asn, name in asns:
        at = max(0, bisect_right(starts, int(first)) - 1)
        while at < len(ranges) and ranges[at][0] <= int(last):
            begin, end, country = ranges[at]
            if country in wanted:
                names[asn] = name
                sizes[country, asn] += max(0, min(end, int(last)) - max(begin, int(first)) + 1)
            at += 1
    for country in sorted(wanted):
        ranked = sorted(((-size, int(asn)) for (of, asn), size in sizes.items() if of == country))
        for _, number in ranked[:LARGEST]:
            yield Line(str(number), country, _short(names[str(number)]), "false", PACKAGES[0])


LEGAL = re.compile(r"[, ]+(\( ?(pvt|private) ?\)|ltd|limited|llc|plc|pjsc|c\.a|co|lda)(?![a-z])\.?", re.I)


def _short(name: str) -> str:
    """A name without what it is by law."""
    return shorten(LEGAL.sub("", name.strip('" ')).strip(" ,."), 40, placeholder=" …")


def _rows(folder: Path, package: str) -> Iterator[list[str]]:
    with tarfile.open(npm_pack(package, folder)) as archive:
        kind = package.rpartition("/")[2]
        part = archive.extractfile(f"package/{kind}-ipv4-num.csv")
        assert part is not None
        yield from csv.reader(part.read().decode("utf-8").splitlines())


def write() -> None:
    """Write the table anew; lines with another source than these packages stay."""
    own = [line for line in lines() if not line.source.startswith(PACKAGES[0])]
    kept = {(line.country, line.asn) for line in own}
    with TemporaryDirectory(prefix="netvigil-networks-") as folder:
        asns, places = (_rows(Path(folder), package) for package in PACKAGES)
        found = list(largest(asns, places, {line.country for line in lines()}))
    new = [line for line in found if (line.country, line.asn) not in kept]
    with TABLE.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(Line._fields)
        every: list[Line] = sorted([*own, *new], key=_order)
        writer.writerows(every)


def _order(line: Line) -> tuple[str, bool, int]:
    return line.country, line.mobile != "true", int(line.asn)


if __name__ == "__main__":
    write()
