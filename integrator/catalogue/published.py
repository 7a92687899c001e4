"""Where the published files lie: beside the code in a checkout, inside the package in a wheel."""

from __future__ import annotations

import os
from pathlib import Path

from integrator.domain.errors import Misconfigured

_PACKAGE = Path(__file__).resolve().parent.parent


def published(*parts: str) -> Path:
    """The path of a published file, such as ``published("schemas", "soap-g2", "ibys.wsdl")``.

    ``IBYS_PUBLISHED_DIR`` overrides the place. Raises Misconfigured when the file is not there.
    """
    named = os.environ.get("IBYS_PUBLISHED_DIR")
    roots = [Path(named)] if named else [_PACKAGE.parent, _PACKAGE / "published"]
    for root in roots:
        path = root.joinpath(*parts)
        if path.exists():
            return path
    raise Misconfigured(f"{'/'.join(parts)} is not among the published files ({', '.join(map(str, roots))})")
