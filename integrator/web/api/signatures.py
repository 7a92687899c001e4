"""Signatures in bulk: the bytes that wait, as the signing agent takes them, and the CMS of many messages back."""

from __future__ import annotations

import binascii
import io
import json
import zipfile
import zlib
from base64 import b64decode, b64encode
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field, StrictInt, ValidationError
from starlette.concurrency import run_in_threadpool

from integrator import acts
from integrator.access import Principal
from integrator.acts import Waiting
from integrator.agent.interchange import MAX_CMS_BYTES, number_of_signature, to_sign, waiting_files
from integrator.catalogue.code_names import names_of
from integrator.domain.errors import Malformed, Rejected
from integrator.domain.findings import seen
from integrator.domain.identifiers import SorguNo
from integrator.domain.roles import Right
from integrator.domain.texts import text
from integrator.gateway import Gateway
from integrator.intake.lines import CHUNK
from integrator.web.api.receipts import ZIP
from integrator.web.bodies import NDJSON, require_kind, spooled
from integrator.web.description import body_of, bytes_of
from integrator.web.guard import GatewayHere, needs
from integrator.web.problems import BadCall

router = APIRouter(tags=["imza"])
AT_ONCE = 1_000
BODY_BYTES = 16 << 20
_BROKEN = (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, ValueError, zlib.error)


class Wanted(BaseModel):
    """Which of the waiting messages: those of one professional, or these numbers, or both; nothing means all."""

    model_config = ConfigDict(extra="forbid")
    professional: str = Field(default="", pattern="^([0-9]{11})?$", description="identity number")
    sorgu_no: list[Annotated[StrictInt, Field(ge=1, le=99_999_999_999)]] = Field(default=[], max_length=AT_ONCE)


class Signed(BaseModel):
    """One line of an attaching body; `cms` is base64 of the DER of a detached CAdES-BES."""

    model_config = ConfigDict(extra="forbid", strict=True)
    sorgu_no: int = Field(ge=1, le=99_999_999_999)
    cms: str = Field(max_length=MAX_CMS_BYTES * 4 // 3 + 4)


class Attached(BaseModel):
    """What came of one signature: where its message stands now, or why it was not taken."""

    where: str
    sorgu_no: int | None
    status: Literal["attached", "refused"]
    state: str | None
    code: str | None
    tr: str | None
    en: str | None


class Results(BaseModel):
    """In the order of the body."""

    results: list[Attached]


@router.post(
    "/imza/bytes",
    response_class=Response,
    responses=bytes_of(ZIP, NDJSON, description="A folder for `ibys agent sign`; or a line for each, by Accept."),
)
def read_bytes_of_many(
    request: Request,
    wanted: Wanted,
    gateway: GatewayHere,
    principal: Annotated[Principal, needs(Right.READ_CONTENT)],
) -> Response:
    """The bytes of up to 1,000 waiting messages, oldest first. They hold identity numbers: audited."""
    found = _chosen(acts.read_waiting(gateway, principal.kurum, signer=principal.signer), wanted)
    with acts.exporting(gateway, principal.kurum, [each.sorgu_no for each in found], by=principal.name):
        is_lines = NDJSON in request.headers.get("accept", "")
        content = _as_lines(found) if is_lines else _as_folder(gateway, found)
    headers = {"Cache-Control": "no-store", "Vary": "Accept"}
    return Response(content, media_type=NDJSON if is_lines else ZIP, headers=headers)


def _chosen(found: Sequence[Waiting], wanted: Wanted) -> list[Waiting]:
    numbers = set(wanted.sorgu_no)
    chosen = [
        each
        for each in found
        if wanted.professional in ("", each.professional) and (not numbers or each.sorgu_no in numbers)
    ]
    return chosen[:AT_ONCE]


def _as_lines(found: Sequence[Waiting]) -> bytes:
    rows = ({"sorgu_no": each.sorgu_no, "content": b64encode(each.canonical).decode()} for each in found)
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def _as_folder(gateway: Gateway, found: Sequence[Waiting]) -> bytes:
    messages = [to_sign(each.sorgu_no, each.canonical) for each in found]
    names = names_of(gateway.catalogue, (pair for each in messages for pair in each.summary.codes()))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as folder:
        for name, content in waiting_files(messages, names, now=gateway.clock.now()).items():
            folder.writestr(name, content)
    return out.getvalue()


@router.post(
    "/imza",
    response_model=Results,
    openapi_extra=body_of(ZIP, NDJSON, description="NUMBER.p7s files, or lines of {sorgu_no, cms}; up to 1,000."),
)
async def attach_many(
    request: Request, gateway: GatewayHere, principal: Annotated[Principal, needs(Right.SIGN)]
) -> dict[str, Any]:
    """Attach many signatures; each is judged alone, as the ministry would. To send the same again changes nothing."""
    require_kind(request, ZIP, NDJSON)
    is_zip = request.headers["content-type"].startswith(ZIP)
    async with spooled(request, BODY_BYTES) as path:
        return await run_in_threadpool(_attach_all, gateway, principal, path, is_zip=is_zip)


Line = tuple[str, SorguNo | None, bytes | Rejected]
"""Where it stood, whose it is, and the signature or why there is none."""


def _attach_all(gateway: Gateway, principal: Principal, path: Path, *, is_zip: bool) -> dict[str, Any]:
    lines = list(_read_folder(path) if is_zip else _read_lines(path))
    return {"results": [_attach(gateway, principal, *each) for each in lines]}


def _attach(
    gateway: Gateway, principal: Principal, where: str, sorgu_no: SorguNo | None, cms: bytes | Rejected
) -> dict[str, Any]:
    told = {"where": where, "sorgu_no": sorgu_no, "state": None, "code": None, "tr": None, "en": None}
    try:
        if isinstance(cms, Rejected) or sorgu_no is None:
            raise cms if isinstance(cms, Rejected) else Malformed("no number")
        state = acts.attach(gateway, principal.kurum, sorgu_no, cms, signer=principal.signer)
        return {**told, "status": "attached", "state": state.value}
    except Rejected as refusal:
        facts = {"path": "", "seen": refusal.detail, "wanted": ""}
        words = {"tr": text(refusal.code, "tr", **facts), "en": text(refusal.code, "en", **facts)}
        return {**told, "status": "refused", "code": refusal.code, **words}


def _read_folder(path: Path) -> Iterator[Line]:
    """The members of an archive of ``NUMBER.p7s``; raises BadCall for one that is none. Nothing is unpacked to disk."""
    try:
        with zipfile.ZipFile(path) as folder:
            members = folder.infolist()
            _require_few(len(members))
            for each in members:
                number = number_of_signature(each.filename)
                with folder.open(each) as member:
                    cms = member.read(MAX_CMS_BYTES + 1)
                where = seen(each.filename)
                yield where, number, cms if number else Malformed(f"{where}: NUMBER.p7s is wanted")
    except _BROKEN as error:
        raise BadCall("ZIP") from error


def _read_lines(path: Path) -> Iterator[Line]:
    with path.open("rb") as file:
        for place, line in enumerate(iter(lambda: file.readline(CHUNK * 4), b""), 1):
            _require_few(place)
            where = f"line {place}"
            try:
                told = Signed.model_validate_json(line)
                yield where, SorguNo(told.sorgu_no), b64decode(told.cms, validate=True)
            except (ValidationError, binascii.Error, ValueError):
                yield where, None, Malformed(f'{where}: {{"sorgu_no": 1, "cms": "base64"}} is wanted')


def _require_few(count: int) -> None:
    if count > AT_ONCE:
        raise BadCall(f"at most {AT_ONCE} signatures in one call")
