"""Files of the address registries and tables of ranges: read, or refused with a sentence."""

import gzip
import io
import tarfile

import pytest

from pipeline.errors import UserError
from pipeline.geo.places import Range
from pipeline.geo.registries import REGISTRIES, from_registries, read_table

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


def test_every_registry_is_asked():
    asked = []
    from_registries(lambda address: (asked.append(address), DELEGATED.encode())[1])
    assert asked == list(REGISTRIES.values())
    assert len(asked) == 5
