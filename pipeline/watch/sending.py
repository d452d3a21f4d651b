"""Notices to people: by e-mail, Slack, Telegram and many more, each receiver an address of the package apprise."""

import logging
import threading
from collections.abc import Sequence
from pathlib import Path

import apprise
import msgspec

from pipeline.errors import UserError
from pipeline.files import written
from pipeline.watch.notices import Memory, Notice, Notices
from pipeline.watch.picture import View

AGAIN = 30.0  # after how long a notice that was not taken is sent again [s]
LONGEST = 4096  # of a file with receivers [bytes]
TEST = Notice("Test of netvigil: nothing is out", ("This receiver would be told of an outage.",))


class Kept(msgspec.Struct):
    """What a watch keeps: what was told, and by receiver what it has not taken yet."""

    memory: Memory = msgspec.field(default_factory=Memory)
    waiting: dict[str, list[Notice]] = {}


def receivers(given: Sequence[str], option: str = "--notify") -> dict[str, apprise.Apprise]:
    """The receivers, by an address without secrets; what has no ``://`` is a file with an address in each line.

    UserError for what cannot be one.
    """
    found: dict[str, apprise.Apprise] = {}
    for one in given:
        for address in [one] if "://" in one else _lines(one, option):
            receiver = apprise.Apprise()
            logging.getLogger("apprise").setLevel(logging.CRITICAL)  # its messages have the addresses
            if not receiver.add(address):
                raise UserError(
                    f"{option} {address.partition(':')[0] + '://...'!r} is no address of a receiver, as "
                    "mailto://USER:PASSWORD@example.org or json://HOST/PATH"
                )
            found[f"{receiver[0].service_name or 'receiver'} {receiver[0].url(privacy=True).partition('?')[0]}"] = (
                receiver
            )
    return found


def _lines(path: str, option: str) -> list[str]:
    try:
        with Path(path).open() as file:
            lines = file.read(LONGEST).split()
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "it is no text"
        raise UserError(f"{option} {path!r} is neither an address nor a file with some: {why}") from None
    if not lines:
        raise UserError(f"{option} {path!r}: the file is empty")
    return lines


def send(receiver: apprise.Apprise, notice: Notice) -> bool:
    """Whether a receiver has taken a notice."""
    return bool(receiver.notify("\n".join(notice.lines) or notice.title, title=notice.title))


class Sending:
    """Tells the receivers what there is to tell, by a thread: a slow server holds nothing up.

    What is told, and what waits, is kept at ``path``, so that after a kill nobody is told twice.  ``countries``: of
    which they are told, all where none is named.  ``note``: what is wrong with a receiver, '' where nothing is.
    """

    def __init__(self, to: dict[str, apprise.Apprise], path: Path, countries: tuple[str, ...] = ()) -> None:
        self.to, self.path, self.countries, self.note = to, path, countries, ""
        try:
            self.kept = msgspec.json.decode(path.read_bytes(), type=Kept)
        except (OSError, msgspec.DecodeError):
            self.kept = Kept()
        self.notices = Notices(self.kept.memory)
        self.lock, self.news, self.over = threading.Lock(), threading.Event(), False
        self.thread = threading.Thread(target=self._work, daemon=True)

    def __enter__(self) -> "Sending":
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over = True
        self.news.set()
        self.thread.join(3)

    def see(self, view: View) -> None:
        """Tell what is new of a view."""
        if new := self.new(view):
            with self.lock:
                for name in self.to:
                    self.kept.waiting.setdefault(name, []).extend(new)
                self._keep()
            self.news.set()

    def new(self, view: View) -> list[Notice]:
        """What is to be told of a view."""
        own = [one for one in view.countries if not self.countries or one.place.entity in self.countries]
        return list(self.notices.of(view._replace(countries=tuple(own))))

    def _keep(self) -> None:
        try:
            with written(self.path) as file:
                file.write(msgspec.json.encode(self.kept))
        except UserError as error:
            self.note = str(error)

    def _work(self) -> None:
        while not self.over:
            waits = self._try_all()
            self.news.wait(AGAIN if waits else None)
            self.news.clear()

    def _try_all(self) -> bool:
        """Send what waits; whether some of it still does."""
        failed = []
        for name, receiver in self.to.items():
            while waiting := self.kept.waiting.get(name):
                if not send(receiver, waiting[0]):
                    failed.append(name)
                    break
                with self.lock:
                    del waiting[0]
                    self._keep()
        self.note = f"not told, tried again: {', '.join(failed)}" if failed else ""
        return bool(failed)
