"""The other end of notifications: a mail server and an HTTP endpoint, real ones, that keep what they get."""

import contextlib
import json
import threading
from collections.abc import Iterator
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.servers import free_port


class Receiver:
    """An HTTP endpoint. `status` is what it answers; while `hangs` is set it does not answer at all."""

    def __init__(self) -> None:
        self.got: list[tuple[str, dict[str, Any]]] = []
        """Path and body of every request."""
        self.gets: list[str] = []
        self.status = 200
        self.refused: frozenset[str] = frozenset()
        """Parts of paths that are answered with 500."""
        self.hangs: frozenset[str] = frozenset()
        self.released = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.gets.append(self.path)
                self.send_response(outer.status)
                self.end_headers()

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                if any(part in self.path for part in outer.hangs):
                    outer.released.wait(30)
                    return
                outer.got.append((self.path, body))
                refused = any(part in self.path for part in outer.refused)
                self.send_response(500 if refused else outer.status)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
                return

        class Server(ThreadingHTTPServer):
            request_queue_size = 512
            daemon_threads = True

            def handle_error(self, request: object, client_address: object) -> None:
                return  # whoever lost patience has hung up

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]

    def to(self, person: str) -> list[str]:
        """The texts one person got."""
        return [body["message"] for path, body in list(self.got) if path.endswith(f"/{person}")]


@contextlib.contextmanager
def receiver() -> Iterator[Receiver]:
    """A running endpoint."""
    found = Receiver()
    thread = threading.Thread(target=found.server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield found
    finally:
        found.released.set()
        found.server.shutdown()
        thread.join()
        found.server.server_close()


class Mails:
    """What a mail server has taken: recipients, subject, text."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.got: list[tuple[list[str], str, str]] = []

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        assert isinstance(envelope.content, bytes)
        mail = message_from_bytes(envelope.content, policy=policy.default)
        body = mail.get_body(("plain",))
        assert body is not None
        self.got.append((list(envelope.rcpt_tos), str(mail["subject"]), str(body.get_content())))
        return "250 taken"


@contextlib.contextmanager
def mail_server() -> Iterator[Mails]:
    """A running SMTP server."""
    mails = Mails(free_port())
    controller = Controller(mails, hostname="127.0.0.1", port=mails.port)
    controller.start()
    try:
        yield mails
    finally:
        controller.stop()
