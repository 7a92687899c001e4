"""Published veri setleri in full: fields, what changed between two versions in words, schemas to download, changes."""

from __future__ import annotations

import io
import zipfile
from datetime import date, datetime
from pathlib import Path as FilePath
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from integrator.catalogue.changes import read_changes
from integrator.catalogue.codes import history_of
from integrator.catalogue.definitions import LOCAL
from integrator.catalogue.definitions import Field as Column
from integrator.catalogue.differences import differences
from integrator.catalogue.json_schema import json_schema
from integrator.domain.clock import ISTANBUL
from integrator.domain.errors import NotFound
from integrator.domain.roles import Right
from integrator.store.engine import reading
from integrator.web.api.receipts import ZIP
from integrator.web.api.reference import Name, shown_definition
from integrator.web.api.shapes import Words
from integrator.web.description import bytes_of
from integrator.web.guard import GatewayHere, needs

router = APIRouter(tags=["reference"])
JSON_SCHEMA = "application/schema+json"


class ColumnTold(BaseModel):
    """One field of a record."""

    path: str
    title: Words
    kind: str
    form: str
    length: str
    unit: str
    compulsory: bool
    code_list: str | None
    wire: dict[str, dict[str, str]]
    clause: str


class VersionTold(BaseModel):
    """One version; `local` fields stay with us and are never sent (circular 7b)."""

    veri_seti: str
    version: str
    status: str
    source: str
    published_on: date | None
    in_force_from: date | None
    in_force_until: date | None
    code_lists: list[str]
    title: Words
    metot: list[str]
    health: bool
    fields: list[ColumnTold]
    local: list[ColumnTold]
    limits: dict[str, int]


class Difference(Words):
    """One change, in words."""

    code: str
    path: str


class Differences(BaseModel):
    """Every change from one version to another."""

    veri_seti: str
    before: str
    after: str
    changes: list[Difference]


class CodeChange(BaseModel):
    """What became of one code, and when it was seen."""

    code: str
    change: str
    text: str
    seen_at: datetime


class CodeHistory(BaseModel):
    """Oldest first."""

    list_name: str
    history: list[CodeChange]


class Change(Words):
    """One row of the change register; `days_left` of the 30 calendar days (circular 3-0b), null when no clock runs."""

    no: str
    kind: str
    announced: bool
    published_on: date
    effective_from: date
    done_on: date | None
    state: str
    days_left: int | None
    veri_seti: str
    source: str


class Changes(BaseModel):
    """Newest first."""

    today: date
    changes: list[Change] = Field(description="what was announced, or seen")


@router.get("/veri-seti/{veri_seti}/{version}", response_model=VersionTold, dependencies=[needs(Right.OPEN)])
def read_version(veri_seti: Name, version: Name, gateway: GatewayHere) -> dict[str, Any]:
    """The fields of one version: kind, length, unit, code list, compulsory or not, name on the wire, clause."""
    found = gateway.catalogue.definition(veri_seti, version)
    return {
        **shown_definition(found),
        "title": {"tr": found.title_tr, "en": found.title_en},
        "metot": list(found.metot),
        "health": found.health,
        "fields": [_column(path, each) for path, each in found.every_field],
        "local": [_column(f"{LOCAL}.{each.name}", each) for each in found.local],
        "limits": {name: limit.max for name, limit in found.limits.items()},
    }


@router.get(
    "/veri-seti/{veri_seti}/{version}/differences", response_model=Differences, dependencies=[needs(Right.OPEN)]
)
def read_differences(
    veri_seti: Name,
    version: Name,
    gateway: GatewayHere,
    since: Annotated[str, Query(max_length=64, description="the other version")],
) -> dict[str, Any]:
    """What changed from the version `since` to this one, in words."""
    before, after = (gateway.catalogue.definition(veri_seti, each) for each in (since, version))
    told = [{"code": e.code, "path": e.path, "tr": e.tr, "en": e.en} for e in differences(before, after)]
    return {"veri_seti": veri_seti, "before": since, "after": version, "changes": told}


@router.get(
    "/veri-seti/{veri_seti}/{version}/json-schema",
    response_class=JSONResponse,
    responses={200: {"description": "JSON Schema 2020-12", "content": {JSON_SCHEMA: {"schema": {"type": "object"}}}}},
    dependencies=[needs(Right.OPEN)],
)
def read_json_schema(veri_seti: Name, version: Name, gateway: GatewayHere) -> Response:
    """The record as it is submitted, as a JSON Schema: what does not fit it always has findings."""
    return JSONResponse(json_schema(gateway.catalogue.definition(veri_seti, version)), media_type=JSON_SCHEMA)


@router.get(
    "/veri-seti/{veri_seti}/{version}/xsd",
    response_class=Response,
    responses=bytes_of(ZIP, description="The XSD of the record and of what is signed, with what they include."),
    dependencies=[needs(Right.OPEN)],
)
def read_xsd(veri_seti: Name, version: Name, gateway: GatewayHere) -> Response:
    """The XSD files of one version as a ZIP, in folders as they include one another."""
    schema = gateway.catalogue.definition(veri_seti, version).schema
    if schema is None:
        raise NotFound("no XSD of this version is published")
    named = {"Content-Disposition": f'attachment; filename="{veri_seti}-{version}-xsd.zip"'}
    return Response(_zipped(schema.parent), media_type=ZIP, headers=named)


@router.get("/kod/{list_name}/history", response_model=CodeHistory, dependencies=[needs(Right.OPEN)])
def read_history(
    list_name: Annotated[str, Path(max_length=64)],
    gateway: GatewayHere,
    code: Annotated[str | None, Query(max_length=20)] = None,
) -> dict[str, Any]:
    """What became of the codes of a list: first seen, changed, closed, reopened, each with its day."""
    used = {name for each in gateway.catalogue.definitions for name in each.code_lists}
    if list_name not in used:
        raise NotFound("no veri seti uses a list of that name")
    with reading(gateway.database) as tx:
        rows = history_of(tx, list_name, code)
    names = ("code", "change", "seen_at")
    return {"list_name": list_name, "history": [{**{n: row[n] for n in names}, "text": row["text_tr"]} for row in rows]}


@router.get("/change-register", response_model=Changes, dependencies=[needs(Right.OPEN)])
@router.get("/changes", response_model=Changes, dependencies=[needs(Right.OPEN)])
def read_register(gateway: GatewayHere) -> dict[str, Any]:
    """The change register: what the ministry announced, and how many of the 30 calendar days are left."""
    today = gateway.clock.now().astimezone(ISTANBUL).date()
    names = [name for name in Change.model_fields if name not in ("state", "days_left")]
    rows = [
        {**{name: getattr(e, name) for name in names}, "state": e.state(today), "days_left": e.days_left(today)}
        for e in read_changes()
    ]
    return {"today": today, "changes": rows}


def _zipped(folder: FilePath) -> bytes:
    files = [*sorted(folder.glob("*.xsd")), *sorted(folder.parent.glob("*.xsd"))]
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in files:
            archive.writestr(str(path.relative_to(folder.parent)), path.read_bytes())
    return out.getvalue()


def _column(path: str, column: Column) -> dict[str, Any]:
    what, length = column.form
    return {
        "path": path,
        "title": {"tr": column.tr, "en": column.en},
        "kind": column.kind,
        "form": what,
        "length": length,
        "unit": column.unit,
        "compulsory": column.required,
        "code_list": column.code_list,
        "wire": {generation: {"name": each.name, "type": each.type} for generation, each in column.wire.items()},
        "clause": column.source,
    }
