"""Files of an archive through a local server that fails in every way that real ones were seen to."""

import asyncio
import gzip
import hashlib
import random

import pytest

from pipeline.feeds.live.base import Clock, FeedError
from pipeline.feeds.live.download import Downloads, MissingError
from tests.lookalikes.archive import ArchiveServer

pytestmark = pytest.mark.sockets

NAME = "bview.gz"
BODY = gzip.compress(random.Random(1).randbytes(1_000_000))
HALF = len(BODY) // 2


def fetched(server: ArchiveServer, folder, until=0.0, **named):
    """The file, fetched with a clock that runs 10,000 times as fast."""

    async def story():
        async with server.running() as url:
            downloads = Downloads(folder, Clock(start=0.0, speed=10_000.0), **named)
            return await downloads.fetch(f"{url}/{NAME}", NAME, until)

    return asyncio.run(story())


@pytest.mark.parametrize(
    ("faults", "ranges"),
    [
        ([], [""]),
        (["half"], ["", f"bytes={HALF}-"]),
        (["stall"], ["", f"bytes={HALF}-"]),
        (["half", "reset", 503, 429, 500], ["", *[f"bytes={HALF}-"] * 5]),
        (["half", "half"], ["", f"bytes={HALF}-", f"bytes={HALF + (len(BODY) - HALF) // 2}-"]),
        (["cut"], ["", ""]),
        (["page"], ["", ""]),
        (["reset", 404, 404], ["", "", "", ""]),
    ],
)
def test_a_file_comes_whole_whatever_happens_on_the_way(tmp_path, faults, ranges):
    server = ArchiveServer({NAME: BODY}, {NAME: list(faults)})
    done = []
    path = fetched(server, tmp_path, until=2400.0, stall=0.5, progress=lambda *said: done.append(said))
    assert path.read_bytes() == BODY
    assert server.asked == [(NAME, wanted) for wanted in ranges]
    assert done[-1] == (NAME, len(BODY), len(BODY))
    assert (tmp_path / f"{NAME}.sha256").read_text() == f"{hashlib.sha256(BODY).hexdigest()}  {NAME}\n"
    assert sorted(file.name for file in tmp_path.iterdir()) == [NAME, f"{NAME}.sha256"]


def test_a_file_that_is_there_is_not_asked_for_again_unless_it_has_changed(tmp_path):
    server = ArchiveServer({NAME: BODY})
    for _ in range(2):
        fetched(server, tmp_path)
    assert len(server.asked) == 1
    (tmp_path / NAME).write_bytes(BODY[:HALF])
    assert fetched(server, tmp_path).read_bytes() == BODY
    assert len(server.asked) == 2


@pytest.mark.parametrize(("headers", "goes_on"), [({"ETag": '"1"'}, True), ({"ETag": 'W/"1"'}, False), ({}, False)])
def test_a_killed_download_goes_on_where_it_was_if_it_is_sure_to_be_the_same_file(tmp_path, headers, goes_on):
    class KilledError(BaseException):
        pass

    def kill(_name, done, _total):
        if done > HALF:
            raise KilledError

    server = ArchiveServer({NAME: BODY}, headers=headers)
    with pytest.raises(KilledError):
        fetched(server, tmp_path, progress=kill)
    assert HALF < (tmp_path / f"{NAME}.part").stat().st_size < len(BODY)
    assert fetched(server, tmp_path).read_bytes() == BODY
    assert bool(server.asked[1][1]) == goes_on


def test_a_file_that_changed_meanwhile_begins_anew(tmp_path):
    server = ArchiveServer({NAME: BODY}, {NAME: ["half", *["reset"] * 99]}, headers={"ETag": '"1"'})
    with pytest.raises(FeedError):
        fetched(server, tmp_path)
    newer = ArchiveServer({NAME: gzip.compress(b"newer" * 9999)}, headers={"ETag": '"2"'})
    assert gzip.decompress(fetched(newer, tmp_path).read_bytes()) == b"newer" * 9999


def test_damage_in_the_archive_itself_is_kept_for_the_reader_to_tell(tmp_path):
    server = ArchiveServer({NAME: BODY[:-9]})
    assert fetched(server, tmp_path).read_bytes() == BODY[:-9]
    assert len(server.asked) == 2


@pytest.mark.parametrize(
    ("faults", "named", "words"),
    [
        ([404] * 99, {}, f"127.0.0.1 has no {NAME}"),
        ([403], {}, f"127.0.0.1 answers 403 for {NAME}"),
        ([503] * 99, {}, f"127.0.0.1 answers 503 for {NAME}"),
        (["page"] * 99, {}, f"127.0.0.1 does not give {NAME} whole: it is not gzip"),
        ([], {"largest": 10_000}, f"{NAME} has {len(BODY):,} bytes, more than 10,000"),
    ],
)
def test_what_cannot_be_had_is_said_in_a_sentence(tmp_path, faults, named, words):
    server = ArchiveServer({NAME: BODY}, {NAME: faults})
    with pytest.raises(FeedError) as error:
        fetched(server, tmp_path, **named)
    assert str(error.value) == words
    assert isinstance(error.value, MissingError) == (faults[:1] == [404])


def test_a_host_that_refuses_the_connection_is_named(tmp_path):
    downloads = Downloads(tmp_path, Clock(speed=10_000.0))
    with pytest.raises(FeedError, match=r"127\.0\.0\.1 does not give bview\.gz: Connection refused"):
        asyncio.run(downloads.fetch(f"http://127.0.0.1:9/{NAME}", NAME))


def test_files_of_one_host_are_fetched_one_at_a_time_with_pauses(tmp_path):
    server = ArchiveServer({f"{i}.gz": BODY for i in range(3)})
    clock = Clock(start=0.0, speed=100.0)

    async def story():
        async with server.running() as url:
            downloads = Downloads(tmp_path, clock, pause=2.0)
            await asyncio.gather(*(downloads.fetch(f"{url}/{i}.gz", f"{i}.gz") for i in range(3)))

    asyncio.run(story())
    assert clock.now() >= 6.0
