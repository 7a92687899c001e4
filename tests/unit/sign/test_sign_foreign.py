"""What other programs make: openssl in DER and BER, pyHanko; and our own bytes written in worse ways."""

import asyncio
import shutil
import subprocess
from datetime import UTC, datetime, timedelta

import pytest
from asn1crypto import tsp  # noqa: F401 - before the first CMS object is made (field notes 4)
from asn1crypto import x509 as outside_x509
from asn1crypto.keys import PrivateKeyInfo
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st
from pyhanko.sign.ades.api import CAdESSignedAttrSpec
from pyhanko.sign.signers import SimpleSigner
from pyhanko_certvalidator.registry import SimpleCertificateStore

from integrator.sign.ber import MAX_BER_BYTES, NotBer, to_der
from integrator.sign.certificates import der_of
from integrator.sign.trial_pki import issue_signer, make_root
from integrator.sign.verify import Signature, judge
from tests.factories import PROFESSIONAL, SINGLE, Pki
from tests.fakes import START

OPENSSL = shutil.which("openssl")
needs_openssl = pytest.mark.skipif(OPENSSL is None, reason="NO OPENSSL: foreign signatures were not made")


@pytest.fixture(scope="module", params=["rsa-2048", "rsa-4096", "p-256", "p-384"])
def fresh(request):
    now = datetime.now(UTC)
    root = make_root(now=now - timedelta(days=1))
    signer = issue_signer(root, PROFESSIONAL, now=now, key=request.param)
    return Pki(root, signer, signer)


def refusals(pki, der, content=SINGLE, now=None):
    verdicts = judge(Signature(der, content, now or datetime.now(UTC), pki.trust, PROFESSIONAL))
    return [each for each in verdicts if each.refuses]


