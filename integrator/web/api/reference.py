"""What is published, and how the gateway stands: veri setleri, code lists, the line to the ministry."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import BaseModel

from integrator import acts
from integrator.access import Principal
from integrator.catalogue.definitions import Definition
from integrator.domain.errors import Misconfigured, NotFound
from integrator.domain.roles import Right
from integrator.gateway import Gateway
from integrator.queue.standing import told_line
from integrator.store.engine import reading
from integrator.web.api.messages import Reason
from integrator.web.guard import GatewayHere, needs

router = APIRouter(tags=["reference"])

Name = Annotated[str, Path(max_length=64)]


class VersionRow(BaseModel):
    """One published version."""

    veri_seti: str
    version: str
    status: str
    source: str
    published_on: date | None
    in_force_from: date | None
    in_force_until: date | None
    code_lists: list[str]


class VersionList(BaseModel):
    """Oldest first within a veri seti."""

    veri_seti: list[VersionRow]


class CodeTold(BaseModel):
    """One code, in both languages, with the days on which it is good."""

    code: str
    tr: str
    en: str
    valid_from: date | None
    valid_until: date | None
    active: bool


class CodeListTold(BaseModel):
    """As it was served last."""

    codes: list[CodeTold]
    list: str


class LineTold(BaseModel):
    """The line to the ministry."""

    state: str
    since: datetime | None
    is_interrupted: bool


class LineTurned(LineTold):
    """With whether anything changed."""

    changed: bool


@router.get("/veri-seti", response_model=VersionList, dependencies=[needs(Right.OPEN)])
def read_veri_seti_list(gateway: GatewayHere) -> dict[str, Any]:
    """Every published version of every veri seti: status, source, from when until when."""
    return {"veri_seti": [shown_definition(each) for each in gateway.catalogue.definitions]}


@router.get("/kod/{veri_seti}/{version}/{list_name}", response_model=CodeListTold, dependencies=[needs(Right.OPEN)])
def read_codes(
    veri_seti: Name,
    version: Name,
    list_name: Name,
    gateway: GatewayHere,
) -> dict[str, Any]:
    """A code list of one version, as it was served last; with both languages and the days of each code."""
    definition = gateway.catalogue.definition(veri_seti, version)
    if list_name not in definition.code_lists:
        raise NotFound(f"{veri_seti} {version} has the lists {', '.join(sorted(definition.code_lists)) or '-'}")
    listed = gateway.catalogue.code_list(definition, list_name)
    rows = [
        {
            "code": each.code,
            "tr": each.tr,
            "en": each.en,
            "valid_from": _day(each.valid_from),
            "valid_until": _day(each.valid_until),
            "active": each.active,
        }
        for each in listed.values()
    ]
    return {"list": list_name, "codes": rows}


@router.get("/line", response_model=LineTold, dependencies=[needs(Right.READ_LINE)])
def read_state(gateway: GatewayHere) -> dict[str, Any]:
    """The line to the ministry: ACTIVE, PASSIVE (the firm is not known) or STOPPED (by an operator)."""
    return _line(gateway)


@router.post("/line/stop", response_model=LineTurned)
def stop(why: Reason, gateway: GatewayHere, principal: Annotated[Principal, needs(Right.RUN_LINE)]) -> dict[str, Any]:
    """Stop all sending, for every customer. Accepting goes on."""
    _require_address(gateway)
    return {"changed": acts.stop_line(gateway, reason=why.reason, by=principal.name), **_line(gateway)}


@router.post("/line/resume", response_model=LineTurned)
def resume(why: Reason, gateway: GatewayHere, principal: Annotated[Principal, needs(Right.RUN_LINE)]) -> dict[str, Any]:
    """Let sending go on."""
    _require_address(gateway)
    return {"changed": acts.resume_line(gateway, reason=why.reason, by=principal.name), **_line(gateway)}


def _require_address(gateway: Gateway) -> None:
    if not gateway.address:
        raise Misconfigured("ministry.address is not set: there is no line to stop or resume")


def _line(gateway: Gateway) -> dict[str, Any]:
    with reading(gateway.database) as tx:
        found = told_line(tx, gateway.address)
    at = found.changed_at
    return {"state": found.state, "since": at.isoformat() if at else None, "is_interrupted": found.is_narrow}


def shown_definition(definition: Definition) -> dict[str, Any]:
    """One version as a list tells it."""
    return {
        "veri_seti": definition.veri_seti,
        "version": definition.version,
        "status": definition.status,
        "source": definition.source,
        "published_on": _day(definition.published_on),
        "in_force_from": _day(definition.in_force_from),
        "in_force_until": _day(definition.in_force_until),
        "code_lists": sorted(definition.code_lists),
    }


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None
