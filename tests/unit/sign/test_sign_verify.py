import hashlib

import pytest
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives import hashes
from cryptography.x509 import ObjectIdentifier as Oid
from hypothesis import given
from hypothesis import strategies as st

from integrator.domain.errors import BadSignature
from integrator.sign import structures as cms
from integrator.sign.algorithms import SHA256
from integrator.sign.certificates import TrustStore, der_of
from integrator.sign.trial_pki import Issued, issue_signer, make_root
from integrator.sign.verify import CHECKS, MAX_CMS_BYTES, Signature, judge, require_valid
from tests.factories import PROFESSIONAL, SINGLE
from tests.fakes import START
from tests.unit.sign.conftest import attribute, info_with

pytestmark = pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")
SHA1 = Oid("1.3.14.3.2.26")
SHA384 = Oid("2.16.840.1.101.3.4.2.2")


def verdict_of(pki, der):
    """The failed checks; a Verdict is the only way out."""
    return [each for each in judge(Signature(der, SINGLE, START, pki.trust, PROFESSIONAL)) if not each.ok]


def test_the_checks_are_twelve_in_their_order():
    assert [check.__name__ for check in CHECKS] == [
        "structure", "one_signer", "detached", "algorithms", "content_type", "message_digest",
        "signing_certificate", "signature", "certificate_dates", "trust", "key_usage", "professional",
    ]  # fmt: skip


def test_a_good_signature_fails_no_check(spoiler, judged):
    assert judged(spoiler.sign()) == []


@pytest.mark.parametrize("der", [b"", b"0", b"\x30\x80", b"\x30\x84\xff\xff\xff\xff", b"x" * 100, b"\x30\x00" * 50_000])
def test_what_is_no_cms_fails_its_structure_and_nothing_else_is_said(judged, der):
    assert judged(der) == ["structure"]


def test_a_container_of_another_content_type_fails_its_structure(spoiler, judged):
    assert judged(spoiler.close(spoiler.signed_data(), cms.ID_DATA)) == ["structure"]


def test_a_container_larger_than_any_real_one_is_not_even_read(spoiler, judged):
    assert judged(spoiler.sign() + b"\0" * MAX_CMS_BYTES) == ["structure"]


def test_bytes_behind_a_good_signature_fail_its_structure(spoiler, judged):
    assert judged(spoiler.sign() + b"\0") == ["structure"]


@pytest.mark.parametrize("count", [0, 2])
def test_no_signer_and_two_signers_are_refused(spoiler, judged, count):
    infos = [*spoiler.signed_data().signer_infos.as_list(), *spoiler.signed_data(spoiler.sign()).signer_infos.as_list()]

    assert judged(spoiler.with_signed_data(signer_infos=asn1.SetOf(infos[:count]))) == ["one_signer"]


def test_an_attached_content_is_refused_even_when_it_is_the_right_one(spoiler, judged):
    attached = cms.EncapsulatedContentInfo(content_type=cms.ID_DATA, content=SINGLE)

    assert judged(spoiler.with_signed_data(encap_content_info=attached)) == ["detached"]


def test_other_content_fails_the_message_digest_alone(spoiler, judged):
    assert judged(spoiler.sign(), content=SINGLE + b"\n") == ["message_digest"]


def test_a_content_type_other_than_data_is_refused(spoiler, judged):
    wrong = attribute(cms.CONTENT_TYPE, asn1.encode_der(cms.ID_SIGNED_DATA))
    der = spoiler.with_attributes(lambda all_: [wrong, *(e for e in all_ if e.attr_type != cms.CONTENT_TYPE)])

    assert judged(der) == ["content_type"]


def test_a_container_that_says_another_inner_type_is_refused(spoiler, judged):
    other = cms.EncapsulatedContentInfo(content_type=cms.ID_SIGNED_DATA)

    assert judged(spoiler.with_signed_data(encap_content_info=other)) == ["content_type"]


@pytest.mark.parametrize(
    ("oid", "failed"),
    [
        (cms.CONTENT_TYPE, "content_type"),
        (cms.MESSAGE_DIGEST, "message_digest"),
        (cms.SIGNING_CERTIFICATE_V2, "signing_certificate"),
        (cms.SIGNING_TIME, "certificate_dates"),
    ],
    ids=str,
)
def test_each_missing_attribute_is_told_by_its_check(spoiler, judged, oid, failed):
    assert judged(spoiler.with_attributes(lambda all_: [each for each in all_ if each.attr_type != oid])) == [failed]


def test_a_repeated_attribute_is_refused(spoiler, judged):
    twice = attribute(cms.SIGNING_TIME, asn1.encode_der(asn1.UTCTime(START.replace(year=2025))))

    assert "message_digest" in judged(spoiler.with_attributes(lambda all_: [*all_, twice]))


