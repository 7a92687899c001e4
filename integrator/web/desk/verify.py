"""Anybody who holds a usage certificate types its code here and learns whether it still stands; without a login."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request, Response

from integrator.domain.errors import Malformed
from integrator.paper.usage import Verified, verify_code
from integrator.web.desk.failures import sentence_of
from integrator.web.desk.forms import form_of, read_form
from integrator.web.desk.pages import render
from integrator.web.guard import GatewayHere, of_anybody, open_to_all
from integrator.web.problems import status_of

router = APIRouter(prefix="/verify", dependencies=[Depends(read_form)])


@router.get("", dependencies=[open_to_all()])
def show_form(request: Request) -> Response:
    """Where the code is typed."""
    return render(request, "verify.html", found=None, is_unknown=False, fault="")


@router.post("", dependencies=[open_to_all()])
def verify(request: Request, gateway: GatewayHere) -> Response:
    """What it said when it was issued. The code stands in no address; an address that guesses is slowed down."""

    def find() -> Verified | None:
        told = verify_code(gateway, code)
        return told if told.certificate else None

    try:
        code = form_of(request).one("code", longest=2_000)
        found = of_anybody(request, code, find)
    except Malformed as error:
        fault = sentence_of(request, error)
        return render(request, "verify.html", status=status_of(error), found=None, is_unknown=False, fault=fault)
    return render(request, "verify.html", found=found, is_unknown=found is None, fault="")
