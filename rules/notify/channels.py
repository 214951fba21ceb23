"""The ways out: Apprise URLs of people's contacts, and one blocking hand-over."""

import logging
import threading
import warnings
from collections.abc import Mapping, Sequence
from urllib.parse import quote

from community.notice_text import Message
from community.site.duty import Notifications
from community.site.model import Contact, Person
from community.site.site import Site
from rules.notify.taken import NotTaken


class Channels:
    """By person: the URL of each channel that can be used, in the order of the site file, and why others cannot."""

    def __init__(self, site: Site, environment: Mapping[str, str]) -> None:
        self._urls: dict[str, dict[str, str]] = {}
        self.reach: dict[str, dict[str, str]] = {}
        """By person and channel: empty when it can be used, otherwise why not: `unset:NAME`, `no-sender:channel` or
        `no-address:channel`."""
        notifications = site.file.notifications or Notifications()
        for person in site.file.people:
            self._add(person, notifications, environment)

    def of(self, person: str) -> tuple[str, ...]:
        """The channels a person can be reached by."""
        return tuple(self._urls.get(person, ()))

    def url(self, person: str, channel: str) -> str | None:
        """Where a message goes; it may hold secrets."""
        return self._urls.get(person, {}).get(channel)

    def judge(self) -> None:
        """Find the addresses that nothing is delivered to: better now than when it burns. After `prepare`; blocking."""
        import apprise  # noqa: PLC0415

        for person, ways in self._urls.items():
            for channel, url in tuple(ways.items()):
                if apprise.Apprise.instantiate(url, suppress_exceptions=True) is None:
                    self.reach[person][channel] = f"no-address:{channel}"
                    del ways[channel]

    def why_not(self, person: str) -> str:
        """Why somebody cannot be reached at all."""
        reasons = [f"{channel}: {why}" for channel, why in self.reach.get(person, {}).items() if why]
        return "; ".join(reasons) or "no contacts in the site file"

    @property
    def unreachable(self) -> dict[str, str]:
        """People no channel leads to, and why."""
        return {person: self.why_not(person) for person in self.reach if not self._urls.get(person)}

    def _add(self, person: Person, notifications: Notifications, environment: Mapping[str, str]) -> None:
        self.reach[person.id] = {}
        for contact in person.contacts:
            try:
                url = _url(contact, notifications, environment)
            except LookupError as missing:
                self.reach[person.id].setdefault(contact.channel, str(missing.args[0]))
            else:
                self.reach[person.id][contact.channel] = ""
                self._urls.setdefault(person.id, {}).setdefault(contact.channel, url)


def _url(contact: Contact, notifications: Notifications, environment: Mapping[str, str]) -> str:
    to = _value(contact.to, environment)
    if "://" in to:
        return to
    sender = notifications.channels.get(contact.channel)
    if sender is None:
        raise LookupError(f"no-sender:{contact.channel}")
    return _value(sender.url, environment).replace("{to}", quote(to, safe=""))


def _value(text: str, environment: Mapping[str, str]) -> str:
    if not text.startswith("env:"):
        return text
    name = text.removeprefix("env:")
    if not (value := environment.get(name, "").strip()):
        raise LookupError(f"unset:{name}")
    return value


class _Said(logging.Handler):
    """What Apprise logged last in this thread: the only place it says why."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.here = threading.local()

    def emit(self, record: logging.LogRecord) -> None:
        self.here.words = record.getMessage()


_said = _Said()


def prepare() -> None:
    """Load Apprise and its plugins (seconds), once, before the first message is due."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of modules some of its plugins import
        import apprise  # noqa: PLC0415

        apprise.Apprise.instantiate("json://localhost")
    logger = logging.getLogger("apprise")
    if _said not in logger.handlers:
        logger.addHandler(_said)
        logger.propagate = False


def hand_over(url: str, message: Message, timeout_s: float) -> Sequence[str]:
    """Give a message to a channel; blocking. No browser is found to be gone by this.

    Raises:
        NotTaken: it was refused, or the channel does not answer.
    """
    import apprise  # noqa: PLC0415

    _said.here.words = ""
    plugin = apprise.Apprise.instantiate(url, suppress_exceptions=True)
    if plugin is None:
        raise NotTaken("this is no address Apprise knows")
    plugin.socket_connect_timeout = plugin.socket_read_timeout = timeout_s
    try:
        taken = plugin.notify(body=message.body, title=message.title, body_format=apprise.NotifyFormat.TEXT)
    except Exception as error:
        raise NotTaken(f"{type(error).__name__}") from error
    if not taken:
        raise NotTaken(_said.here.words or "the channel refused it")
    return ()