def test_the_hash_of_another_certificate_is_refused(spoiler, judged, pki):
    def change(all_):
        entry = cms.EssCertIdV2(cert_hash=hashlib.sha256(der_of(pki.stranger.certificate)).digest())
        value = asn1.encode_der(cms.SigningCertificateV2(certs=[entry]))
        kept = [each for each in all_ if each.attr_type != cms.SIGNING_CERTIFICATE_V2]
        return [*kept, attribute(cms.SIGNING_CERTIFICATE_V2, value)]

    assert judged(spoiler.with_attributes(change)) == ["signing_certificate"]


@pytest.mark.parametrize("value", [b"\x30\x02\x30\x00", b"\x04\x01x", b"\x30\x00"])
def test_a_signing_certificate_that_cannot_be_read_is_refused(spoiler, judged, value):
    def change(all_):
        kept = [each for each in all_ if each.attr_type != cms.SIGNING_CERTIFICATE_V2]
        return [*kept, attribute(cms.SIGNING_CERTIFICATE_V2, value)]

    assert judged(spoiler.with_attributes(change)) == ["signing_certificate"]


@pytest.mark.parametrize("value", [b"\x17\x01x", b"\x04\x01x", b"\x17\x0d999999999999Z"])
def test_a_signing_time_that_cannot_be_read_is_refused(spoiler, judged, value):
    def change(all_):
        return [*(e for e in all_ if e.attr_type != cms.SIGNING_TIME), attribute(cms.SIGNING_TIME, value)]

    assert judged(spoiler.with_attributes(change)) == ["certificate_dates"]


def test_a_signature_value_of_another_message_is_refused(spoiler, judged, pki):
    elsewhere = spoiler.signed_data(pki.signer().sign(b"other", at=START)).signer_infos.as_list()[0].signature

    assert judged(spoiler.with_signer_info(signature=elsewhere)) == ["signature"]


@pytest.mark.parametrize("value", [b"", b"\0", b"\x30\x06\x02\x01\x00\x02\x01\x00", b"\xff" * 4000])
def test_a_signature_value_of_no_form_is_refused(spoiler, judged, value):
    assert judged(spoiler.with_signer_info(signature=value)) == ["signature"]


def test_the_certificate_of_another_person_inside_is_refused(spoiler, judged, pki):
    swapped = asn1.SetOf([cms.tlv(der_of(pki.stranger.certificate))])

    assert "signature" in judged(spoiler.with_signed_data(certificates=swapped))


def test_no_certificate_inside_is_refused(spoiler, judged):
    assert "signature" in judged(spoiler.with_signed_data(certificates=None))


def test_a_certificate_inside_that_is_none_is_refused(spoiler, judged):
    assert "signature" in judged(spoiler.with_signed_data(certificates=asn1.SetOf([cms.tlv(b"\x30\x00")])))


def test_a_further_certificate_inside_disturbs_nothing(spoiler, judged, pki):
    both = [*spoiler.signed_data().certificates.as_list(), cms.tlv(der_of(pki.root.certificate))]

    assert judged(spoiler.with_signed_data(certificates=asn1.SetOf(both))) == []


@pytest.mark.parametrize(("valid", "failed"), [((-20, -1), ["certificate_dates"]), ((1, 20), ["certificate_dates"])])
def test_a_certificate_out_of_its_dates_is_refused(spoiler, judged, pki, valid, failed):
    issued = issue_signer(pki.root, PROFESSIONAL, now=START, key="p-256", valid=valid)

    assert judged(spoiler.sign(issued)) == failed


def test_a_signing_time_before_the_certificate_is_refused(spoiler, judged):
    assert judged(spoiler.sign(at=START.replace(year=2020))) == ["certificate_dates"]


def test_a_certificate_that_expired_since_it_signed_is_refused(spoiler, judged):
    assert "certificate_dates" in judged(spoiler.sign(), now=START.replace(year=2028))


def test_a_signer_of_another_root_is_not_trusted(spoiler, judged):
    issued = issue_signer(make_root(now=START), PROFESSIONAL, now=START, key="p-256")

    assert judged(spoiler.sign(issued)) == ["trust"]


def test_a_certificate_not_meant_for_signing_by_a_person_is_refused(spoiler, judged, pki):
    issued = issue_signer(pki.root, PROFESSIONAL, now=START, key="p-256", non_repudiation=False)

    assert judged(spoiler.sign(issued)) == ["key_usage"]


def test_an_rsa_key_of_1024_bits_is_refused(spoiler, judged, pki):
    assert judged(spoiler.sign(issue_signer(pki.root, PROFESSIONAL, now=START, key="rsa-1024"))) == ["algorithms"]


def test_sha1_is_refused(spoiler, judged):
    assert "algorithms" in judged(spoiler.with_signer_info(digest_algorithm=cms.AlgorithmIdentifier(algorithm=SHA1)))


@pytest.mark.parametrize(
    "oid", ["1.2.840.113549.1.1.5", "1.2.840.113549.1.1.10", "1.2.840.10045.4.1", "1.3.101.112", "1.2.840.10045.4.3.3"]
)
def test_a_signature_algorithm_that_is_weak_or_does_not_agree_is_refused(spoiler, judged, oid):
    other = cms.AlgorithmIdentifier(algorithm=Oid(oid))

    assert judged(spoiler.with_signer_info(signature_algorithm=other)) == ["algorithms"]


