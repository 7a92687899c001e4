import base64
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrator.ministry import cms
from integrator.ministry.cms import ContentAttached, NotCades

CONTENT = b"what is signed"


@pytest.fixture(scope="module")
def good(toy):
    return toy.Container(CONTENT)


def test_a_cades_bes_names_its_signer(toy, good):
    assert cms.check(good.imzali_deger(), CONTENT) == str(toy.UZMAN)


@pytest.mark.parametrize("left_out", ["content-type", "message-digest", "signing-certificate-v2"])
def test_no_signed_attribute_of_the_three_may_be_missing(good, left_out):
    with pytest.raises(NotCades):
        cms.check(replace(good, left_out=left_out).imzali_deger(), CONTENT)


def test_attached_content_is_told_apart(toy, good):
    attached = toy.tlv(0xA0, toy.tlv(4, CONTENT))

    with pytest.raises(ContentAttached):
        cms.check(replace(good, attached=attached).imzali_deger(), CONTENT)


def test_another_content_is_refused(good):
    with pytest.raises(NotCades, match="digest"):
        cms.check(good.imzali_deger(), CONTENT + b" ")


def test_a_signing_certificate_attribute_for_another_certificate_is_refused(good):
    with pytest.raises(NotCades, match="signing-certificate-v2"):
        cms.check(replace(good, cert_hash=b"\0" * 32).imzali_deger(), CONTENT)


@pytest.mark.parametrize("count", [0, 2])
def test_there_is_exactly_one_signer(good, count):
    with pytest.raises(NotCades):
        cms.check(replace(good, signers=count).imzali_deger(), CONTENT)


def test_the_signers_certificate_must_be_inside(good):
    with pytest.raises(NotCades):
        cms.check(replace(good, with_certificate=False).imzali_deger(), CONTENT)


def test_a_short_rsa_key_is_refused(good):
    with pytest.raises(NotCades, match="2048"):
        cms.check(replace(good, bits=1024).imzali_deger(), CONTENT)


def test_sha_1_is_refused(toy, good):
    sha1 = toy.tlv(0x30, toy.oid("1.3.14.3.2.26"))

    with pytest.raises(NotCades, match="SHA-256"):
        cms.check(replace(good, digest_algorithm=sha1).imzali_deger(), CONTENT)


def test_a_digest_without_null_parameters_is_accepted(toy, good):
    bare = toy.tlv(0x30, toy.oid("2.16.840.1.101.3.4.2.1"))

    assert cms.check(replace(good, digest_algorithm=bare).imzali_deger(), CONTENT)


def test_a_signature_algorithm_with_another_digest_is_refused(toy, good):
    rsa_sha512 = toy.tlv(0x30, toy.oid("1.2.840.113549.1.1.13"), b"\x05\x00")

    with pytest.raises(NotCades, match="algorithm"):
        cms.check(replace(good, signature_algorithm=rsa_sha512).imzali_deger(), CONTENT)


def test_an_attribute_that_stands_twice_is_refused(toy, good):
    twice = toy.attribute("1.2.840.113549.1.9.3", toy.DATA)

    with pytest.raises(NotCades, match="twice"):
        cms.check(replace(good, more=[twice]).imzali_deger(), CONTENT)


def test_octets_after_the_container_are_refused(good):
    longer = base64.b64encode(good.octets() + b"\0").decode()

    with pytest.raises(NotCades):
        cms.check(longer, CONTENT)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_changed_octet_is_refused_or_changes_nothing_that_is_signed(good, toy, data):
    octets = bytearray(good.octets())
    octets[data.draw(st.integers(0, len(octets) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    try:
        signer = cms.check(base64.b64encode(octets).decode(), CONTENT)
    except (NotCades, ContentAttached):
        return

    assert signer == str(toy.UZMAN)
