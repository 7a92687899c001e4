"""What a form sent: read once, before anybody asks who is there, for the token of the session stands in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from fastapi import Request

from integrator.web.problems import BadCall, NotTaken

FORM_TYPE = "application/x-www-form-urlencoded"
FIELDS_AT_MOST = 500
_READS = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Form:
    """Fields as they were typed, without the blanks around; a field that came several times keeps all its values."""

    fields: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False)  # a password may be among them

    def one(self, name: str, *, longest: int = 254) -> str:
        """A field's only value, "" when it did not come. Raises BadCall when it is longer, or came twice."""
        values = self.fields.get(name, ())
        if len(values) > 1 or any(len(each) > longest for each in values):
            raise BadCall(f"{name}: at most {longest} characters, once")
        return values[0] if values else ""

    def several(self, name: str) -> tuple[str, ...]:
        """All values of a field."""
        return self.fields.get(name, ())


async def read_form(request: Request) -> None:
    """Keep the form beside the request; what cannot be read is told once somebody asks for it (`form_of`)."""
    if request.method not in _READS:
        body = await request.body()  # capped before it gets here (small_bodies)
        told = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        request.state.form = parse_form(body) if told == FORM_TYPE else None
        if request.state.form:
            values = request.state.form.several("csrf")
            request.state.csrf_told = values[0] if len(values) == 1 else ""


def parse_form(body: bytes) -> Form | None:
    """The fields of a body; None for one that is no form."""
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=FIELDS_AT_MOST)
    except ValueError:  # UnicodeDecodeError is one
        return None
    fields: dict[str, tuple[str, ...]] = {}
    for name, value in pairs:
        fields[name] = (*fields.get(name, ()), value.strip().replace("\r\n", "\n"))
    return Form(fields)


def form_of(request: Request) -> Form:
    """What the form sent. Raises NotTaken for a body of another kind, BadCall for one that cannot be read."""
    form: Form | None = request.state.form
    if form is None:
        is_form = request.headers.get("content-type", "").lower().startswith(FORM_TYPE)
        raise BadCall("body: not the fields of a form") if is_form else NotTaken(FORM_TYPE)
    return form
