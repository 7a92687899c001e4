"""Rows as programs see them: times as ISO 8601 in UTC, the state with what happened, who must act and where."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from integrator.domain.advice import advice_for
from integrator.domain.states import State

SGK_FORM = "^[1-9][0-9]{15}(00[1-9]|0[1-7][0-9]|08[01])[0-9]{2}(0[1-9]|[1-8][0-9]|9[0-7])[0-9]{3}$"
SgkNo = Annotated[str, Field(pattern=SGK_FORM, description="sgk_tescil_no, 26 digits")]


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
