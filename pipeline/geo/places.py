"""Which country an address belongs to: a replaceable table of address ranges, searched in bulk."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from string import ascii_uppercase
from typing import NamedTuple

import numpy as np

from pipeline.errors import UserError
from pipeline.files import written
from pipeline.state import pack, unpack

REFRESH = "netvigil places"  # the command that makes the table

CODES = ("", *(a + b for a in ascii_uppercase for b in ascii_uppercase))
"""'' (unknown) and every possible code of ISO 3166-1: a country's number in saved state stays when the table is new."""

_NUMBER = {code: i for i, code in enumerate(CODES)}


class Range(NamedTuple):
    """Addresses ``start`` to ``end``, both included, of a family (4: 32 bits; 6: the first 64 bits) and country."""

    family: int
    start: int
    end: int
    country: str


@dataclass(frozen=True)
class Places:
    """Address ranges and their countries.

    start4, end4 ``(n,) uint64`` first and last address of each range, in order; country4 ``(n,) uint16`` index into
    `CODES`; start6, end6, country6 the same for the first 64 bits of IPv6 addresses.

    Examples
    --------
    >>> places = Places.of([("10.0.0.0/9", "PK"), ("10.128.0.0/9", "IQ"), ("2001:db8::/32", "PK")])
    >>> [CODES[places.slots4()[i]] for i in (0x0A0000, 0x0AFFFF, 0x0B0000)]
    ['PK', 'IQ', '']
    >>> [CODES[i] for i in places.find6(np.array([0x20010DB8 << 32, 0], np.uint64))]
    ['PK', '']
    """

    start4: np.ndarray
    end4: np.ndarray
    country4: np.ndarray
    start6: np.ndarray
    end6: np.ndarray
    country6: np.ndarray

    @classmethod
    def from_ranges(cls, ranges: Iterable[Range]) -> "Places":
        """A table of these ranges; where two overlap, the earlier one ends where the later one starts."""
        ranges = list(ranges)
        columns: list[np.ndarray] = []
        for family in (4, 6):
            part = sorted((r.start, r.end, _NUMBER[r.country]) for r in ranges if r.family == family)
            table = np.array(part, np.uint64).reshape(-1, 3)
            columns += [table[:, 0].copy(), table[:, 1].copy(), table[:, 2].astype(np.uint16)]
        return cls(*columns)

    @classmethod
    def of(cls, prefixes: Iterable[tuple[str, str]]) -> "Places":
        """A small table from written prefixes and countries, for tests and examples."""
        ranges = []
        for text, country in prefixes:
            net = ip_network(text)
            shift = 0 if net.version == 4 else 64
            first, last = int(net.network_address) >> shift, int(net.broadcast_address) >> shift
            ranges.append(Range(net.version, first, last, country))
        return cls.from_ranges(ranges)

    def __len__(self) -> int:
        return len(self.start4) + len(self.start6)

    def find6(self, hi: np.ndarray) -> np.ndarray:
        """Country of each IPv6 address by its first 64 bits ``(n,) uint64``, as index into `CODES` ``(n,) uint16``."""
        if not len(self.start6):
            return np.zeros(len(hi), np.uint16)
        at = np.searchsorted(self.start6, hi, side="right") - 1
        inside = (at >= 0) & (hi <= self.end6[at])
        return np.where(inside, self.country6[at], np.uint16(0))

    def of_prefix(self, prefix: str) -> str:
        """Country of the first address of a written prefix, '' where it is not known, or no prefix.

        Examples
        --------
        >>> places = Places.of([("10.0.0.0/9", "PK"), ("2001:db8::/32", "IQ")])
        >>> places.of_prefix("10.1.0.0/16"), places.of_prefix("2001:db8:1::/48"), places.of_prefix("11.0.0.0/8")
        ('PK', 'IQ', '')
        """
        try:
            net = ip_network(prefix)
        except ValueError:
            return ""
        shift = 0 if net.version == 4 else 64
        start, end, country = self._columns(net.version)
        address = np.uint64(int(net.network_address) >> shift)
        at = int(np.searchsorted(end, address))
        return CODES[country[at]] if at < len(end) and start[at] <= address else ""

    def _columns(self, version: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        if version == 4:
            return self.start4, self.end4, self.country4
        return self.start6, self.end6, self.country6

    def of_countries(self, codes: Iterable[str]) -> "Places":
        """The ranges of these countries alone."""
        wanted = [_NUMBER[code] for code in codes]
        in4, in6 = np.isin(self.country4, wanted), np.isin(self.country6, wanted)
        return Places(
            self.start4[in4], self.end4[in4], self.country4[in4], self.start6[in6], self.end6[in6], self.country6[in6]
        )

    def overlap(self, family: np.ndarray, hi: np.ndarray, length: np.ndarray) -> np.ndarray:
        """Whether a prefix shares an address with any range ``(n,) bool``: it lies in one, or covers one.

        ``family`` 4 or 6; ``hi`` ``(n,) uint64`` the address, left-aligned; ``length`` of the mask [bits].

        Examples
        --------
        >>> places = Places.of([("10.2.0.0/16", "PK"), ("10.3.0.0/16", "IQ")]).of_countries(["PK"])
        >>> hi = np.array([0x0A020100, 0x0A000000, 0x0A030000], np.uint64) << np.uint64(32)
        >>> places.overlap(np.array([4, 4, 4]), hi, np.array([24, 8, 16])).tolist()
        [True, True, False]
        """
        last = hi | np.where(
            length < 64, np.uint64(2**64 - 1) >> np.minimum(length, 63).astype(np.uint64), np.uint64(0)
        )
        found = np.zeros(len(hi), bool)
        for number, shift, start, end in ((4, 32, self.start4, self.end4), (6, 0, self.start6, self.end6)):
            rows = np.flatnonzero(family == number)
            at = np.searchsorted(end, hi[rows] >> np.uint64(shift))
            begins = np.append(start, np.uint64(2**64 - 1))[at]
            found[rows] = (at < len(end)) & (begins <= last[rows] >> np.uint64(shift))
        return found

    def slots4(self) -> np.ndarray:
        """Country of the first address of every /24 of IPv4, as index into `CODES` ``(2**24,) uint16``."""
        most = np.uint64(2**24)
        first = (self.start4 + np.uint64(255)) >> np.uint64(8)
        after = np.minimum((self.end4 >> np.uint64(8)) + np.uint64(1), np.append(first[1:], most))
        edges = np.stack((first, np.maximum(after, first)), axis=1).ravel().astype(np.int64)
        countries = np.stack((self.country4, np.zeros_like(self.country4)), axis=1).ravel()
        return np.repeat(np.append(np.uint16(0), countries), np.diff(edges, prepend=0, append=2**24))

    def dump(self) -> bytes:
        return pack("countries", {name: getattr(self, name) for name in _COLUMNS})

    @classmethod
    def load(cls, path: Path | None = None, environment: Mapping[str, str] = os.environ) -> "Places":
        """The table at ``path``, else the cached one; UserError that names the command where there is none."""
        path = cache(environment) if path is None else path
        try:
            _, columns = unpack(path.read_bytes())
            return cls(*(columns[name] for name in _COLUMNS))
        except FileNotFoundError:
            raise UserError(f"no table of countries at {path}: make it with `{REFRESH}`") from None
        except (KeyError, ValueError, TypeError, EOFError, OSError) as error:
            raise UserError(f"{path} is no table of countries ({error}): make it anew with `{REFRESH}`") from None


_COLUMNS = ("start4", "end4", "country4", "start6", "end6", "country6")


def cache(environment: Mapping[str, str] = os.environ) -> Path:
    """Where the table is kept."""
    home = environment.get("XDG_CACHE_HOME") or Path(environment.get("HOME", "~")).expanduser() / ".cache"
    return Path(home) / "netvigil" / "places"


def save(places: Places, path: Path) -> None:
    """Write the table, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with written(path) as file:
        file.write(places.dump())
