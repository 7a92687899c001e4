"""What a profile changes, and what the years change: digests, issuerSerial, GeneralizedTime."""

import shutil
import subprocess
from datetime import UTC, datetime, timedelta, timezone

import pytest
from asn1crypto import cms as outside_cms
from asn1crypto import tsp  # noqa: F401 - before the first CMS object is made (field notes 4)
from cryptography.hazmat import asn1

from integrator.sign import structures as cms
from integrator.sign.cades import CadesSigner, Profile, encode_time
from integrator.sign.certificates import TrustStore, der_of, read_certificate
from integrator.sign.keys import Pkcs12Signer
from integrator.sign.trial_pki import issue_signer, make_root
from integrator.sign.verify import Signature, judge
from tests.factories import PROFESSIONAL, SINGLE
from tests.fakes import START

OPENSSL = shutil.which("openssl")
KINDS = ["rsa-2048", "rsa-3072", "rsa-4096", "p-256", "p-384"]
DIGESTS = ["sha256", "sha384", "sha512"]


@pytest.fixture(scope="module", params=KINDS)
def issued(request):
    now = datetime.now(UTC)
    root = make_root(now=now - timedelta(days=1))
    return root, issue_signer(root, PROFESSIONAL, now=now, key=request.param)


def signer_of(issued, **profile):
    return CadesSigner(Pkcs12Signer(issued.key, read_certificate(der_of(issued.certificate))), Profile(**profile))


def refusals(root, der, now):
    judged = judge(Signature(der, SINGLE, now, TrustStore([root.certificate]), PROFESSIONAL))
    return [each for each in judged if each.refuses]


@pytest.mark.parametrize("digest", DIGESTS)
@pytest.mark.parametrize("issuer_serial", [True, False])
def test_every_profile_is_taken_by_our_own_check(issued, digest, issuer_serial):
    root, signer = issued
    now = datetime.now(UTC)
    der = signer_of(signer, digest=digest, issuer_serial=issuer_serial).sign(SINGLE, at=now)

    assert refusals(root, der, now) == []
    assert asn1.encode_der(asn1.decode_der(cms.ContentInfo, der)) == der


@pytest.mark.skipif(OPENSSL is None, reason="NO OPENSSL: the second opinion on profiles was not heard")
@pytest.mark.parametrize("digest", DIGESTS)
@pytest.mark.parametrize("issuer_serial", [True, False])
def test_every_profile_is_taken_by_openssl(issued, digest, issuer_serial, tmp_path):
    root, signer = issued
    made = signer_of(signer, digest=digest, issuer_serial=issuer_serial).sign(SINGLE, at=datetime.now(UTC))
    (tmp_path / "s.der").write_bytes(made)
    (tmp_path / "content").write_bytes(SINGLE)
    (tmp_path / "root.pem").write_bytes(root.as_pem())
    command = "cms -verify -cades -binary -inform DER -in s.der -content content -CAfile root.pem -purpose any -out out"

    ended = subprocess.run([OPENSSL, *command.split()], cwd=tmp_path, capture_output=True, check=False)

    assert ended.returncode == 0, ended.stderr.decode()


@pytest.mark.parametrize("issuer_serial", [True, False])
def test_issuer_serial_stands_inside_by_profile(pki, issuer_serial):
    der = signer_of(pki.professional, issuer_serial=issuer_serial).sign(SINGLE, at=START)
    [info] = outside_cms.ContentInfo.load(der, strict=True)["content"]["signer_infos"]
    named = {each["type"].native: each["values"][0] for each in info["signed_attrs"]}

    found = named["signing_certificate_v2"]["certs"][0]["issuer_serial"].native
    assert (found is not None) == issuer_serial


@pytest.mark.parametrize(
    ("year", "tag"), [(1999, 0x17), (2026, 0x17), (2049, 0x17), (2050, 0x18), (2051, 0x18), (2100, 0x18)]
)
def test_the_time_is_generalized_from_2050_on(year, tag):
    assert encode_time(datetime(year, 12, 31, 23, 59, 59, tzinfo=UTC))[0] == tag


def test_the_last_second_of_2049_and_the_first_of_2050_are_both_signed_and_judged(pki):
    long_lived = issue_signer(pki.root, PROFESSIONAL, now=START, key="p-256", valid=(-1, 365 * 40))
    signer = signer_of(long_lived)
    for at in (datetime(2049, 12, 31, 23, 59, 59, tzinfo=UTC), datetime(2050, 1, 1, tzinfo=UTC)):
        der = signer.sign(SINGLE, at=at)
        failed = [each.check for each in judge(Signature(der, SINGLE, at, None, PROFESSIONAL)) if each.refuses]
        [info] = outside_cms.ContentInfo.load(der, strict=True)["content"]["signer_infos"]
        times = [each["values"][0].native for each in info["signed_attrs"] if each["type"].native == "signing_time"]

        assert (failed, times) == ([], [at])


def test_a_time_of_another_zone_is_signed_as_utc():
    istanbul = datetime(2026, 3, 2, 12, 0, tzinfo=timezone(timedelta(hours=3)))

    assert encode_time(istanbul) == encode_time(START)


def test_signatures_of_one_signer_over_many_seconds_and_contents_all_verify(pki, judged):
    signer = pki.signer()
    for second in range(40):
        at, content = START + timedelta(seconds=second // 2), SINGLE + b" " * second
        assert judged(signer.sign(content, at=at), content=content, now=at) == []


@pytest.mark.parametrize(("minutes", "warned"), [(0, False), (10, False), (-10, False), (11, True), (-11, True)])
def test_a_signing_time_far_from_the_receipt_is_a_warning(pki, minutes, warned):
    der = pki.signer().sign(SINGLE, at=START + timedelta(minutes=minutes))
    told = judge(Signature(der, SINGLE, START, pki.trust, PROFESSIONAL))[-1]

    assert (told.check, told.ok, told.refuses) == ("signing_time", not warned, False)
    assert told.warning == warned
