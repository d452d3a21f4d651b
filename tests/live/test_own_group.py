"""Workers that a replay starts take that replay alone, and leave nothing behind; those of others are not doubled."""

import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from pipeline import topics
from pipeline.cli.check import look_at_broker
from pipeline.codec import iso
from pipeline.feeds import FEEDS
from pipeline.kafka.create_topics import create
from pipeline.kafka.embedded import embedded
from pipeline.kafka.groups import OLD, Admin, at_work, known_groups, own_group, partitions
from pipeline.kafka.reader import collect
from pipeline.kafka.security import PLAIN
from pipeline.kafka.transport import opened
from pipeline.signals.binning import Total
from tests.dashboards.servers import until
from tests.replay.runners import Worker

BEGIN = 1707350400
pytestmark = [pytest.mark.sockets, pytest.mark.slow]


@pytest.fixture(params=["embedded", pytest.param("apache", marks=pytest.mark.kafka)])
def either_broker(request: pytest.FixtureRequest) -> Iterator[str]:
    if request.param == "embedded":
        yield request.getfixturevalue("broker")
    else:
        address = request.getfixturevalue("apache_broker")
        create(address, topics.every(FEEDS))
        yield address


@pytest.fixture
def case(tmp_path: Path) -> Path:
    """Three days of a series that falls for some hours."""
    levels = (20 if 300 <= i < 340 else 100 + i % 3 for i in range(3 * 144))
    rows = "".join(f"{iso(BEGIN + 600 * i)},probing.ioda,country,PK,{level}\n" for i, level in enumerate(levels))
    (tmp_path / "signals.csv").write_text("time,signal,entity_type,entity,value\n" + rows)
    (tmp_path / "median.toml").write_text('[judging]\ndetector = "median"\n')
    return tmp_path


def command(case: Path, out: Path, *more: str) -> list[str]:
    return [sys.executable, "-m", "pipeline", "replay", str(case), "--outages", str(out), *more]


def replay(case: Path, out: Path, *more: str) -> "subprocess.Popen[bytes]":
    """From a folder in which nobody may write: only what is asked for is left anywhere."""
    return subprocess.Popen(command(case, out, *more), stdout=subprocess.DEVNULL, cwd="/proc")


def left(broker: str) -> tuple[list[str], list[str]]:
    """Groups that replays had to themselves, and their topics."""
    with closing(opened(Admin, broker, PLAIN)) as admin:
        listed = {group["group_id"] for group in admin.list_groups()} | set(known_groups(admin))
        return sorted(filter(topics.is_own, listed)), sorted(filter(topics.is_own, admin.list_topics()))


def test_two_replays_at_once_have_each_its_own_workers_and_settings(either_broker: str, case: Path) -> None:
    settings = {"seasonal": (), "median": ("--settings", str(case / "median.toml"))}
    through = ("--through", "kafka", "--broker", f"kafka://{either_broker}")
    at_once = [
        replay(case, case / f"{name}-{way}", *more, *own)
        for name, more in settings.items()
        for way, own in (("kafka", through), ("memory", ()))
    ]
    assert [one.wait(200) for one in at_once] == [0] * 4
    for name in settings:
        found = (case / f"{name}-kafka").read_bytes()
        assert found
        assert found == (case / f"{name}-memory").read_bytes()
    assert left(either_broker) == ([], [])


def refusal(case: Path, *more: str) -> str:
    done = subprocess.run(command(case, case / "refused", *more), capture_output=True, text=True)
    assert done.returncode == 2
    return done.stderr


def test_a_replay_is_judged_once(broker: str, case: Path, worker_at: Callable[..., Worker]) -> None:
    through = ("--through", "kafka", "--broker", f"kafka://{broker}")
    assert replay(case, case / "own", *through).wait(100) == 0
    worker = worker_at(broker, "--group", "blue")
    assert replay(case, case / "blue", *through, "--workers", "0").wait(100) == 0
    assert at_work(broker) == {"blue": 1}
    assert "--group 'green': workers of group blue are at work on" in refusal(case, *through, "--group", "green")
    assert "--workers 1: workers of group blue are at work on" in refusal(case, *through, "--workers", "1")
    assert replay(case, case / "found", *through, "--group", "blue").wait(100) == 0
    assert worker.stop() == 0
    assert (case / "own").read_bytes() == (case / "blue").read_bytes() == (case / "found").read_bytes()
    told = [msgspec.json.decode(line, type=Total) for line in collect(broker, topics.TOTALS.name)]
    assert set(Counter((total.run, total.partition) for total in told).values()) == {1}


@pytest.mark.parametrize("tense", ["drill", "live"])
def test_what_would_be_told_to_nobody_is_refused(case: Path, tense: str) -> None:
    with embedded() as broker:
        through = ("--through", "kafka", "--broker", f"kafka://{broker}", "--tense", tense)
        for more in ((), ("--workers", "1")):
            said = refusal(case, *through, *more)
            assert said == f"netvigil: --tense {tense!r}: nobody is at work on {broker}, so nobody would be told\n"
        assert not partitions(broker)


def test_workers_of_another_group_are_at_work_and_those_of_two_are_not_ready(
    broker: str, worker_at: Callable[..., Worker]
) -> None:
    blue = worker_at(broker, "--group", "blue")
    until(lambda: workers_at(broker) == ("ready", "1 of group blue at work"), 60)
    green = worker_at(broker, "--group", "green")
    both = "1 of group blue and 1 of group green at work: each group judges"
    until(lambda: workers_at(broker)[1].startswith(both), 120)  # one that joins anew may count twice for a while
    assert workers_at(broker)[0] == "not ready"
    assert (blue.stop(), green.stop()) == (0, 0)


def workers_at(broker: str) -> tuple[str, str]:
    """What ``netvigil check`` says of the workers."""
    (found,) = (finding for finding in look_at_broker(broker) if finding.what == "workers")
    return found.state, found.detail


def test_what_a_killed_replay_left_goes_with_a_later_one(either_broker: str) -> None:
    begun: list[str] = []
    for began in (1000.0, 1000.0 + OLD):
        group = own_group(either_broker, f"replay-{began:.0f}", ["table"], PLAIN, lambda began=began: began)  # type: ignore[misc]
        begun.append(group.__enter__())  # and never leaves
        create(either_broker, topics.changelogs(begun[-1], ["table"]))
    with own_group(either_broker, "replay-later", ["table"], PLAIN, lambda: 1002.0 + OLD):
        groups, kept = left(either_broker)
    assert begun[0] not in groups
    assert begun[1] in groups
    assert {topic.rpartition("-snapshots")[0].rpartition(begun[1])[0] for topic in kept} == {""}
    with own_group(either_broker, "replay-last", ["table"], PLAIN, lambda: 1002.0 + 2 * OLD):
        pass
    assert left(either_broker) == ([], [])
