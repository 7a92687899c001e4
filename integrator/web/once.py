"""Idempotency-Key: a call that changes something and says its key again gets its first answer, and acts once.

One layer around every route; a route knows nothing of it. The first answer is kept sealed before it is sent. An answer
of 429 or 5xx is not kept: the same call may come again. Nor is one with a secret, which its route says by `no-store`:
said again, such a call is told that it was carried out. An upload is left alone: it is taken up again by its lines.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from integrator.domain.errors import IntegratorError
from integrator.gateway import Gateway
from integrator.parties import calls
from integrator.parties.calls import CALL, Call, Standing
from integrator.protect.seal import Content
from integrator.store.engine import reading, write_anew
from integrator.web.bodies import read_packed
from integrator.web.guard import known_caller
from integrator.web.problems import AlreadyDone, BadCall, OtherCall, UnderWay, problem

HEADER = "Idempotency-Key"
METHODS = frozenset({"POST", "PUT", "PATCH", "DELETE"})
UPLOADS = frozenset({"/v1/kayit/upload"})
ANSWER_BYTES = 1 << 20
_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_SAID_AGAIN = re.compile(r"/v1/(kayit(/.*)?|cause/[^/]+/(release|cancel)|line/(stop|resume))")
"""Calls that go on where they were when they are said again; every other is not run twice once it acted."""


@dataclass(frozen=True, slots=True)
class Keeps:
    """How long answers are kept, how many for one customer, and how large a keyed call may be."""

    answers_for: timedelta = timedelta(hours=24)
    answers_at_most: int = 10_000
    body_bytes: int = 32 << 20


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes

    @property
    def is_kept(self) -> bool:
        """Whether the same call gets it again."""
        is_final = self.status not in (405, 429) and self.status < 500
        return is_final and b"no-store" not in dict(self.headers).get(b"cache-control", b"")

    def packed(self) -> bytes:
        told = [self.status, [[name.decode("latin-1"), value.decode("latin-1")] for name, value in self.headers]]
        return json.dumps(told).encode() + b"\n" + self.body

    @classmethod
    def unpacked(cls, packed: bytes) -> _Answer:
        head, _, body = packed.partition(b"\n")
        status, headers = json.loads(head)
        return cls(status, tuple((name.encode("latin-1"), value.encode("latin-1")) for name, value in headers), body)


class Once:
    """The layer. It stands inside what compresses and numbers answers."""

    def __init__(self, app: ASGIApp, gateway: Gateway, keeps: Keeps) -> None:
        self._app = app
        self._gateway = gateway
        self._keeps = keeps

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what carries no key; answer the rest once."""
        if scope["type"] != "http" or scope["method"] not in METHODS or scope["path"] in UPLOADS:
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        key = request.headers.get(HEADER)
        if key is None:
            await self._app(scope, receive, send)
            return
        try:
            answer = await self._answered(request, key)
        except IntegratorError as error:
            answer = problem(error, request)
            if isinstance(error, UnderWay):
                answer.headers["Retry-After"] = "1"
        if isinstance(answer, Response):
            await answer(scope, receive, send)
        else:
            await _send(answer, send)

    async def _answered(self, request: Request, key: str) -> _Answer | Response:
        if not _KEY.fullmatch(key):
            raise BadCall(f"{HEADER}: 1-255 visible ASCII")
        body = await read_packed(request, self._keeps.body_bytes)
        found = await run_in_threadpool(self._take, request, key, body)
        if found is None:  # nobody we know: the route says so
            return await self._run(request, body)
        standing, call = found
        if standing is Standing.OTHER:
            if not _is_taken(request):  # there is no such call at all: the router says so
                return await self._run(request, body)
            raise OtherCall(HEADER)
        if standing is Standing.UNDER_WAY:
            raise UnderWay(HEADER)
        if standing is Standing.ANSWERED:
            return await run_in_threadpool(self._read, call)
        if standing is Standing.ACTED and not _SAID_AGAIN.fullmatch(request.url.path):
            return problem(AlreadyDone(HEADER), request)
        return await self._run_under(call, request, body)

    async def _run_under(self, call: Call, request: Request, body: bytes) -> _Answer:
        token, answer = CALL.set(call), None
        try:
            answer = await self._run(request, body)
        finally:
            CALL.reset(token)
            await run_in_threadpool(self._close, call, answer)
        return answer

    async def _run(self, request: Request, body: bytes) -> _Answer:
        """What the route answers, whole."""
        status, headers, pieces, is_read = 500, list[tuple[bytes, bytes]](), list[bytes](), False

        async def receive() -> Message:
            nonlocal is_read
            if is_read:
                return await request.receive()
            is_read = True
            return {"type": "http.request", "body": body, "more_body": False}

        async def take(message: Message) -> None:
            nonlocal status, headers
            if message["type"] == "http.response.start":
                status, headers = message["status"], list(message["headers"])
            elif message["type"] == "http.response.body":
                pieces.append(message.get("body", b""))

        await self._app(request.scope, receive, take)
        return _Answer(status, tuple(headers), b"".join(pieces))

    def _take(self, request: Request, key: str, body: bytes) -> tuple[Standing, Call] | None:
        principal = known_caller(request)
        if principal is None:
            return None
        gateway, keeps, now = self._gateway, self._keeps, self._gateway.clock.now()
        sealer = gateway.keyring.sealer(principal.kurum, now=now)
        call = Call(principal.kurum, sealer.blind_index("call", f"{principal.name}/{key}"))
        fingerprint = sealer.fingerprint(b"\0".join([*_named(request.scope, request.headers), body]))
        return write_anew(
            gateway.database,
            lambda tx: calls.take(
                tx, call, fingerprint, now=now, keeps=keeps.answers_for, at_most=keeps.answers_at_most
            ),
        )

    def _close(self, call: Call, answer: _Answer | None) -> None:
        packed = answer.packed() if answer and answer.is_kept else b""
        gateway = self._gateway
        if not 0 < len(packed) <= ANSWER_BYTES:
            write_anew(gateway.database, lambda tx: calls.let_go(tx, call, now=gateway.clock.now()))
            return
        sealed = self._content(call).seal(packed, _place(call))
        write_anew(gateway.database, lambda tx: calls.keep_answer(tx, call, sealed))

    def _read(self, call: Call) -> _Answer:
        with reading(self._gateway.database) as tx:
            sealed = calls.read_answer(tx, call)
        if sealed is None:  # its time was over a moment ago
            raise UnderWay(HEADER)
        kept = _Answer.unpacked(self._content(call).open(sealed, _place(call)))
        headers = [each for each in kept.headers if each[0] != b"idempotent-replayed"]
        return _Answer(kept.status, (*headers, (b"idempotent-replayed", b"true")), kept.body)

    def _content(self, call: Call) -> Content:
        """Sealed by a key that the customer's index key gives: replacing data keys leaves it alone."""
        sealer = self._gateway.keyring.sealer(call.kurum)
        return Content(sealer.fingerprint(b"answers to calls"), sealer)


def _is_taken(request: Request) -> bool:
    return any(each.matches(request.scope)[0] is Match.FULL for each in request.app.routes)


def _named(scope: Scope, headers: Headers) -> Iterable[bytes]:
    return (
        scope["method"].encode(),
        scope["path"].encode(),
        scope["query_string"],
        headers.get("content-type", "").encode(),
    )


def _place(call: Call) -> bytes:
    return f"api_call/{call.kurum}/{call.call_id}".encode()


async def _send(answer: _Answer, send: Send) -> None:
    await send({"type": "http.response.start", "status": answer.status, "headers": list(answer.headers)})
    await send({"type": "http.response.body", "body": answer.body})
