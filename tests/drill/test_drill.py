"""A drill by itself: real broker and worker, a mail server and a webhook, one of which may refuse."""

from pathlib import Path

import pytest
from aiosmtpd.smtp import AuthResult

from pipeline.drill.hops import Course, Step
from pipeline.drill.run import Asked, drill
from pipeline.errors import UserError
from pipeline.site import NoAnswerError
from tests.watch.receivers import hook, mail

SPEED = 900.0
"""Three bins a second."""

WATCH = '[[watch]]\ncountry = "IQ"\n[[watch]]\ncountry = "PK"\nnetworks = ["AS59257", "AS45669"]\n'


@pytest.mark.sockets
@pytest.mark.slow
def test_each_receiver_gets_the_outage_its_growth_and_its_end_marked_as_a_drill(tmp_path: Path, capsys) -> None:
    with hook() as (url, desk), mail() as (address, box):
        (tmp_path / "watch.toml").write_text(f'{WATCH}notify = ["{url}"]\n')
        assert drill(Asked("pk", tmp_path / "watch.toml", (address,)), speed=SPEED) == 0
    said = capsys.readouterr().out
    assert said.count("passed") == 6
    assert said.endswith("Passed: all messages have come through.\n")
    assert [post["title"] for post in desk.posts] == [str(mail["Subject"]) for mail in box.mails]
    # A stop of a second is a quarter of an hour unseen at this speed, and told: the outage is looked at alone.
    told = [post for post in desk.posts if " see " not in post["title"]]
    first, *more, over = (post["title"] for post in told)
    assert first.startswith("DRILL: Pakistan: ")
    assert 1 <= len(more) <= 2, "a network may be known to be out after its country"
    assert all(title.startswith("DRILL: Pakistan, more: ") for title in more)
    assert over.startswith("DRILL: Pakistan: over after ")
    assert all(post["message"].startswith("This is a DRILL. Nothing is out.\n") for post in desk.posts)
    assert all(f"{name} 95 %" in told[-2]["message"] for name in ("Zong", "Jazz"))
    assert "\nBack: Jazz; Zong." in told[-1]["message"]


@pytest.mark.sockets
@pytest.mark.slow
def test_a_receiver_whose_password_is_wrong_fails_and_is_named_without_it(capsys: pytest.CaptureFixture[str]) -> None:
    with hook() as (url, _), mail(authenticator=lambda *_: AuthResult(success=False, handled=False)) as (address, _):
        wrong = address.replace("mailto://", "mailto://desk:secret@")
        assert drill(Asked("PK", None, (url, wrong)), patience=0.2, speed=SPEED) == 1
    said = capsys.readouterr().out
    (line,) = [line for line in said.splitlines() if "FAILED" in line]
    assert "receivers     not told, tried again: E-Mail mailto://desk:****@127.0.0.1" in line
    assert "secret" not in said
    assert said.endswith("Failed: mend that hop, and drill again.\n")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (Asked(notify=("json://x",)), "drill needs a country, or --watch"),
        (Asked("XX", notify=("json://x",)), "'XX': "),
        (Asked("PK"), "nobody would be told: give --notify, or --broker with --prometheus and --alertmanager"),
        (
            Asked("PK", broker="kafka://127.0.0.1:9"),
            "a drill through Alertmanager needs --prometheus and --alertmanager",
        ),
    ],
)
def test_a_mistake_is_one_sentence(asked: Asked, said: str) -> None:
    with pytest.raises(UserError, match=said):
        drill(asked)


def test_a_country_that_the_file_does_not_have_is_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "watch.toml").write_text(WATCH)
    with pytest.raises(UserError, match="SD is not watched in "):
        drill(Asked("SD", tmp_path / "watch.toml", ("json://x",)))


def test_a_hop_fails_at_the_end_of_its_patience_or_at_once_where_it_does_not_get_better() -> None:
    now, said = [0.0], []

    def waits() -> str:
        raise NoAnswerError("it does not answer")

    def lost() -> str:
        raise UserError("it tells nobody")

    for look, at in ((waits, 11.0), (lost, 1.0), (lambda: "", 11.0)):
        now[0] = 0.0
        course = Course([Step(0, "hop", 10, look)], lambda _: None, lambda: now[0], lambda *told: said.append(told))
        while not course.over:
            now[0] += 1
            course.look()
        assert (course.failed, now[0]) == (True, at)
    assert [told[-1] for told in said] == ["it does not answer", "it tells nobody", "nothing came in 10 s"]
