"""What fsck does not look for, and why: columns and tables that steer when something happens next, or repeat what is
proven elsewhere. A change there is not found, and makes nothing false that can be proven. The list is as short as it
can be; a test shows for each that a change there is indeed not found.
"""

from __future__ import annotations

from collections.abc import Mapping

_LATER = "when or by whom the message is taken up next; a change delays or hastens it, `ibys status` shows it"
_REPEATED = "repeats in words what the entries of the message say by code"
_SEEN = "when a copy was written; what it holds is compared"

WORKING: Mapping[str, Mapping[str, str]] = {
    "bildirim": {
        **dict.fromkeys(("due_at", "claimed_by", "fence", "attempt", "asks", "uncertain_since"), _LATER),
        "reason": _REPEATED,
        "changed_at": "repeats the time of its newest entry",
        "ministry_no": "asked about while pending, and compared then; an answer about another message is not taken",
    },
    "evidence_copy": {"changed_at": _SEEN},
    "revocation_answer": {"seen_at": _SEEN},
    "audit_checkpoint": {
        "made_at": "when the next one is due; what it dates is dated by its entries, and by its token",
        "token": "a time-stamp authority's own signature over the note: packs carry it and `verify.py` judges it",
    },
    "kod": {"source": "who told the newest state; the entry of the act says so", "seen_at": "when it is fetched next"},
    "api_key": {"last_used_at": "to the minute, so that a call costs no write"},
    "kullanici": {
        "entered_at": "repeats the time of the newest entry of their coming in",
        "totp_step": "no code is good for longer than its two minutes, whatever stands here; a raised one is noticed",
    },
    "webhook": {
        **dict.fromkeys(
            ("due_at", "claimed_by", "fence", "failures", "failing_since", "taken_at", "deliveries"),
            "when its next turn is, and what came of the last ones; every turn changes them",
        ),
        "cursor": "how far the feed was pushed; the feed itself is the log, and a replay pushes it again",
    },
    "ministry_line": dict.fromkeys(
        (
            "reason", "changed_at", "failures", "opened", "failing_kurum", "probe_at", "probe_by", "rest_until",
            "spent_until", "tokens_left", "tokens_at", "send_cursor", "ask_cursor", "address",
        ),
        "the pace of calls, which every call changes; the line's state is compared",
    ),
    "checkpoint_holder": {
        **dict.fromkeys(("failures", "due_at", "told"), "when the holder is tried next"),
        "name": "a name of the settings; without its row the holder is given the newest checkpoint again",
    },
    "tick_lease": dict.fromkeys(("name", "holder", "fence", "until_at"), "which worker may run a tick just now"),
    "sorgu_no_counter": {"next": "counts on with each message; that it is above every number given is checked"},
}  # fmt: skip
"""Table -> column -> why a change there is none of fsck's business."""

ROWS: Mapping[str, Mapping[str, str]] = {
    "tick_lease": dict.fromkeys(("taken out", "put in"), "which worker may run a tick just now"),
    "checkpoint_holder": dict.fromkeys(("taken out", "put in"), "the holder is given the newest checkpoint again"),
    "state_depth": {"taken out": "of a state in which nothing stands: without its row it counts as none"},
    "revocation_answer": {"taken out": "one on which no decision relied; that one is gone on which one did is found"},
}
"""Table -> ``taken out`` or ``put in`` -> why such a row is none of fsck's business."""

ERASED = {
    "kayit": ("body",),
    "bildirim_body": ("canonical", "cms"),
    "deneme": ("request", "reply"),
    "sonuc": ("refused_parts",),
    "evidence_copy": ("body",),
}
"""Sealed values of a record whose key was destroyed: they open for nobody, whatever they are changed to."""

_STEERS = "steers a door or a pace; nothing that was notified, signed or proven stands in it"
TABLES: Mapping[str, str] = {
    **dict.fromkeys(
        (
            "api_call", "call_rate", "quota_use", "kayit_trace", "pack_job", "webhook_delivery", "login_brake",
            "oturum",
        ),
        _STEERS,
    ),
    **dict.fromkeys(
        (
            "coverage", "coverage_count", "coverage_cursor", "coverage_message", "coverage_worker", "coverage_depth",
            "coverage_month",
        ),
        "made from the log, and made anew from it",
    ),
}  # fmt: skip
"""Table -> why fsck passes over all of it."""
