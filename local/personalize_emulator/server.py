"""The HTTP server: AWS requests at their paths, the emulator's own admin paths under /_personalize/.

A small HTTP/1.1 loop of its own: the standard library's spends most of a request on parsing mail headers.
"""

from __future__ import annotations

import dataclasses
import json
import socket
import socketserver
import threading
import traceback
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from .emulator import Emulator
from .exceptions import ReplyLost
from .requests import Answer, answer, caller_of
from .service_model import SERVICES

MAX_BODY = 10 * 1024 * 1024
MAX_HEADERS = 200
_MAX_LINE = 65536
_REASONS = {status.value: status.phrase for status in HTTPStatus}


class Server(socketserver.ThreadingTCPServer):
    """Serves one emulator on one address; a thread for each connection."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], emulator: Emulator) -> None:
        self.emulator = emulator
        super().__init__(address, _Connection)

    def service_actions(self) -> None:
        """Between connections: long work goes on, whether or not somebody asks after it."""
        if self.emulator.working:
            try:
                self.emulator.settle()
            except Exception:  # its job has failed by now; the server goes on
                traceback.print_exc()

    @property
    def url(self) -> str:
        host, port = self.server_address[:2]
        return f"http://{host!s}:{port}"


class ThreadedServer:
    """A server in a thread of this process, for tests of code that knows only an endpoint.

    with ThreadedServer() as server:
        boto3.client("personalize", endpoint_url=server.url, ...)

    It answers whatever mocks come and go around it. Its clock stands still unless its emulator has another, and it
    reads S3 as `emulator.s3` says: by default where `mock_aws` is.
    """

    def __init__(self, emulator: Emulator | None = None, host: str = "127.0.0.1", port: int = 0) -> None:
        self.emulator = emulator or Emulator()
        self._address = (host, port)
        self._server: Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """Where it listens. Raises RuntimeError before `start`."""
        if self._server is None:
            raise RuntimeError("The server has not been started")
        return self._server.url

    @property
    def environment(self) -> dict[str, str]:
        """Environment variables that lead boto3 and the AWS CLI here."""
        return {f"AWS_ENDPOINT_URL_{service.upper().replace('-', '_')}": self.url for service in SERVICES}

    def start(self) -> str:
        """Listen, and return the address. Raises OSError when that cannot be, RuntimeError when it already does."""
        if self._server is not None:
            raise RuntimeError(f"The server runs already, on {self.url}")
        self._server = Server(self._address, self.emulator)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), name=self.url, daemon=True)
        self._thread.start()
        return self.url

    def stop(self) -> None:
        """Stop listening, and forget all resources. Does nothing when it is not running."""
        server, self._server = self._server, None
        if server is None or self._thread is None:
            return
        server.shutdown()
        self._thread.join()
        server.server_close()
        self.emulator.close()

    def __enter__(self) -> ThreadedServer:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


class _Connection(socketserver.StreamRequestHandler):
    """Requests of one connection, one after the other until the client closes it."""

    server: Server
    disable_nagle_algorithm = True

    def handle(self) -> None:
        try:
            while self._one():
                pass
        except (ConnectionError, TimeoutError):
            pass  # the client went away; nobody is left to tell

    def _one(self) -> bool:
        """Serve one request; returns whether the connection goes on."""
        line = self.rfile.readline(_MAX_LINE)
        if not line.strip():
            return False
        parts = line.decode("latin-1").split()
        headers = self._headers()
        if len(parts) != 3 or headers is None:
            self._send(_error(400, "This is not an HTTP request."))
            return False
        method, target, _version = parts
        if headers.get("expect", "").lower() == "100-continue":
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > MAX_BODY or "transfer-encoding" in headers:
            self._send(_error(413, f"A request needs a Content-Length of at most {MAX_BODY} bytes."))
            return False
        body = self.rfile.read(int(length))
        path = target.partition("?")[0]
        try:
            self._send(self._answer(method, path, headers, body))
        except ReplyLost:
            self.connection.shutdown(socket.SHUT_RDWR)
            return False
        return headers.get("connection", "").lower() != "close"

    def _headers(self) -> dict[str, str] | None:
        headers: dict[str, str] = {}
        for _ in range(MAX_HEADERS):
            line = self.rfile.readline(_MAX_LINE)
            if line in (b"\r\n", b"\n", b""):
                return headers
            name, colon, value = line.decode("latin-1").partition(":")
            if not colon:
                return None
            headers[name.strip().lower()] = value.strip()
        return None

    def _answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Answer:
        emulator = self.server.emulator
        if path.startswith("/_personalize/"):
            return admin(emulator, method, path, body)
        if method != "POST":
            return _error(405, "Amazon Personalize is asked by POST.")
        try:
            return answer(emulator, path, headers, body, caller_of(headers, emulator.settings.account_id))
        except ReplyLost:
            raise
        except Exception as err:  # a fault of the emulator must reach the person as an answer, not as a hang-up
            self.server.handle_error(self.request, self.client_address)
            return _error(500, f"The emulator itself failed: {err!r}", "InternalServerException")

    def _send(self, reply: Answer) -> None:
        body = reply.body.encode()
        head = [f"HTTP/1.1 {reply.status} {_REASONS.get(reply.status, '')}"]
        head += [f"{name}: {value}" for name, value in reply.headers.items()]
        head.append(f"Content-Length: {len(body)}")
        self.wfile.write("\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + body)


def admin(emulator: Emulator, method: str, path: str, body: bytes) -> Answer:
    """Serve /_personalize/...: look at the emulator, move its clock, make it fail."""
    route = _ADMIN.get((method, path))
    if route is None:
        return _error(404, f"Known are: {', '.join(f'{m} {p}' for m, p in _ADMIN)}.")
    try:
        given = json.loads(body) if body else {}
        result = route(emulator, given)
    except (ValueError, TypeError, KeyError) as err:
        return _error(400, str(err))
    return Answer(200, {"Content-Type": "application/json"}, json.dumps(result))


def _calls(emulator: Emulator, _: Any) -> Any:
    return {"calls": [dataclasses.asdict(call) for call in list(emulator.calls)]}


def _set_faults(emulator: Emulator, given: Any) -> Any:
    emulator.faults.load(given["faults"])
    return {"faults": emulator.faults.listed()}


def _clear_faults(emulator: Emulator, _: Any) -> Any:
    emulator.faults.clear()
    return {"faults": []}


def _reset(emulator: Emulator, _: Any) -> Any:
    emulator.reset()
    return {"status": "ok"}


def _clock(emulator: Emulator, given: Any) -> Any:
    if unknown := set(given) - {"scale", "advance", "finish"}:
        raise ValueError(f"Unknown clock key {sorted(unknown)}; known are scale, advance (seconds), finish")
    if "scale" in given:
        emulator.clock.set_scale(float(given["scale"]))
    if "advance" in given:
        emulator.clock.advance(float(given["advance"]))
    if given.get("finish"):
        emulator.finish()
    emulator.settle()
    return {"now": emulator.clock.now(), "scale": emulator.clock.scale}


_ADMIN: dict[tuple[str, str], Callable[[Emulator, Any], Any]] = {
    ("GET", "/_personalize/health"): lambda _emulator, _given: {"status": "ok"},
    ("GET", "/_personalize/state"): lambda emulator, _given: emulator.state(),
    ("GET", "/_personalize/calls"): _calls,
    ("GET", "/_personalize/faults"): lambda emulator, _given: {"faults": emulator.faults.listed()},
    ("POST", "/_personalize/faults"): _set_faults,
    ("DELETE", "/_personalize/faults"): _clear_faults,
    ("POST", "/_personalize/reset"): _reset,
    ("POST", "/_personalize/clock"): _clock,
}


def _error(status: int, message: str, code: str = "ValidationException") -> Answer:
    body = json.dumps({"__type": code, "message": message})
    return Answer(status, {"Content-Type": "application/json"}, body)
