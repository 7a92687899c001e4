"""What the layers around the routes add to the API's description: headers that every call of a kind takes or gives."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from integrator.web.once import HEADER, METHODS, UPLOADS

_KEY = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "description": "Said again with the same call it gets the first answer, and nothing is done twice (24 hours).",
    "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"},
}


class Api(FastAPI):
    """The application with the whole of its description."""

    def openapi(self) -> dict[str, Any]:
        """The routes' description and the layers'."""
        if self.openapi_schema is None:
            for path, operations in super().openapi()["paths"].items():
                for method, operation in operations.items():
                    _complete(path, method.upper(), operation)
        return super().openapi()


def _complete(path: str, method: str, operation: dict[str, Any]) -> None:
    if method in METHODS and path not in UPLOADS:
        operation.setdefault("parameters", []).append(_KEY)
