"""Workers that a replay starts take that replay alone, and nothing of them is left behind."""

import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from pipeline import topics
from pipeline.cli.check import look_at_broker
from pipeline.codec import iso
from pipeline.feeds import FEEDS
from pipeline.kafka.create_topics import create
from pipeline.kafka.groups import OLD, Admin, at_work, known_groups, own_group
from pipeline.kafka.security import PLAIN
from pipeline.kafka.transport import opened
from pipeline.signals.binning import Total
from tests.dashboards.servers import until
from tests.kafka.collected import collect
from tests.replay.runners import Worker

pytestmark = [pytest.mark.sockets, pytest.mark.slow]


@pytest.fixture
def case(tmp_path: Path) -> Path:
    """Three days of a series that falls for some hours."""
    levels = (20 if 300 <= i < 340 else 100 + i % 3 for i in range(3 * 144))
    rows = "".join(f"{iso(1707350400 + 600 * i)},probing.ioda,country,PK,{level}\n" for i, level in enumerate(levels))
    (tmp_path / "signals.csv").write_text("time,signal,entity_type,entity,value\n" + rows)
    (tmp_path / "own.toml").write_text("[model]\nconfirm = 0.999\n")
    return tmp_path


def command(case: Path, out: Path, *more: str) -> list[str]:
    return [sys.executable, "-m", "pipeline", "replay", str(case), "--outages", str(out), *more]


def replay(case: Path, out: Path, *more: str) -> "subprocess.Popen[bytes]":
    """From a folder in which nobody may write: only what is asked for is written anywhere."""
    return subprocess.Popen(command(case, out, *more), stdout=subprocess.DEVNULL, cwd="/proc")


def own(broker: str) -> tuple[list[str], list[str]]:
    """Groups that replays have to themselves, and their topics."""
    with closing(opened(Admin, broker, PLAIN)) as admin:
        listed = {group["group_id"] for group in admin.list_groups()} | set(known_groups(admin))
        return sorted(filter(topics.is_own, listed)), sorted(filter(topics.is_own, admin.list_topics()))


@pytest.mark.kafka
def test_two_replays_at_once_have_each_its_own_workers_and_settings(apache_broker: str, case: Path) -> None:
    create(apache_broker, topics.every(FEEDS))
    through = ("--through", "kafka", "--broker", f"kafka://{apache_broker}")
    settings = {"shipped": (), "own": ("--settings", str(case / "own.toml"))}
    ways = {"kafka": through, "memory": ()}
    at_once = [
        replay(case, case / f"{name}-{way}", *more, *options)
        for name, more in settings.items()
        for way, options in ways.items()
    ]
    assert [one.wait(200) for one in at_once] == [0] * 4
    for name in settings:
        found = (case / f"{name}-kafka").read_bytes()
        assert found
        assert found == (case / f"{name}-memory").read_bytes()
    assert own(apache_broker) == ([], [])


def refusal(case: Path, *more: str) -> str:
    done = subprocess.run(command(case, case / "refused", *more), capture_output=True, text=True)
    assert done.returncode == 2
    return done.stderr


def test_a_replay_is_judged_once_whoever_is_at_work(broker: str, case: Path, worker_at: Callable[..., Worker]) -> None:
    through = ("--through", "kafka", "--broker", f"kafka://{broker}")
    said = refusal(case, *through, "--tense", "drill")
    assert "--tense 'drill'" in said
    assert broker in said
    first = replay(case, case / "own", *through)
    blue = worker_at(broker, "--group", "blue")
    assert first.wait(100) == 0
    assert own(broker) == ([], [])
    until(lambda: workers_at(broker) == ("ready", "1 of group blue at work"), 60)
    assert replay(case, case / "blue", *through, "--group", "blue").wait(100) == 0
    assert at_work(broker) == {"blue": 1}
    assert "--group 'green': workers of group blue are at work on" in refusal(case, *through, "--group", "green")
    assert "--workers 1: workers of group blue are at work on" in refusal(case, *through, "--workers", "1")
    assert (case / "own").read_bytes() == (case / "blue").read_bytes()
    totals = [msgspec.json.decode(line, type=Total) for line in collect(broker, topics.TOTALS.name)]
    assert set(Counter((total.run, total.partition) for total in totals).values()) == {1}
    green = worker_at(broker, "--group", "green")
    both = "1 of group blue and 1 of group green at work"
    until(lambda: workers_at(broker)[1].startswith(both), 120)  # one that joins anew may count twice for a while
    assert workers_at(broker)[0] == "not ready"
    assert (blue.stop(), green.stop()) == (0, 0)


def workers_at(broker: str) -> tuple[str, str]:
    """What ``netvigil check`` says of the workers."""
    (found,) = (finding for finding in look_at_broker(broker) if finding.what == "workers")
    return found.state, found.detail


@pytest.mark.kafka
def test_the_group_of_a_killed_replay_goes_with_a_later_one(apache_broker: str) -> None:
    create(apache_broker, topics.every(FEEDS))
    begun: list[str] = []
    for began in (1000.0, 1000.0 + OLD):
        group = own_group(apache_broker, f"replay-{began:.0f}", ["table"], PLAIN, lambda began=began: began)  # type: ignore[misc]
        begun.append(group.__enter__())  # and never leaves
        create(apache_broker, topics.changelogs(begun[-1], ["table"]))
    with own_group(apache_broker, "replay-later", ["table"], PLAIN, lambda: 1002.0 + OLD):
        groups, kept = own(apache_broker)
    assert begun[0] not in groups
    assert begun[1] in groups
    assert {topic.rpartition("-snapshots")[0].rpartition(begun[1])[0] for topic in kept} == {""}
    with own_group(apache_broker, "replay-last", ["table"], PLAIN, lambda: 1002.0 + 2 * OLD):
        pass
    assert own(apache_broker) == ([], [])
