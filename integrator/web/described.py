"""The description of the API: what FastAPI finds in the routes, and what each of them asks of the caller."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from integrator.domain.roles import NEVER_A_KEYS, RIGHTS, Right
from integrator.web.guard import CSRF_HEADER, OPEN_TO_ALL, rule_of

SCHEMES: dict[str, Any] = {
    "key": {"type": "http", "scheme": "bearer", "description": "A program's key: `ibys api-key make`."},
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "__Host-ibys",
        "description": f"A person's session: `POST /v1/oturum`. What changes something carries {CSRF_HEADER}, too.",
    },
}


def describe_rights(app: FastAPI) -> None:
    """Let the description of `app` say for each call who may make it."""
    plain = app.openapi

    def described() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = plain()
            schema.setdefault("components", {})["securitySchemes"] = SCHEMES
            for path, method, rule in rules_of(app):
                schema["paths"][path.replace(":path}", "}")][method.lower()] |= _told(rule)
        assert app.openapi_schema is not None
        return app.openapi_schema

    app.openapi = described  # type: ignore[method-assign]  # FastAPI's own way to extend it


def rules_of(app: FastAPI) -> list[tuple[str, str, Right | str]]:
    """(path, method, rule) of every route that is described."""
    return [
        (str(route.path), method, rule)
        for route in iter_route_contexts(app.routes)
        if (dependant := getattr(route, "dependant", None)) is not None and route.include_in_schema
        for rule in [rule_of(each.call) for each in dependant.dependencies]
        if rule is not None
        for method in sorted(route.methods or ())
    ]


def _told(rule: Right | str) -> dict[str, Any]:
    if not isinstance(rule, Right):
        return {"security": [], "x-right": OPEN_TO_ALL}
    by_key: list[dict[str, list[str]]] = [] if rule in NEVER_A_KEYS else [{"key": []}]
    roles = [role.value for role, rights in RIGHTS.items() if rule in rights]
    return {"security": [*by_key, {"session": []}], "x-right": rule.value, "x-roles": roles}
