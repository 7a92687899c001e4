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
    SELF = "self"  # one's own account and sessions: people only
    BREAK_GLASS = "break_glass"  # look at a customer's content as staff of the integrator: for a reason, for a time
    READ_EVIDENCE = "read_evidence"  # packs: what was signed and sent, health content apart
    READ_HEALTH = "read_health"  # have the health part of a pack sealed for a physician and put into it
    READ_PARTIES = "read_parties"  # workplaces, professionals, contracts; people masked
    KEEP_PARTIES = "keep_parties"  # import and change them
    LOOK_UP = "look_up"  # ask the ministry about a workplace or a person
    HEAR = "hear"  # read announcements, and acknowledge them by name
    ANNOUNCE = "announce"  # put announcements in, see who acknowledged
    KEEP_REGISTRY = "keep_registry"  # the integrator's own registers: forms, agreement, findings, state of the firm
    READ_LINE = "read_line"  # the gateway's own state
    KEEP_WEBHOOKS = "keep_webhooks"  # where the customer's changes are pushed, and the secrets that sign them
    KEEP_ACCESS = "keep_access"  # the customer's own keys and people: make, narrow, end
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


_SEEING = frozenset({Right.OPEN, Right.FOLLOW, Right.READ_LINE, Right.READ_PARTIES})
_PREPARING = _SEEING | {Right.SUBMIT, Right.KEEP_PARTIES, Right.LOOK_UP, Right.HEAR}
_INSIDE = frozenset({Right.READ_CONTENT, Right.READ_EVIDENCE, Right.READ_HEALTH})
_PERSON = frozenset({Right.SELF, Right.HEAR})

RIGHTS: Mapping[Role, frozenset[Right]] = {
    Role.SYSTEM: _PREPARING | _INSIDE | {Right.SIGN, Right.ACT, Right.KEEP_WEBHOOKS},
    Role.SECRETARY: _PERSON | _PREPARING,
    Role.PROFESSIONAL: _PERSON | _PREPARING | {Right.READ_CONTENT, Right.SIGN},  # content and signature: their own only
    Role.MANAGER: _PERSON | _SEEING,
    Role.COMPLIANCE: (
        _PERSON
        | _SEEING
        | {Right.ACT, Right.KEEP_PARTIES, Right.LOOK_UP, Right.READ_EVIDENCE, Right.KEEP_WEBHOOKS, Right.KEEP_ACCESS}
    ),
    Role.AUDITOR: _PERSON | _SEEING | _INSIDE,
    Role.OPERATOR: frozenset(
        {Right.OPEN, Right.SELF, Right.READ_LINE, Right.RUN_LINE, Right.BREAK_GLASS}
        | {Right.ANNOUNCE, Right.KEEP_REGISTRY}
    ),
}
NEVER_A_KEYS = frozenset({Right.SELF, Right.BREAK_GLASS, Right.KEEP_ACCESS})
"""What no program may, whatever its key's role: a person stands behind these."""

GIVEN_UNOWNED = frozenset({Right.SUBMIT})
"""What whoever keeps access gives without having it: to hand over shows nothing, and every record is judged."""

BEHIND_GLASS = _SEEING | {Right.READ_CONTENT}
"""What staff of the integrator may at the customer whose glass they broke: look, and change nothing."""
