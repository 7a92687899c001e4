"""Rows as programs see them: times as ISO 8601 in UTC, the state with what happened, who must act and where."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StrictInt

from integrator.domain.advice import advice_for
from integrator.domain.states import State

SGK_FORM = "^[1-9][0-9]{15}(00[1-9]|0[1-7][0-9]|08[01])[0-9]{2}(0[1-9]|[1-8][0-9]|9[0-7])[0-9]{3}$"
SgkNo = Annotated[str, Field(pattern=SGK_FORM, description="sgk_tescil_no, 26 digits")]

_DAY = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _as_day(value: Any) -> Any:
    """ISO text only: a number would be taken for seconds since 1970."""
    if value is None or type(value) is date or (isinstance(value, str) and _DAY.fullmatch(value)):
        return value
    raise ValueError("2026-01-31")


Day = Annotated[date, BeforeValidator(_as_day)]


def _as_moment(value: Any) -> Any:
    """Refuses what is a time to pydantic alone: a number, or a number in a text."""
    if value is None or isinstance(value, datetime) or (isinstance(value, str) and _DAY.match(value)):
        return value
    raise ValueError("2026-01-31T12:00:00Z")


Moment = Annotated[AwareDatetime, BeforeValidator(_as_moment)]
"""A time as ISO text, with its zone."""

Days = Annotated[int, Field(ge=1, le=400, strict=True)]
"""How long something lives."""


class Overlap(BaseModel):
    """How long what is replaced is still good."""

    model_config = ConfigDict(extra="forbid")
    overlap_hours: StrictInt = Field(default=24, ge=0, le=720)


class Words(BaseModel):
    """A text in both languages."""

    tr: str
    en: str


class MessageRow(BaseModel):
    """One message of a list: where it stands, what happened, who must act and where to click."""

    model_config = ConfigDict(extra="allow")
    sorgu_no: int
    kayit_no: str
    part: int
    state: State
    last_code: str
    happened: Words
    who: Words
    where: Words


def shown_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """One message of a list."""
    told = advice_for(State(row["state"]), row["last_code"], row["reason"])
    shown: dict[str, Any] = plain(
        {**row, "happened": dict(told.happened), "who": dict(told.who), "where": dict(told.where)}
    )
    return shown


def plain(value: Any) -> Any:
    """`value` with every time as ISO text, all the way down."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {name: plain(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    return value
