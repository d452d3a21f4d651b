"""Letters of before are still read."""

import msgspec

from pipeline.records import DeadLetter


def test_a_letter_of_before_which_named_a_source_is_still_read():
    letter = b'{"run":"r","feed":"table","reason":"bad-row","place":"line 2","detail":"7","source":""}'
    assert msgspec.json.decode(letter, type=DeadLetter) == DeadLetter("r", "table", "bad-row", "line 2", "7")
