"""A drill through a real broker, worker, Prometheus and Alertmanager, to a webhook and a mail server."""

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from aiosmtpd.smtp import AuthResult

from dashboards.webhook import Receiver, listening
from pipeline.drill.run import Asked, drill
from pipeline.kafka.groups import at_work
from pipeline.kafka.security import parse
from tests.dashboards.servers import FOLDER, alertmanager, free_port, prometheus, until
from tests.live.test_told import running
from tests.watch.receivers import Mailbox, mail

pytestmark = [pytest.mark.system, pytest.mark.sockets, pytest.mark.slow]

SPEED = 600.0


def by_mail(address: str) -> dict[str, Any]:
    """The settings that docs/be-told.md shows, with another server and a password in place of its file."""
    (example,) = re.findall(r"```yaml\n(receivers:.*?)```", (FOLDER.parent / "docs/be-told.md").read_text(), re.DOTALL)
    (given,) = yaml.safe_load(example)["receivers"][1]["email_configs"]
    del given["auth_password_file"]
    own = {"smarthost": address.partition("//")[2].partition("?")[0], "auth_password": "secret", "require_tls": False}
    return {"email_configs": [given | own]}


@contextmanager
def stack(broker: str, folder: Path, is_right: bool) -> Iterator[tuple[Asked, Receiver, Mailbox]]:
    """All that runs, and its addresses; whether the password of the mail server is right."""
    receiver, port = Receiver(io.StringIO()), free_port()
    folder.mkdir()
    with (
        listening(receiver) as webhook,
        mail(authenticator=lambda *_: AuthResult(success=is_right, handled=False)) as (address, box),
        alertmanager(webhook, folder / "alertmanager", by_mail(address)) as alerts,
        running("worker", "--broker", broker, "--metrics-port", str(port), "--feed", "table", "--group", folder.name),
        prometheus(f"127.0.0.1:{port}", alerts, folder / "prometheus") as asked,
    ):
        until(lambda: at_work(parse(broker)), 60)
        yield Asked("PK", None, (), broker, asked.url, f"http://{alerts}"), receiver, box


def test_a_drill_goes_through_alertmanager_twice_and_tells_nothing_live(own_broker, tmp_path, capsys):
    with stack(f"kafka://{own_broker}", tmp_path / "right", is_right=True) as (asked, receiver, box):
        for _ in range(2):  # growth is told again though an earlier outage was as deep
            assert drill(asked, speed=SPEED) == 0
        told = [alert for one in receiver.seen() if one.receiver.startswith("desk") for alert in one.alerts]
    said = capsys.readouterr().out
    assert said.count("passed") == 2 * 12, said
    assert [line.partition("receivers")[2].strip() for line in said.splitlines() if "receivers" in line] == (
        ["taken by email, webhook"] * 6
    )
    outages = [alert for alert in told if alert.labels["alertname"].startswith("NetvigilOutage")]
    assert {alert.labels["tense"] for alert in outages} == {"drill"}
    subjects = [str(one["Subject"]) for one in box.mails]
    assert all(subject.startswith("DRILL: Pakistan") for subject in subjects)
    whats = [subject.partition(": ")[2].partition(": ")[0] for subject in subjects]
    assert whats.count("Pakistan") == 4, "two outages and two ends"
    assert 2 <= whats.count("Pakistan, more") <= 4, "a network may be known to be out after its country"
    texts = [one.get_body(("plain",)).get_content() for one in box.mails]  # type: ignore[attr-defined]
    assert all(text.startswith("This is a DRILL. Nothing is out.") for text in texts)
    assert any("Out: Jazz 95%, Telenor 95%." in text for text in texts)


def test_a_mail_server_that_refuses_the_password_is_named(own_broker, tmp_path, capsys):
    with stack(f"kafka://{own_broker}", tmp_path / "wrong", is_right=False) as (asked, _, _):
        assert drill(asked, speed=SPEED) == 1
    (line,) = [line for line in capsys.readouterr().out.splitlines() if "FAILED" in line]
    assert "receivers     email: refused 3 times; the log of Alertmanager says why" in line
