"""Notices to a mail server and a webhook, which may fail."""

import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pipeline.errors import UserError
from pipeline.watch.sending import Kept, Sending, receivers
from tests.watch import receivers as servers
from tests.watch.pictures import NOW, outage, picture, verdicts
from tests.watch.receivers import Hook, Mailbox

pytestmark = pytest.mark.sockets


@pytest.fixture
def mail() -> Iterator[tuple[str, Mailbox]]:
    with servers.mail() as found:
        yield found


@pytest.fixture
def hook() -> Iterator[tuple[str, Hook]]:
    with servers.hook() as found:
        yield found


def until(is_so: Callable[[], object]) -> None:
    give_up = time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < give_up
        time.sleep(0.05)


OUT = picture(verdicts(value=40.0), outage()).view(NOW)


def test_the_same_message_comes_by_mail_and_webhook(
    tmp_path: Path, mail: tuple[str, Mailbox], hook: tuple[str, Hook]
) -> None:
    with Sending(receivers([mail[0], hook[0]]), tmp_path / "told.json") as sending:
        sending.see(OUT)
        sending.see(OUT)
        until(lambda: mail[1].mails and hook[1].posts)
    (sent,), (posted,) = mail[1].mails, hook[1].posts
    assert sent["Subject"] == posted["title"] == "Pakistan: mobile networks down"
    assert sent["To"] == "desk@example.org"
    assert "Lost now: 60 %, at worst 80 %." in posted["message"]
    assert "Lost now: 60 %, at worst 80 %." in str(sent)


def test_what_a_receiver_does_not_take_waits_and_holds_no_other(
    tmp_path: Path, mail: tuple[str, Mailbox], hook: tuple[str, Hook], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.watch.sending.AGAIN", 0.2)
    hook[1].refuses = True
    with Sending(receivers([hook[0], mail[0]]), tmp_path / "told.json") as sending:
        sending.see(OUT)
        until(lambda: mail[1].mails and sending.note)
        assert sending.note.startswith("not told, tried again: ")
        hook[1].refuses = False
        until(lambda: hook[1].posts and not sending.note)
    assert len(mail[1].mails) == len(hook[1].posts) == 1


def test_after_a_kill_what_waits_is_sent_and_nothing_twice(tmp_path: Path, hook: tuple[str, Hook]) -> None:
    killed = Sending(receivers([hook[0]]), path := tmp_path / "told.json")
    killed.see(OUT)
    assert not hook[1].posts
    for _ in range(2):
        with Sending(receivers([hook[0]]), path) as sending:
            sending.see(OUT)
            until(lambda: hook[1].posts)
    assert len(hook[1].posts) == 1


def test_a_disk_that_takes_nothing_stops_no_message(tmp_path: Path, hook: tuple[str, Hook]) -> None:
    with Sending(receivers([hook[0]]), tmp_path / "none" / "told.json") as sending:
        sending.see(OUT)
        until(lambda: hook[1].posts)


def test_only_the_countries_of_a_watch_are_told(tmp_path: Path, hook: tuple[str, Hook]) -> None:
    sending = Sending(receivers([hook[0]]), tmp_path / "told.json", ("IQ",))
    sending.see(OUT)
    assert sending.kept == Kept()


def test_receivers_come_from_a_file_too_and_their_names_have_no_secrets(tmp_path: Path) -> None:
    (file := tmp_path / "receivers").write_text("mailto://desk:secret@example.org\njson://example.org/a\n")
    file.chmod(stat.S_IRUSR)
    names = list(receivers([str(file)]))
    assert len(names) == 2
    assert not any("secret" in name for name in names)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("nosuch://user:secret@x", "--notify 'nosuch://...' is no address of a receiver"),
        ("nowhere", "--notify 'nowhere' is neither an address nor a file with some: No such file or directory"),
    ],
)
def test_a_mistake_is_one_sentence_without_secrets(given: str, said: str) -> None:
    with pytest.raises(UserError, match=said) as raised:
        receivers([given])
    assert "secret" not in str(raised.value)
