"""Who may do what: roles and rights, and the one table between them. The doors (web) ask it; nothing else decides.

A role is a person's or a program's place at one kurum. Only `operator` is of the integrator itself: it runs the line
and opens no content by default (domain INT-1i).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Right(StrEnum):
    """What a door asks for."""

    OPEN = "open"  # public data: data sets, code lists
    SUBMIT = "submit"  # hand over records, correct them
    FOLLOW = "follow"  # see delivery: states, codes, findings; no content
    READ_CONTENT = "read_content"  # the signed bytes, with identity numbers and health facts in them
    SIGN = "sign"  # attach a signature
    ACT = "act"  # release, retry, cancel
    READ_LINE = "read_line"  # the gateway's own state
    KEEP_WEBHOOKS = "keep_webhooks"  # where the customer's changes are pushed, and the secrets that sign them
    RUN_LINE = "run_line"  # stop and resume all sending


class Role(StrEnum):
    """Who stands at the door."""

    SYSTEM = "system"
    SECRETARY = "secretary"
    PROFESSIONAL = "professional"
    MANAGER = "manager"
    COMPLIANCE = "compliance"
    AUDITOR = "auditor"
    OPERATOR = "operator"


_SEEING = frozenset({Right.OPEN, Right.FOLLOW, Right.READ_LINE})

RIGHTS: Mapping[Role, frozenset[Right]] = {
    Role.SYSTEM: _SEEING | {Right.SUBMIT, Right.READ_CONTENT, Right.SIGN, Right.ACT, Right.KEEP_WEBHOOKS},
    Role.SECRETARY: _SEEING | {Right.SUBMIT},
    Role.PROFESSIONAL: _SEEING | {Right.SUBMIT, Right.READ_CONTENT, Right.SIGN},
    Role.MANAGER: _SEEING,
    Role.COMPLIANCE: _SEEING | {Right.ACT, Right.KEEP_WEBHOOKS},
    Role.AUDITOR: _SEEING | {Right.READ_CONTENT},
    Role.OPERATOR: frozenset({Right.OPEN, Right.READ_LINE, Right.RUN_LINE}),
}
