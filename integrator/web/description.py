"""The description of the API (OpenAPI 3.1): what every call has in common is written here once, for every route.

A route tells what is its own: parameters, body, answer. Here each gets the right it asks for and who has it, and the
problems it may end in, so a new route cannot forget them; and the links by which a client comes from a stored record to
its receipt.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from pydantic import BaseModel, Field

from integrator.domain.roles import NEVER_A_KEYS, RIGHTS, Right
from integrator.web.answers import DEPRECATED
from integrator.web.guard import CSRF_HEADER, OPEN_TO_ALL, rule_of
from integrator.web.once import HEADER, METHODS, UPLOADS

Node = dict[str, Any]
PROBLEM = "application/problem+json"
_METHODS = ("get", "put", "post", "delete", "patch")
_KEY = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "description": "Said again with the same call it gets the first answer, and nothing is done twice (24 hours).",
    "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"},
}


class Shown(BaseModel):
    """One finding: a fault in one place."""

    code: str
    path: str
    severity: str
    seen: str
    wanted: str
    tr: str
    en: str


class Problem(BaseModel):
    """Why a call could not be done (RFC 9457); `code` is stable, docs/errors.md lists all."""

    type: str = Field(description="urn:ibys:problem:CODE")
    title: str
    status: int
    code: str = Field(pattern=r"^INT-([A-Z]{3}-)?[0-9]{3}$")
    detail: str
    tr: str
    en: str
    request_id: str
    findings: list[Shown] | None = None


_TEXTS: Mapping[str, str] = {
    "400": "A parameter or the body does not have the form that is taken here.",
    "401": "No key came, or it does not open.",
    "403": "The key's role may not do that.",
    "404": "Nothing of this customer answers to that.",
    "405": "The address does not take this method.",
    "409": "It is not so that this can be done now: other content under that id, or no such move from this state.",
    "412": "It no longer stands where `If-Match` says; nothing was done.",
    "413": "The body is larger than the cap.",
    "415": "The body is of a kind that is not taken here.",
    "422": "The content is at fault; findings are told where there are some.",
    "429": "More calls, records or bytes than this customer may. Retry-After tells when it may again.",
    "500": "A fault of ours or a setting that the operator must mend; nothing of it is told.",
    "503": "Busy, or something we need is away: the same call succeeds later. Retry-After tells when.",
}
_ALWAYS = ("401", "403", "405", "429", "500", "503")
_FORM = ("400", "404")
_BODY = ("409", "413", "415", "422")
_SEEN = ("412",)


class Described(FastAPI):
    """The application, with everything in its description that all routes share."""

    def openapi(self) -> Node:
        """The description; made once."""
        if not self.openapi_schema:
            self.openapi_schema = _completed(super().openapi())
            for path, method, rule in _rules_of(self):
                self.openapi_schema["paths"][path][method] |= _told(rule)
        return self.openapi_schema


_SCHEMES: Node = {
    "key": {"type": "http", "scheme": "bearer", "description": "A program's key: `ibys api-key make`."},
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "__Host-ibys",
        "description": f"A person's session: `POST /v1/oturum`. What changes something carries {CSRF_HEADER}, too.",
    },
}


def _rules_of(app: FastAPI) -> Iterator[tuple[str, str, Right | str]]:
    """(path, method, rule) of every route that is described, as the description writes them."""
    for route in iter_route_contexts(app.routes):
        dependant = getattr(route, "dependant", None) if getattr(route, "include_in_schema", False) else None
        rules = [rule_of(each.call) for each in dependant.dependencies] if dependant else []
        for method in route.methods or ():
            yield from ((str(route.path).replace(":path}", "}"), method.lower(), rule) for rule in rules if rule)


def _told(rule: Right | str) -> Node:
    """Who may make a call with this rule."""
    if not isinstance(rule, Right):
        return {"security": [], "x-right": OPEN_TO_ALL}
    by_key: list[dict[str, list[str]]] = [] if rule in NEVER_A_KEYS else [{"key": []}]
    roles = [role.value for role, rights in RIGHTS.items() if rule in rights]
    return {"security": [*by_key, {"session": []}], "x-right": rule.value, "x-roles": roles}


def _completed(page: Node) -> Node:
    parts = page.setdefault("components", {})
    schemas = parts.setdefault("schemas", {})
    for model in (Problem,):
        made = model.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas |= {**made.pop("$defs", {}), model.__name__: made}
    for name in ("HTTPValidationError", "ValidationError"):  # FastAPI's own; ours are problems
        schemas.pop(name, None)
    parts["securitySchemes"] = _SCHEMES
    parts["responses"] = {f"P{status}": _problem(text) for status, text in _TEXTS.items()}
    for path, method, operation in _operations(page):
        if path.startswith("/v1/"):
            _complete(operation, method)
            if method.upper() in METHODS and path not in UPLOADS:
                operation.setdefault("parameters", []).append(_KEY)
            if (method.upper(), path) in DEPRECATED:
                operation["deprecated"] = True
    _link(page)
    return page


def _problem(text: str) -> Node:
    return {"description": text, "content": {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}}}


def _operations(page: Node) -> Iterator[tuple[str, str, Node]]:
    for path, methods in page["paths"].items():
        for method in _METHODS:
            if method in methods:
                yield path, method, methods[method]


def _complete(operation: Node, method: str) -> None:
    """The problems that this kind of call can end in."""
    answers = operation["responses"]
    if "HTTPValidationError" in str(answers.get("422", "")):
        del answers["422"]
    told = {*_ALWAYS, *(_BODY if method != "get" else ()), *_FORM}
    told.update(_SEEN if any(each["name"] == "if-match" for each in operation.get("parameters", ())) else ())
    for status in sorted(told - set(answers)):
        answers[status] = {"$ref": f"#/components/responses/P{status}"}


_LINKS: Mapping[tuple[str, str], Mapping[str, tuple[str, Mapping[str, str]]]] = {
    ("/v1/kayit", "post"): {
        "record": ("/v1/kayit/{kayit_no}", {"kayit_no": "$response.body#/kayit_no"}),
        "findings": ("/v1/kayit/{kayit_no}/findings", {"kayit_no": "$response.body#/kayit_no"}),
        "message": ("/v1/bildirim/{sorgu_no}", {"sorgu_no": "$response.body#/sorgu_no/0"}),
        "receipt": ("/v1/bildirim/{sorgu_no}/makbuz", {"sorgu_no": "$response.body#/sorgu_no/0"}),
    },
}
"""From an answer to the calls that can follow: (address, its parameters out of the answer); all of them GET."""


def _link(page: Node) -> None:
    paths = page["paths"]
    for (path, method), links in _LINKS.items():
        told = {
            name: {"operationId": paths[target]["get"]["operationId"], "parameters": dict(parameters)}
            for name, (target, parameters) in links.items()
            if target in paths
        }
        answers = paths[path][method]["responses"]
        for status in [each for each in answers if each.startswith("2")]:
            answers[status]["links"] = told


_BYTES: Node = {"type": "string", "format": "binary"}


def body_of(*kinds: str, schema: Node | None = None, description: str = "", required: bool = True) -> Node:
    """``openapi_extra`` of a route that reads its body itself: by `schema`, or bytes of these kinds."""
    content = {kind: {"schema": _BYTES if schema is None else schema} for kind in kinds}
    return {"requestBody": {"required": required, "content": content, "description": description or "The body."}}


def bytes_of(*kinds: str, description: str) -> dict[int | str, dict[str, Any]]:
    """``responses`` of a route that answers with bytes."""
    return {200: {"description": description, "content": {kind: {} for kind in kinds}}}
