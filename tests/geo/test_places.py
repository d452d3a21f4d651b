"""The table of countries: found in bulk, kept, refused with a sentence."""

from itertools import pairwise

import numpy as np
import pytest

from pipeline.errors import UserError
from pipeline.feeds.bgp import pack_prefix
from pipeline.geo.places import CODES, Places, Range, cache, save

PLACES = Places.of([("39.32.0.0/11", "PK"), ("5.0.0.0/24", "IQ"), ("2400:4f80::/32", "PK")])


def at4(places: Places, *addresses: int) -> list[str]:
    """Countries of /24s."""
    slots = places.slots4()
    return [CODES[slots[address >> 8]] for address in addresses]


def test_a_missing_table_names_the_command_that_makes_it(tmp_path):
    with pytest.raises(UserError, match="netvigil places"):
        Places.load(tmp_path / "places")
    (tmp_path / "places").write_bytes(b"\x04\0\0\0head and then nothing")
    with pytest.raises(UserError, match="netvigil places"):
        Places.load(tmp_path / "places")


def test_a_table_comes_back_from_its_cache_as_it_was(tmp_path):
    environment = {"XDG_CACHE_HOME": str(tmp_path)}
    save(PLACES, cache(environment))
    again = Places.load(environment=environment)
    assert len(again) == 3
    assert again.dump() == PLACES.dump()


def test_an_address_on_the_edge_of_a_range_is_in_it_and_its_neighbour_is_not():
    assert at4(PLACES, 0x271FFF00, 0x27200000, 0x273FFF00, 0x27400000, 0, 2**32 - 1) == ["", "PK", "PK", "", "", ""]
    six = PLACES.find6(np.array([0x24004F80FFFFFFFF, 0x24004F8100000000], np.uint64))
    assert [CODES[i] for i in six] == ["PK", ""]


def test_every_slot_has_the_country_of_the_range_that_holds_its_first_address():
    rng = np.random.default_rng(7)
    starts = np.sort(rng.choice(2**32, 400, replace=False)).tolist()
    ends = [min(start + int(rng.integers(0, 2**22)), after - 1) for start, after in pairwise([*starts, 2**32])]
    ranges = [Range(4, a, b, ("AA", "BB", "CC")[a % 3]) for a, b in zip(starts, ends, strict=True)]
    slots = Places.from_ranges(ranges).slots4()
    assert len(slots) == 2**24
    for slot in rng.integers(0, 2**24, 2000).tolist():
        assert CODES[slots[slot]] == next((r.country for r in ranges if r.start <= slot << 8 <= r.end), "")


def test_an_empty_table_knows_no_country():
    places = Places.from_ranges([])
    assert len(places) == 0
    assert at4(places, 1) == [""]
    assert not places.slots4().any()


@pytest.mark.parametrize(
    ("prefix", "shares"),
    [
        ("39.32.0.0/11", True), ("39.63.255.0/24", True), ("39.0.0.0/8", True), ("0.0.0.0/0", True),
        ("39.64.0.0/11", False), ("39.0.0.0/11", False), ("5.0.0.0/24", False), ("::/0", True),
        ("2400:4f80:1::/48", True), ("2400:4f81::/32", False), ("2400:4f80::1/128", True), ("2400:4f00::/24", True),
    ],
)  # fmt: skip
def test_a_prefix_overlaps_what_it_lies_in_or_covers(prefix, shares):
    packed = pack_prefix(prefix)
    hi = np.array([int.from_bytes(packed[2:10])], np.uint64)
    found = PLACES.of_countries(["PK"]).overlap(np.array([packed[0]]), hi, np.array([packed[1]]))
    assert found.tolist() == [shares]