def test_an_rsa_algorithm_beside_an_ec_key_is_refused(spoiler, judged):
    other = cms.AlgorithmIdentifier(algorithm=Oid("1.2.840.113549.1.1.11"), parameters=asn1.Null())

    assert judged(spoiler.with_signer_info(signature_algorithm=other)) == ["algorithms"]


@pytest.mark.parametrize("parameters", [None, asn1.Null()])
def test_both_ways_to_write_the_digest_algorithm_are_taken(spoiler, judged, parameters):
    written = cms.AlgorithmIdentifier(algorithm=SHA256, parameters=parameters)

    assert judged(spoiler.with_signer_info(digest_algorithm=written)) == []


def test_a_signature_with_sha384_all_through_is_taken(spoiler, judged):
    def change(all_):
        kept = [each for each in all_ if each.attr_type != cms.MESSAGE_DIGEST]
        return [*kept, attribute(cms.MESSAGE_DIGEST, asn1.encode_der(hashlib.sha384(SINGLE).digest()))]

    opened = spoiler.signed_data(spoiler.with_attributes(change, digest=hashes.SHA384()))
    info = info_with(
        opened.signer_infos.as_list()[0],
        digest_algorithm=cms.AlgorithmIdentifier(algorithm=SHA384),
        signature_algorithm=cms.AlgorithmIdentifier(algorithm=Oid("1.2.840.10045.4.3.3")),
    )

    assert judged(spoiler.close(info_with(opened, signer_infos=asn1.SetOf([info])))) == []


@pytest.mark.parametrize("version", [0, 3, 4])
def test_a_container_of_another_version_is_refused(spoiler, judged, version):
    assert judged(spoiler.with_signed_data(version=version))
    assert judged(spoiler.with_signer_info(version=version))


def _only_names_algorithms(der, changed):
    """Whether the change lies in SignedData.digestAlgorithms: a hint for readers that want to stream, unsigned and
    unused (RFC 5652 5.1), so no verdict can hang on it."""
    try:
        before, after = (asn1.decode_der(cms.ContentInfo, each).content for each in (der, changed))
        rebuilt = info_with(after, digest_algorithms=before.digest_algorithms)
    except ValueError:
        return False
    whole = cms.ContentInfo(content_type=cms.ID_SIGNED_DATA, content=rebuilt)
    return asn1.encode_der(whole) == der


@pytest.mark.parametrize("bit", [0x01, 0x80, 0xFF])
def test_no_changed_byte_verifies_and_none_raises(pki, spoiler, bit):
    der = spoiler.sign()
    passed = []
    for place in range(len(der)):
        changed = bytearray(der)
        changed[place] ^= bit
        if not verdict_of(pki, bytes(changed)) and not _only_names_algorithms(der, bytes(changed)):
            passed.append(place)

    assert passed == []


def test_no_changed_byte_of_an_rsa_signature_verifies_and_none_raises(pki, spoiler):
    der = spoiler.sign(issue_signer(pki.root, PROFESSIONAL, now=START))
    passed = []
    for place in range(0, len(der), 2):
        changed = der[:place] + bytes([der[place] ^ 0x04]) + der[place + 1 :]
        if not verdict_of(pki, changed) and not _only_names_algorithms(der, changed):
            passed.append(place)

    assert passed == []


def test_no_cut_signature_verifies_and_none_raises(pki, spoiler):
    der = spoiler.sign()

    assert all(verdict_of(pki, der[:end]) for end in range(len(der)))


@given(st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 4), st.binary(max_size=4)), min_size=1, max_size=6))
def test_no_mixture_of_bytes_raises(pki, edits):
    der = bytearray(pki.signer().sign(SINGLE, at=START))
    for place, length, piece in edits:
        at = place % len(der)
        der[at : at + length] = piece

    assert verdict_of(pki, bytes(der)) is not None


def test_require_valid_names_the_first_check_that_says_no(spoiler, pki):
    with pytest.raises(BadSignature, match=r"^message_digest: "):
        require_valid(Signature(spoiler.sign(), b"other", START, pki.trust, PROFESSIONAL))


def test_no_verdict_names_a_person(spoiler, pki):
    der = spoiler.sign(pki.stranger)
    told = judge(Signature(der, b"other", START.replace(year=2030), TrustStore([]), PROFESSIONAL))

    assert not any(number in each.detail for each in told for number in (PROFESSIONAL, "99000000110"))


def test_a_certificate_may_not_issue_when_it_is_no_authority(spoiler, judged, pki):
    issued = issue_signer(Issued(pki.stranger.key, pki.stranger.certificate), PROFESSIONAL, now=START, key="p-256")
    trust = TrustStore([pki.root.certificate, pki.stranger.certificate])

    assert judged(spoiler.sign(issued), trust=trust) == ["trust"]
