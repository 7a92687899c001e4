"""One message: its life, its bytes, its proof, and what a person may do with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from integrator import acts
from integrator.access import Principal
from integrator.desk.proofs import read_content, read_proof, read_signed
from integrator.desk.timeline import read_life
from integrator.domain.advice import word
from integrator.domain.errors import BadReason, Changed, IllegalMove, Rejected
from integrator.domain.hands import LONGEST_REASON, Verb
from integrator.domain.identifiers import SorguNo
from integrator.domain.roles import Right
from integrator.domain.texts import text
from integrator.evidence.receipt import make_receipt
from integrator.evidence.receipt_pdf import render_receipt
from integrator.gateway import Gateway
from integrator.store.engine import reading
from integrator.telling import tell_message
from integrator.web.desk.bildirim import TONES
from integrator.web.desk.failures import sentence_of
from integrator.web.desk.forms import form_of, read_form
from integrator.web.desk.pages import DESK, go, language_of, render
from integrator.web.guard import GatewayHere, needs
from integrator.web.problems import NoSuchAddress, status_of

router = APIRouter(prefix="/bildirim/{sorgu_no}", dependencies=[Depends(read_form)])
Number = Annotated[int, Path(ge=1, le=99_999_999_999)]
Follows = Annotated[Principal, needs(Right.FOLLOW)]
Acts = Annotated[Principal, needs(Right.ACT)]
ACTS: dict[Verb, Callable[..., Any]] = {
    Verb.RELEASE: acts.release, Verb.RETRY: acts.retry, Verb.CANCEL: acts.cancel, Verb.QUARANTINE: acts.quarantine,
}  # fmt: skip


@router.get("")
def show_one(
    sorgu_no: Number,
    request: Request,
    gateway: GatewayHere,
    principal: Follows,
    done: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """The life of one message."""
    return _shown(request, gateway, principal, SorguNo(sorgu_no), done=done if done in list(Verb) else "")


@router.post("/{verb}")
def act(
    sorgu_no: Number,
    verb: Annotated[str, Path(max_length=20)],
    request: Request,
    gateway: GatewayHere,
    principal: Acts,
) -> Response:
    """Release, retry, cancel or stop it, for a reason."""
    form, number = form_of(request), SorguNo(sorgu_no)
    found = next((each for each in ACTS if each == verb), None)
    try:
        if found is None:
            raise NoSuchAddress(verb[:20])
        reason, version = form.one("reason", longest=LONGEST_REASON), form.one("version", longest=200)
        ACTS[found](gateway, principal.kurum, number, reason=reason, by=principal.name, **_if(found, version))
    except (BadReason, IllegalMove, Changed) as error:
        return _shown(request, gateway, principal, number, error=error)
    return go(f"{DESK}/bildirim/{sorgu_no}?done={verb}")


def _if(verb: Verb, version: str) -> dict[str, str]:
    """Only while the message stands as it was shown; to stop it wants no such thing."""
    return {} if verb is Verb.QUARANTINE else {"version": version}


@router.get("/bytes")
def read_bytes(
    sorgu_no: Number,
    request: Request,
    gateway: GatewayHere,
    principal: Annotated[Principal, needs(Right.READ_CONTENT)],
) -> Response:
    """The exact bytes that were signed, as text; that they were read is audited."""
    number, kurum = SorguNo(sorgu_no), principal.kurum
    found = read_content(gateway, kurum, number, rights=principal.rights, by=principal.name, signer=principal.signer)
    content = found.canonical
    return render(request, "bytes.html", principal, sorgu_no=sorgu_no, content=content.decode(), size=len(content))


@router.get("/makbuz")
def read_receipt(
    sorgu_no: Number, gateway: GatewayHere, principal: Annotated[Principal, needs(Right.READ_EVIDENCE)]
) -> Response:
    """Its receipt, one page."""
    made = make_receipt(gateway, principal.kurum, SorguNo(sorgu_no), by=principal.name)
    named = {"Content-Disposition": f'attachment; filename="makbuz-{sorgu_no}.pdf"', "Cache-Control": "no-store"}
    return Response(render_receipt(made), media_type="application/pdf", headers=named)


@router.get("/proof")
def show_proof(sorgu_no: Number, request: Request, gateway: GatewayHere, principal: Follows) -> Response:
    """Its signature judged once more, its digests, and its place in the log."""
    with reading(gateway.database) as tx:
        signed = read_signed(tx, gateway, principal.kurum, SorguNo(sorgu_no))
        proof = read_proof(tx, principal.kurum, SorguNo(sorgu_no))
    language = language_of(request)
    return render(
        request, "proof.html", principal, sorgu_no=sorgu_no, signed=signed, proof=proof,
        advise=lambda verdict: text(verdict.code, language, path="", seen=verdict.detail, wanted=""),
    )  # fmt: skip


@router.get("/parts")
def show_parts(sorgu_no: Number, request: Request, gateway: GatewayHere, principal: Follows) -> Response:
    """What the ministry refused of it, part by part; workers masked. That it was looked at is audited."""
    health, number = principal.may(Right.READ_CONTENT), SorguNo(sorgu_no)
    told = tell_message(gateway, principal.kurum, number, by=principal.name, health=health, signer=principal.signer)
    return render(request, "parts_refused.html", principal, sorgu_no=sorgu_no, told=told)


def _shown(
    request: Request,
    gateway: Gateway,
    principal: Principal,
    number: SorguNo,
    *,
    done: str = "",
    error: Rejected | None = None,
) -> Response:
    language, whole = language_of(request), principal.may(Right.KEEP_PARTIES)
    with reading(gateway.database) as tx:
        life = read_life(tx, gateway, principal.kurum, number, whole=whole)
    return render(
        request, "bildirim.html", principal, status=status_of(error) if error else 200, life=life, tones=TONES,
        say_word=lambda value: word(value, language), done=done, fault=sentence_of(request, error) if error else "",
        verbs=[each for each in ACTS if each in life.can],
    )  # fmt: skip
