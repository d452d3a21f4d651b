"""The table of countries: read from what registries publish, found in bulk, refused with a sentence."""

import gzip
import io
import tarfile

import numpy as np
import pytest

from pipeline.errors import UserError
from pipeline.geo.places import CODES, Places, Range, cache, save
from pipeline.geo.registries import REGISTRIES, from_files, from_registries, read_table

DELEGATED = """2|apnic|20240208|4|19830613|20240207|+1000
apnic|*|ipv4|*|3|summary
apnic|PK|ipv4|39.32.0.0|2097152|20101229|allocated|A91E4E5E
apnic|PK|ipv4|119.63.128.0|4096|20080305|allocated|A9
apnic|AP|ipv4|203.0.0.0|256|20080305|allocated|A9
apnic||ipv4|203.0.1.0|256||available|
apnic|PK|asn|59257|1|20130101|allocated|A9
apnic|PK|ipv6|2400:4f80::|32|20080305|allocated|A9
"""
RANGES = "39.32.0.0,39.63.255.255,PK\n5.0.0.0,5.0.0.255,IQ\n2400:4f80::,2400:4f80:ffff:ffff:ffff:ffff:ffff:ffff,PK\n"


def at4(places: Places, *addresses: int) -> list[str]:
    return [CODES[i] for i in places.find4(np.array(addresses, np.uint64))]


def archive(members: dict[str, str]) -> bytes:
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w:gz") as tar:
        for name, text in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text)
            tar.addfile(entry, io.BytesIO(text.encode()))
    return sink.getvalue()


def test_a_registrys_file_gives_what_it_delegated_to_countries():
    ranges = read_table("delegated-apnic", DELEGATED.encode())
    assert ranges == [
        Range(4, 0x27200000, 0x273FFFFF, "PK"),
        Range(4, 0x773F8000, 0x773F8FFF, "PK"),
        Range(6, 0x24004F8000000000, 0x24004F80FFFFFFFF, "PK"),
    ]


def test_a_table_of_ranges_reads_plain_packed_or_in_an_archive():
    plain = read_table("a.csv", RANGES.encode())
    assert len(plain) == 3
    assert read_table("a.csv.gz", gzip.compress(RANGES.encode())) == plain
    assert read_table("a.tgz", archive({"package/a-ipv4.csv": RANGES, "package/a-num.csv": "1,2,US"})) == plain


def test_numbers_and_written_addresses_are_the_same():
    numbers = "656408576,658505727,PK\n47852000000000000000000000000000000000,47852000000000000000000000000000000001,PK"
    four, six = read_table("a", numbers.encode())
    assert four == Range(4, 0x27200000, 0x273FFFFF, "PK")
    assert six.family == 6


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html>404</html>",
        b"\x1f\x8b damaged",
        b"1.0.0.0,1.0.0.x,AU",
        b"\xff\xfe\x00",
        gzip.compress(b"", mtime=0),
    ],
)
def test_what_is_no_table_is_refused_in_one_sentence(content):
    with pytest.raises(UserError, match="table"):
        read_table("table.csv", content)


def test_a_missing_table_names_the_command_that_makes_it(tmp_path):
    with pytest.raises(UserError, match="netvigil places"):
        Places.load(tmp_path / "places")
    (tmp_path / "places").write_bytes(b"\x04\0\0\0head and then nothing")
    with pytest.raises(UserError, match="netvigil places"):
        Places.load(tmp_path / "places")


def test_a_table_comes_back_from_its_cache_as_it_was(tmp_path):
    places = from_registries(lambda address: DELEGATED.encode())
    environment = {"XDG_CACHE_HOME": str(tmp_path)}
    save(places, cache(environment))
    again = Places.load(environment=environment)
    assert len(again) == 5 * 3
    assert again.dump() == places.dump()


def test_every_registry_is_asked():
    asked = []
    from_registries(lambda address: (asked.append(address), DELEGATED.encode())[1])
    assert asked == list(REGISTRIES.values())
    assert len(asked) == 5


def test_an_address_on_the_edge_of_a_range_is_in_it_and_its_neighbour_is_not(tmp_path):
    (tmp_path / "table.csv").write_text(RANGES)
    places = from_files([tmp_path / "table.csv"])
    assert at4(places, 0x271FFFFF, 0x27200000, 0x273FFFFF, 0x27400000, 0, 2**32 - 1) == ["", "PK", "PK", "", "", ""]
    six = places.find6(np.array([0x24004F80FFFFFFFF, 0x24004F8100000000], np.uint64))
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
