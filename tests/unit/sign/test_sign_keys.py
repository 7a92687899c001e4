import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption
from cryptography.hazmat.primitives.serialization.pkcs12 import serialize_key_and_certificates

from integrator.domain.errors import Misconfigured
from integrator.sign.keys import KeyCupboard, open_cupboard, read_pkcs12
from integrator.sign.verify import Signature, require_valid
from tests.factories import FOREIGNER, PROFESSIONAL, SINGLE
from tests.fakes import START

PIN = "çok-gizli-4711"


@pytest.fixture
def folder(tmp_path, pki):
    (tmp_path / "a.p12").write_bytes(pki.professional.as_pkcs12(PIN))
    (tmp_path / "a.pin").write_text(PIN + "\n", encoding="utf-8")
    return tmp_path


def refusal(folder):
    with pytest.raises(Misconfigured) as caught:
        read_pkcs12(folder / "a.p12", folder / "a.pin")
    return caught.value


def test_a_pkcs12_file_signs_for_its_owner(folder, pki):
    signer = open_cupboard(folder, production=False).signer_of(PROFESSIONAL)

    require_valid(Signature(signer.sign(SINGLE, at=START), SINGLE, START, pki.trust, PROFESSIONAL))


def test_a_cupboard_has_nothing_for_others(folder):
    cupboard = open_cupboard(folder, production=False)

    assert cupboard.signer_of(FOREIGNER) is None
    assert len(cupboard) == 1


@pytest.mark.parametrize("pin", ["wrong-pin-1234", "", PIN + " "])
def test_a_wrong_pin_is_told_without_any_pin(folder, pin):
    (folder / "a.pin").write_text(pin, encoding="utf-8")
    told = refusal(folder)

    assert "a.p12" in told.detail
    assert PIN not in repr(told) and (not pin or pin not in told.detail)


def test_a_pin_of_broken_text_is_told_without_its_bytes(folder):
    (folder / "a.pin").write_bytes(b"\xff\xfesecret")

    assert "secret" not in str(refusal(folder))


@pytest.mark.parametrize("name", ["a.p12", "a.pin"])
def test_a_missing_file_is_named(folder, name):
    (folder / name).unlink()

    assert name in refusal(folder).detail


@pytest.mark.parametrize("content", [b"", b"hello", b"\x30\x82\xff\xff"])
def test_a_damaged_file_is_told(folder, content):
    (folder / "a.p12").write_bytes(content)

    assert "a.p12" in refusal(folder).detail


def test_a_key_of_another_kind_is_refused(folder):
    made = serialize_key_and_certificates(
        b"x", ed25519.Ed25519PrivateKey.generate(), None, None, BestAvailableEncryption(PIN.encode())
    )
    (folder / "a.p12").write_bytes(made)

    assert "RSA or EC" in refusal(folder).detail


def test_production_refuses_keys_in_files(folder):
    with pytest.raises(Misconfigured, match="card"):
        open_cupboard(folder, production=True)


def test_production_without_files_has_an_empty_cupboard(tmp_path):
    assert len(open_cupboard(None, production=True)) == len(open_cupboard(tmp_path, production=True)) == 0


def test_a_certificate_of_nobody_is_not_kept(pki):
    class Nobody:
        class facts:  # noqa: N801 - stands for a signer without a number in its subject
            owner = None

    assert len(KeyCupboard([Nobody])) == 0
