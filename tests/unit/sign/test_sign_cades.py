import asyncio
import hashlib
import shutil
import subprocess
from datetime import UTC, datetime, timedelta

import pytest
from asn1crypto import cms as outside_cms
from asn1crypto import x509 as outside_x509
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st
from pyhanko.sign.validation import async_validate_detached_cms
from pyhanko_certvalidator import ValidationContext

from integrator.sign import structures as cms
from integrator.sign.certificates import der_of
from integrator.sign.trial_pki import issue_signer, make_root
from integrator.sign.verify import Signature, judge, require_valid
from tests.factories import PROFESSIONAL, SINGLE, WORKER, Pki
from tests.fakes import START

KINDS = ["rsa-2048", "rsa-3072", "p-256", "p-384"]
OPENSSL = shutil.which("openssl")


@pytest.fixture(scope="module", params=KINDS)
def fresh(request):
    """A signer of each kind of key, valid today by the machine's own clock, which openssl and pyHanko read."""
    now = datetime.now(UTC)
    root = make_root(now=now - timedelta(days=1))
    signer = issue_signer(root, PROFESSIONAL, now=now, key=request.param)
    return Pki(root, signer, signer)


def sign_now(pki):
    return pki.signer().sign(SINGLE, at=datetime.now(UTC).replace(microsecond=0))


def test_our_own_check_takes_what_we_sign(fresh):
    der = sign_now(fresh)
    verdicts = judge(Signature(der, SINGLE, datetime.now(UTC), fresh.trust, PROFESSIONAL))

    assert [each.check for each in verdicts if not each.ok] == ["qualified", "revocation"]
    assert [each for each in verdicts if each.refuses] == []
    assert len(verdicts) == 15


@pytest.mark.skipif(OPENSSL is None, reason="NO OPENSSL: the second opinion on signatures was not heard")
@pytest.mark.parametrize(("content", "code"), [(SINGLE, 0), (SINGLE + b"\n", 4)], ids=["same", "other"])
def test_openssl_takes_what_we_sign_and_nothing_else(fresh, tmp_path, content, code):
    (tmp_path / "s.der").write_bytes(sign_now(fresh))
    (tmp_path / "content").write_bytes(content)
    (tmp_path / "root.pem").write_bytes(fresh.root.as_pem())
    command = "cms -verify -cades -binary -inform DER -in s.der -content content -CAfile root.pem -purpose any -out out"

    ended = subprocess.run([OPENSSL, *command.split()], cwd=tmp_path, capture_output=True, check=False)

    assert ended.returncode == code, ended.stderr.decode()


def test_pyhanko_takes_what_we_sign(fresh):
    parsed = outside_cms.ContentInfo.load(sign_now(fresh), strict=True)
    root = outside_x509.Certificate.load(fresh.root.certificate.public_bytes(Encoding.DER))
    context = ValidationContext(trust_roots=[root], allow_fetching=False)

    status = asyncio.run(async_validate_detached_cms(SINGLE, parsed["content"], signer_validation_context=context))

    assert status.intact and status.valid
    assert status.trusted


def test_pyhanko_refuses_other_content(fresh):
    parsed = outside_cms.ContentInfo.load(sign_now(fresh), strict=True)
    root = outside_x509.Certificate.load(fresh.root.certificate.public_bytes(Encoding.DER))
    context = ValidationContext(trust_roots=[root], allow_fetching=False)

    status = asyncio.run(async_validate_detached_cms(b"x", parsed["content"], signer_validation_context=context))

    assert not status.intact


def test_decoding_and_encoding_gives_the_same_bytes(fresh):
    der = sign_now(fresh)

    assert asn1.encode_der(asn1.decode_der(cms.ContentInfo, der)) == der


def test_the_container_has_the_form_the_ministry_has_seen(pki):
    opened = outside_cms.ContentInfo.load(pki.signer().sign(SINGLE, at=START), strict=True)["content"]
    [info] = opened["signer_infos"]

    assert (opened["version"].native, info["version"].native) == ("v1", "v1")
    assert opened["encap_content_info"]["content"].native is None
    assert len(opened["certificates"]) == 1 and opened["crls"].native is None
    assert sorted(each["type"].native for each in info["signed_attrs"]) == [
        "content_type", "message_digest", "signing_certificate_v2", "signing_time",
    ]  # fmt: skip
    assert info["unsigned_attrs"].native is None


def test_the_digest_is_that_of_the_content_and_the_time_is_ours(pki):
    opened = outside_cms.ContentInfo.load(pki.signer().sign(SINGLE, at=START), strict=True)["content"]
    attributes = {each["type"].native: each["values"][0].native for each in opened["signer_infos"][0]["signed_attrs"]}

    assert attributes["message_digest"] == hashlib.sha256(SINGLE).digest()
    assert attributes["signing_time"] == START


def test_the_signing_certificate_is_named_by_hash_issuer_and_serial(pki):
    opened = outside_cms.ContentInfo.load(pki.signer().sign(SINGLE, at=START), strict=True)["content"]
    attributes = {each["type"].native: each["values"][0] for each in opened["signer_infos"][0]["signed_attrs"]}
    [named] = attributes["signing_certificate_v2"]["certs"]

    assert named["cert_hash"].native == hashlib.sha256(der_of(pki.professional.certificate)).digest()
    assert named["issuer_serial"]["serial_number"].native == pki.professional.certificate.serial_number


@given(content=st.binary(max_size=300))
def test_any_content_is_signed_so_that_it_verifies(pki, content):
    der = pki.signer().sign(content, at=START)

    require_valid(Signature(der, content, START, pki.trust, PROFESSIONAL))
    assert asn1.encode_der(asn1.decode_der(cms.ContentInfo, der)) == der


def test_a_signature_of_one_does_not_serve_another(pki, judged):
    assert judged(pki.signer(pki.stranger).sign(SINGLE, at=START)) == ["professional"]
    assert judged(pki.signer().sign(SINGLE, at=START), professional=WORKER) == ["professional"]
