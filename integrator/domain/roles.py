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
    READ_EVIDENCE = "read_evidence"  # packs: what was signed and sent, health content apart
    READ_HEALTH = "read_health"  # have the health part of a pack sealed for a physician and put into it
    READ_PARTIES = "read_parties"  # workplaces, professionals, contracts; people masked
    KEEP_PARTIES = "keep_parties"  # import and change them
    LOOK_UP = "look_up"  # ask the ministry about a workplace or a person
    HEAR = "hear"  # read announcements, and acknowledge them by name
    ANNOUNCE = "announce"  # put announcements in, see who acknowledged
    READ_LINE = "read_line"  # the gateway's own state
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


_SEEING = frozenset({Right.OPEN, Right.FOLLOW, Right.READ_LINE, Right.READ_PARTIES, Right.HEAR})
_PREPARING = _SEEING | {Right.SUBMIT, Right.KEEP_PARTIES, Right.LOOK_UP}
_INSIDE = frozenset({Right.READ_CONTENT, Right.READ_EVIDENCE, Right.READ_HEALTH})

RIGHTS: Mapping[Role, frozenset[Right]] = {
    Role.SYSTEM: _PREPARING | _INSIDE | {Right.SIGN, Right.ACT},
    Role.SECRETARY: _PREPARING,
    Role.PROFESSIONAL: _PREPARING | _INSIDE | {Right.SIGN},
    Role.MANAGER: _SEEING,
    Role.COMPLIANCE: _SEEING | {Right.ACT, Right.KEEP_PARTIES, Right.LOOK_UP, Right.READ_EVIDENCE},
    Role.AUDITOR: _SEEING | _INSIDE,
    Role.OPERATOR: frozenset({Right.OPEN, Right.READ_LINE, Right.RUN_LINE, Right.ANNOUNCE}),
}
