"""Whether a certificate is a qualified one of a person under Law 5070, or a seal that only looks like one.

A person's certificate states QcCompliance (ETSI EN 319 412-5 4.2.1) and BTK's own statement (domain.md 4.3, item 10;
BTK NES profile v2.0). Seals state BTK's seal marks beside it; a mali muhur is told by its policy and key purpose.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.x509 import ObjectIdentifier as Oid

from integrator.sign import ber

QC_STATEMENTS = Oid("1.3.6.1.5.5.7.1.3")
QC_COMPLIANCE = "0.4.0.1862.1.1"
BTK_PERSON = frozenset({"2.16.792.1.61.0.1.5070.1.1", "2.16.792.1.61.0.1.5070.2.1"})
CORPORATE_SEAL = "2.16.792.1.61.0.1.5070.1.3"
QUALIFIED_SEAL = "2.16.792.1.61.0.1.5070.2.2"
MALI_MUHUR_POLICY = "2.16.792.1.2.1.1.5.7.4.1"
MALI_MUHUR_PURPOSE = "2.16.792.1.2.1.1.5.7.50.1"
MAX_STATEMENTS = 64


class Nature(Enum):
    """What a certificate says it is for."""

    PERSON = "a qualified certificate of a person"
    CORPORATE_SEAL = "a corporate seal"
    QUALIFIED_SEAL = "a qualified seal"
    MALI_MUHUR = "a mali mühür"
    NOT_QUALIFIED = "no qualified certificate: QcCompliance is not stated"
    NOT_BTK = "no qualified certificate under Law 5070: BTK's statement is missing"


@dataclass(frozen=True, slots=True)
class Marks:
    """The OIDs by which a certificate tells its nature: qcStatements, policies, extended key purposes."""

    statements: frozenset[str]
    policies: frozenset[str]
    purposes: frozenset[str]


def nature_of(marks: Marks) -> Nature:
    """What the marks add up to. Seals are told first: they carry the person's statements as well."""
    if MALI_MUHUR_POLICY in marks.policies or MALI_MUHUR_PURPOSE in marks.purposes:
        return Nature.MALI_MUHUR
    if CORPORATE_SEAL in marks.statements:
        return Nature.CORPORATE_SEAL
    if QUALIFIED_SEAL in marks.statements:
        return Nature.QUALIFIED_SEAL
    if QC_COMPLIANCE not in marks.statements:
        return Nature.NOT_QUALIFIED
    return Nature.PERSON if marks.statements & BTK_PERSON else Nature.NOT_BTK


def read_marks(certificate: x509.Certificate) -> Marks:
    """The marks in `certificate`; raises ValueError when an extension that holds them cannot be read."""
    statements, policies, purposes = frozenset[str](), frozenset[str](), frozenset[str]()
    for extension in certificate.extensions:
        if extension.oid == QC_STATEMENTS:
            value = extension.value
            statements = _statements(value.value if isinstance(value, x509.UnrecognizedExtension) else b"")
        elif isinstance(extension.value, x509.CertificatePolicies):
            policies = frozenset(each.policy_identifier.dotted_string for each in extension.value)
        elif isinstance(extension.value, x509.ExtendedKeyUsage):
            purposes = frozenset(each.dotted_string for each in extension.value)
    return Marks(statements, policies, purposes)


def _statements(der: bytes) -> frozenset[str]:
    """The statementIds of QCStatements (RFC 3739 3.2.6); what a statement says beside its id is not judged."""
    listed = ber.read(der).inside or ()
    if len(listed) > MAX_STATEMENTS:
        raise ValueError("more statements than any real certificate makes")
    ids = [each.inside[0].encoding for each in listed if each.inside]
    return frozenset(asn1.decode_der(Oid, each).dotted_string for each in ids)
