"""Everything that can go wrong, as a tree that answers: who must act, and may the same bytes be sent again?

Retry is decided by class, never by reading a message. Each class has a stable code; docs/errors.md lists them
and a test compares the two. Texts in Turkish and English come from ``texts.toml`` under the same code.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from integrator.domain.findings import Finding


class IntegratorError(Exception):
    """Base of all errors that a person can do something about. Bugs are ordinary exceptions outside it."""

    code = "INT-000"
    exit_code = 1

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class Rejected(IntegratorError):
    """The sender's input is at fault; the same bytes will fail again."""

    code = "INT-INT-000"
    exit_code = 2


class Malformed(Rejected):
    """The bytes, or a value in them, do not have the form they claim."""

    code = "INT-INT-010"


class RefusedAddress(Malformed):
    """An address that a webhook may not have: not https, of two readings, or not public."""

    code = "INT-WHK-001"


class UnknownVeriSeti(Rejected):
    """No definition of that veri seti, or of that version, is published here."""

    code = "INT-CAT-002"


class Invalid(Rejected):
    """The record breaks rules of its veri seti; all findings are attached."""

    code = "INT-VAL-000"

    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__(f"{len(findings)} finding(s)")
        self.findings = tuple(findings)


class Duplicate(Rejected):
    """This id was used before for another content."""

    code = "INT-INT-002"


class BadSignature(Rejected):
    """The signature would be refused by the ministry, so it does not enter the queue."""

    code = "INT-SGN-001"


class WrongPin(Rejected):
    """The card did not take the PIN. It is tried once and never again by itself: wrong tries lock a card."""

    code = "INT-AGT-001"


class NotFound(Rejected):
    """Nothing here answers to that number."""

    code = "INT-QUE-002"


class IllegalMove(Rejected):
    """The life cycle has no such move from where the Bildirim stands."""

    code = "INT-QUE-001"


class StoppedForAll(IllegalMove):
    """A form that is stopped for every customer is let go by whoever runs the gateway, by no customer."""

    code = "INT-QUE-031"


class BadReason(Rejected):
    """A reason or a name that the audit log must not keep: empty, too long, or with an identity number in it."""

    code = "INT-QUE-003"


class TooManyWebhooks(IllegalMove):
    """The customer has as many webhooks as one may have."""

    code = "INT-WHK-002"


class RefusedReplay(IllegalMove):
    """A replay that would skip something, or deliver more than one replay may."""

    code = "INT-WHK-003"


class OnItsWay(IllegalMove):
    """The message is at the ministry's door just now; nobody may touch it until the answer is there."""

    code = "INT-QUE-004"


class MayBeStored(IllegalMove):
    """The ministry may hold the message, so it is not taken back before the ministry was asked."""

    code = "INT-QUE-005"


class Ended(IllegalMove):
    """The message has ended; nothing moves out of there."""

    code = "INT-QUE-006"


class CauseGone(NotFound):
    """No message waits for that cause any more: somebody else was first, or the cause has another id now."""

    code = "INT-QUE-007"


class UnknownParty(NotFound):
    """Nothing was imported or told about a workplace of that number."""

    code = "INT-PTY-015"


class NotAdmitted(Rejected):
    """A login, password, code or set-up code that does not open; which of them is not told."""

    code = "INT-PPL-001"


class Paused(Rejected):
    """Too many tries failed for this login or from this address: nothing is judged until the pause is over."""

    code = "INT-PPL-002"

    def __init__(self, detail: str, *, retry_after: timedelta) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class BadPassword(Rejected):
    """A new password that would soon be guessed, or that nobody could type."""

    code = "INT-PPL-003"


class LoginTaken(Rejected):
    """Somebody has that login already."""

    code = "INT-PPL-006"


class NotKnown(NotFound):
    """Nobody has that login; or no session, glass or provider of that name is there for whoever asks."""

    code = "INT-PPL-007"


class BeyondOwn(Rejected):
    """Somebody would give a right that is not theirs to give, or change their own account as if it were another's."""

    code = "INT-PPL-008"


class TooManyHere(IllegalMove):
    """The customer has as many keys, or people, as it may make itself."""

    code = "INT-PPL-009"


class NotInQuarantine(NotFound):
    """That form is not in quarantine, and no message of it is stopped."""

    code = "INT-QUE-008"


class NothingToCorrect(IllegalMove):
    """The record has no refused part, or was corrected before."""

    code = "INT-QUE-009"


class Changed(Rejected):
    """The message no longer stands where the caller saw it."""

    code = "INT-QUE-030"


class ContentWithheld(Rejected):
    """Whoever asked may follow the message and not read what is in it; that they tried stands in the audit log."""

    code = "INT-DSK-001"


class Erased(NotFound):
    """The content was destroyed when its retention time was over, or by a person's right; only proofs are left."""

    code = "INT-KEY-001"


class NothingKept(NotFound):
    """Nothing of that is kept here: no such record, person, contact or hold, or it was erased already."""

    code = "INT-KEY-002"


class FormNotDelivered(IllegalMove):
    """The ministry may not be asked for this customer: its Yazılım Hizmet Alım Formu was not delivered by KEP yet."""

    code = "INT-REG-012"


class Unavailable(IntegratorError):
    """Something we need could not be reached or is busy; the same act may succeed later."""

    code = "INT-DLV-001"
    exit_code = 4

    def __init__(self, detail: str, *, retry_after: timedelta | None = None) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class TooManyPacks(Unavailable):
    """As many packs of this customer as may be open at once are still being made; a little later there is room."""

    code = "INT-API-035"


class FirmPassive(Unavailable):
    """The ministry has made the firm passive: nothing is sent and nothing asked until it is active again."""

    code = "INT-REG-013"


class FirmClosed(Unavailable):
    """The firm is passive, and its operator takes no new records; what is here can be read and exported."""

    code = "INT-REG-014"


class Misconfigured(IntegratorError):
    """The operator must mend a setting, a key or a file; nothing is sent meanwhile and no attempts are burned."""

    code = "INT-CFG-001"
    exit_code = 3


class Tampered(IntegratorError):
    """Evidence does not verify: an audit entry, a checkpoint, a sealed value or a stored row was changed."""

    code = "INT-AUD-001"
    exit_code = 5


class BrokenBackup(Tampered):
    """A backup is cut short, altered, or something stands behind its end. The gateway itself is not touched."""

    code = "INT-KEY-003"