def openssl_signs(pki, folder, *options, cades="-cades"):
    key = pki.professional.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "key.pem").write_bytes(key)
    (folder / "certificate.pem").write_bytes(pki.professional.as_pem())
    (folder / "root.pem").write_bytes(pki.root.as_pem())
    (folder / "content").write_bytes(SINGLE)
    command = f"cms -sign {cades} -binary -signer certificate.pem -inkey key.pem -in content -outform DER -out s.der"
    done = subprocess.run([OPENSSL, *command.split(), *options], cwd=folder, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return (folder / "s.der").read_bytes()


GOOD_OPTIONS = [[], ["-md", "sha384"], ["-md", "sha512"], ["-keyid"], ["-certfile", "root.pem"]]
BAD_OPTIONS = [
    (["-nodetach"], "detached"),
    (["-stream"], "detached"),  # openssl streams the content into DER, whatever was asked
    (["-nocerts"], "algorithms"),
    (["-md", "sha1"], "algorithms"),
]


@needs_openssl
@pytest.mark.parametrize("options", GOOD_OPTIONS, ids=" ".join)
def test_what_openssl_makes_is_taken(fresh, tmp_path, options):
    assert refusals(fresh, openssl_signs(fresh, tmp_path, *options)) == []


@needs_openssl
@pytest.mark.parametrize(("options", "check"), BAD_OPTIONS, ids=str)
def test_what_openssl_makes_in_another_way_is_refused(fresh, tmp_path, options, check):
    assert refusals(fresh, openssl_signs(fresh, tmp_path, *options))[0].check == check


@needs_openssl
def test_a_signature_of_openssl_without_attributes_is_no_cades(fresh, tmp_path):
    der = openssl_signs(fresh, tmp_path, "-noattr", cades="")

    assert [each.check for each in refusals(fresh, der)] == ["structure"]


@needs_openssl
@pytest.mark.parametrize("options", [[], ["-keyid"], ["-md", "sha512"]], ids=" ".join)
def test_what_openssl_streams_is_taken_once_its_content_is_beside_it(fresh, tmp_path, options):
    ber = openssl_signs(fresh, tmp_path, "-stream", *options)
    at = ber.index(b"\xa0\x80\x24\x80")
    end = ber.index(b"\0\0\0\0\0\0", at) + 4
    detached = ber[:at] + ber[end:]

    assert detached[1] == 0x80
    assert refusals(fresh, detached) == []
    assert [each.check for each in refusals(fresh, detached, content=SINGLE + b" ")] == ["message_digest"]


def test_what_pyhanko_makes_is_taken(fresh):
    key = fresh.professional.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    certificate = outside_x509.Certificate.load(der_of(fresh.professional.certificate))
    signer = SimpleSigner(
        signing_cert=certificate, signing_key=PrivateKeyInfo.load(key), cert_registry=SimpleCertificateStore()
    )
    made = asyncio.run(
        signer.async_sign_general_data(
            SINGLE,
            "sha256",
            detached=True,
            use_cades=True,
            signed_attr_settings=_settings(),
        )
    )

    assert refusals(fresh, made.dump()) == []


def _settings():
    from pyhanko.sign.signers.pdf_cms import PdfCMSSignedAttributes

    return PdfCMSSignedAttributes(signing_time=datetime.now(UTC), cades_signed_attrs=CAdESSignedAttrSpec())


def indefinite(der):
    """`der` with every definite constructed length of the container turned into an indefinite one."""

    def rewrite(at, end, depth):
        out = b""
        while at < end:
            tag, begin, stop = header(der, at)
            if (tag & 0x20 and depth < 4 and tag != 0xA0) or (tag == 0xA0 and depth == 1):
                out += bytes([tag, 0x80]) + rewrite(begin, stop, depth + 1) + b"\0\0"
            else:
                out += der[at:stop]
            at = stop
        return out

    return rewrite(0, len(der), 0)


def header(der, at):
    first = der[at + 1]
    count = first & 0x7F if first & 0x80 else 0
    begin = at + 2 + count
    length = int.from_bytes(der[at + 2 : begin], "big") if count else first
    return der[at], begin, begin + length


def test_indefinite_lengths_are_judged_the_same(pki):
    der = pki.signer().sign(SINGLE, at=START)
    ber = indefinite(der)

    assert ber != der
    assert to_der(ber) == der
    assert refusals(pki, ber, now=START) == []
    assert [each.check for each in refusals(pki, ber, b"other", START)] == ["message_digest"]


def test_unsorted_attributes_are_judged_the_same(pki):
    der = pki.signer().sign(SINGLE, at=START)
    at = der.index(b"\x30\x18\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x09\x03")
    first, second = der[at : at + 26], der[at + 26 : at + 26 + 30]
    ber = der[:at] + second + first + der[at + 56 :]

    assert to_der(ber) == der
    assert refusals(pki, ber, now=START) == []


def test_der_goes_through_unchanged(pki):
    der = pki.signer().sign(SINGLE, at=START)

    assert to_der(der) == der


@pytest.mark.parametrize(
    "ber",
    [
        b"",
        b"\x30",
        b"\x30\x80",
        b"\x30\x80\0",
        b"\x30\x80\0\0",
        b"\x30\x84\xff\xff\xff\xff",
        b"\x04\x80\0\0",
        b"\x3f\x81\x01\x00",
        b"\x30\x80" * 200,
        b"\x30\x80" * 32_000,
        b"\x24\x80" * 5_000 + b"\0\0" * 5_000,
        b"\x30\x82\xff\xf0" + b"\x05\x00" * 32_760,
        b"\x30" * (MAX_BER_BYTES + 1),
    ],
)
def test_what_is_no_container_is_refused(ber):
    with pytest.raises(NotBer):
        to_der(ber)


@given(st.binary(max_size=400))
def test_no_bytes_raise_anything_else(ber):
    try:
        to_der(ber)
    except NotBer:
        pass


@given(place=st.integers(0, 10_000), change=st.integers(1, 255))
def test_no_spoiled_ber_raises_nor_passes_for_something_else(pki, place, change):
    whole = indefinite(pki.signer().sign(SINGLE, at=START))
    spoiled = bytearray(whole)
    spoiled[place % len(whole)] ^= change

    refused = refusals(pki, bytes(spoiled), now=START)

    assert refused or to_der(bytes(spoiled)) == to_der(whole)
