"""The table of countries: found in bulk, kept, refused with a sentence."""

import numpy as np
import pytest

from pipeline.errors import UserError
from pipeline.geo.places import CODES, Places, Range, cache, save

PLACES = Places.of([("39.32.0.0/11", "PK"), ("5.0.0.0/24", "IQ"), ("2400:4f80::/32", "PK")])


def at4(places: Places, *addresses: int) -> list[str]:
    return [CODES[i] for i in places.find4(np.array(addresses, np.uint64))]


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
    assert at4(PLACES, 0x271FFFFF, 0x27200000, 0x273FFFFF, 0x27400000, 0, 2**32 - 1) == ["", "PK", "PK", "", "", ""]
    six = PLACES.find6(np.array([0x24004F80FFFFFFFF, 0x24004F8100000000], np.uint64))
    assert [CODES[i] for i in six] == ["PK", ""]


def test_slots_agree_with_looking_up_their_first_addresses():
    rng = np.random.default_rng(7)
    starts = np.sort(rng.choice(2**32, 400, replace=False)).tolist()
    ends = [min(start + int(rng.integers(0, 2**22)), 2**32 - 1) for start in starts]
    places = Places.from_ranges(Range(4, a, b, ("AA", "BB", "CC")[a % 3]) for a, b in zip(starts, ends, strict=True))
    slots = places.slots4()
    looked = rng.integers(0, 2**24, 50_000).astype(np.uint64)
    assert len(slots) == 2**24
    assert np.array_equal(slots[looked], places.find4(looked << np.uint64(8)))


def test_an_empty_table_knows_no_country():
    places = Places.from_ranges([])
    assert len(places) == 0
    assert at4(places, 1) == [""]
    assert not places.slots4().any()
