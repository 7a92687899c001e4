"""Evidence copies of a sent signature: the same SignedData with unsigned attributes added, never sent in its place.

CAdES-T: an RFC 3161 token over the signature value (ETSI EN 319 122-1 5.3, id-aa-signatureTimeStampToken). Later the
certificates, OCSP responses and CRLs that proved it, as certificate-values and revocation-values (ETSI TS 101 733
6.3.3 and 6.3.4; divergence in docs/divergences.md). Everything a signature covers stays byte for byte what was sent;
`core_of` takes the additions off again and a test compares. Jobs, debts and storage live elsewhere.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.x509 import ObjectIdentifier as Oid
from rfc3161_client import (
    HashAlgorithm,
    TimestampRequestBuilder,
    TimeStampResponse,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

from integrator.domain.errors import Malformed, Unavailable
from integrator.sign import structures as cms
from integrator.sign.ber import NotBer, to_der
from integrator.sign.fetch import Fetch, NotFetched, Question

MAX_TOKEN_BYTES = 65_536
MAX_EVIDENCE_BYTES = 33_554_432  # CRLs of real authorities run to megabytes


def add_timestamp(sent: bytes, token: bytes) -> bytes:
    """`sent` with `token` (ContentInfo of a TimeStampToken) as id-aa-signatureTimeStampToken: CAdES-T.

    Raises Malformed when either is not what it should be. A container in BER becomes DER.
    """
    return _with_attributes(sent, [(cms.SIGNATURE_TIME_STAMP, token)])


def add_validation_data(
    stamped: bytes, certificates: Iterable[bytes], ocsp: Iterable[bytes], crls: Iterable[bytes]
) -> bytes:
    """`stamped` with what proves it later: issuers' certificates, OCSP responses (RFC 6960 4.2.1) and CRLs, as DER.

    The signer's own certificate is inside already and need not be given. Raises Malformed.
    """
    issuers, answers, lists = _sorted(certificates), [_basic_response(each) for each in ocsp], _sorted(crls)
    added: list[tuple[Oid, bytes]] = []
    if issuers:
        shell = asn1.encode_der(cms.CertificateValues(certificates=[_value(each) for each in issuers]))
        added.append((cms.CERTIFICATE_VALUES, cms.inside(shell)))
    if answers or lists:
        values = cms.RevocationValues(
            crl_vals=[_value(each) for each in lists] or None,
            ocsp_vals=[_value(each) for each in _sorted(answers)] or None,
        )
        added.append((cms.REVOCATION_VALUES, asn1.encode_der(values)))
    return _with_attributes(stamped, added)


def core_of(evidence: bytes) -> bytes:
    """The container as it was sent: without unsigned attributes. Raises Malformed."""
    opened = _open(evidence)
    return _close(opened, _changed(_signer_of(opened), None))


def signature_of(sent: bytes) -> bytes:
    """The signature value, which is what a time-stamp is taken over. Raises Malformed."""
    return _signer_of(_open(sent)).signature


def unsigned_values(evidence: bytes, attribute: Oid) -> list[bytes]:
    """Every value of one unsigned attribute, as DER. Raises Malformed."""
    unsigned = _signer_of(_open(evidence)).unsigned_attrs
    named = [each for each in unsigned.as_list() if each.attr_type == attribute] if unsigned else []
    return [asn1.encode_der(value) for each in named for value in each.attr_values.as_list()]


@dataclass(frozen=True, slots=True)
class Stamp:
    """A time-stamp token that was verified, and the moment it vouches for."""

    token: bytes = field(repr=False)
    at: datetime
    policy: str


class TimestampAuthority:
    """One RFC 3161 authority. `anchors` are its trusted roots; `policies`, when given, are the only ones taken.

    `headers` go with every request: an authority's customer header, read from a file by wiring.
    """

    def __init__(
        self,
        url: str,
        fetch: Fetch,
        *,
        anchors: Sequence[x509.Certificate],
        intermediates: Sequence[x509.Certificate] = (),
        policies: Collection[str] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self._url = url
        self._fetch = fetch
        self._anchors = list(anchors)
        self._intermediates = list(intermediates)
        self._policies = frozenset(policies)
        self._headers = dict(headers or {})

    def stamp(self, signature: bytes) -> Stamp:
        """A token over `signature`, verified: status, nonce, imprint, policy, signer. Raises Unavailable.

        A token that does not verify is no token: nothing was gained, and the job asks again later.
        """
        request = TimestampRequestBuilder(data=signature, hash_algorithm=HashAlgorithm.SHA256, nonce=True).build()
        question = Question(
            self._url, request.as_bytes(), "application/timestamp-query", MAX_TOKEN_BYTES, self._headers
        )
        try:
            response = decode_timestamp_response(self._fetch(question))
            nonce = request.nonce
            assert nonce is not None
            return self._verified(response, signature, nonce)
        except NotFetched as error:
            raise Unavailable(f"time-stamp authority: {error}") from error
        except (ValueError, TypeError, VerificationError) as error:
            raise Unavailable(f"time-stamp authority: an answer that does not verify ({error})") from error

    def _verified(self, response: TimeStampResponse, signature: bytes, nonce: int) -> Stamp:
        verifier = VerifierBuilder(roots=self._anchors, intermediates=self._intermediates, nonce=nonce).build()
        verifier.verify(response, hashlib.sha256(signature).digest())
        said = response.tst_info
        policy = said.policy.dotted_string
        if self._policies and policy not in self._policies:
            raise VerificationError(f"policy {policy} is not one that was asked for")
        if said.message_imprint.hash_algorithm.dotted_string != "2.16.840.1.101.3.4.2.1":
            raise VerificationError("the imprint is not SHA-256")
        return Stamp(response.time_stamp_token(), said.gen_time, policy)


def _with_attributes(evidence: bytes, added: list[tuple[Oid, bytes]]) -> bytes:
    if len(evidence) + sum(len(value) for _, value in added) > MAX_EVIDENCE_BYTES:
        raise Malformed(f"an evidence copy of more than {MAX_EVIDENCE_BYTES} bytes")
    opened = _open(evidence)
    info = _signer_of(opened)
    fresh = [cms.Attribute(attr_type=oid, attr_values=asn1.SetOf([_value(value)])) for oid, value in added]
    together = [*(info.unsigned_attrs.as_list() if info.unsigned_attrs else []), *fresh]
    if not together:
        return _close(opened, info)
    return _close(opened, _changed(info, asn1.SetOf(together)))


def _open(evidence: bytes) -> cms.SignedData:
    """DER as it stands; BER by way of ``ber.py``."""
    try:
        try:
            return asn1.decode_der(cms.ContentInfo, evidence).content
        except ValueError:
            return asn1.decode_der(cms.ContentInfo, to_der(evidence)).content
    except (NotBer, ValueError) as error:
        raise Malformed("not a CAdES signature") from error


def _signer_of(opened: cms.SignedData) -> cms.SignerInfo:
    infos = opened.signer_infos.as_list()
    if len(infos) != 1:
        raise Malformed(f"{len(infos)} signers; exactly one is wanted")
    return infos[0]


def _changed(info: cms.SignerInfo, unsigned: asn1.SetOf[cms.Attribute] | None) -> cms.SignerInfo:
    return cms.SignerInfo(
        version=info.version,
        sid=info.sid,
        digest_algorithm=info.digest_algorithm,
        signed_attrs=info.signed_attrs,
        signature_algorithm=info.signature_algorithm,
        signature=info.signature,
        unsigned_attrs=unsigned,
    )


def _close(opened: cms.SignedData, info: cms.SignerInfo) -> bytes:
    signed_data = cms.SignedData(
        version=opened.version,
        digest_algorithms=opened.digest_algorithms,
        encap_content_info=opened.encap_content_info,
        certificates=opened.certificates,
        crls=opened.crls,
        signer_infos=asn1.SetOf([info]),
    )
    return asn1.encode_der(cms.ContentInfo(content_type=cms.ID_SIGNED_DATA, content=signed_data))


def _basic_response(ocsp_response: bytes) -> bytes:
    """The BasicOCSPResponse inside an OCSPResponse: what revocation-values hold (TS 101 733 6.3.4)."""
    try:
        inner = asn1.decode_der(cms.OcspResponse, ocsp_response).response_bytes
    except ValueError as error:
        raise Malformed("not an OCSP response") from error
    if inner is None or inner.response_type != cms.OCSP_BASIC:
        raise Malformed("not a basic OCSP response")
    return inner.response


def _sorted(several: Iterable[bytes]) -> list[bytes]:
    """Each once, in a fixed order, so that the same facts give the same bytes."""
    return sorted(set(several))


def _value(der: bytes) -> asn1.TLV:
    try:
        return cms.tlv(der)
    except ValueError as error:
        raise Malformed("a value that is not DER") from error
