import json
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from integrator.cli import main
from tests.factories import PROFESSIONAL, SINGLE
from tests.pki import KINDS, serve

pytestmark = pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    """A support desk's folder: signatures of all signers, content, trust and a CRL on file."""
    folder, now = tmp_path_factory.mktemp("desk"), datetime.now(UTC).replace(microsecond=0)
    (folder / "keys").mkdir()
    (folder / "trust").mkdir()
    with serve(folder / "keys", now) as authorities:
        for kind in KINDS:
            (folder / f"{kind.name}.p7s").write_bytes(authorities.sign(kind.name, SINGLE))
        for each in ("root", "ca"):
            (folder / "trust" / f"{each}.pem").write_bytes(authorities.certificate(each).public_bytes(Encoding.PEM))
        (folder / "ca.crl").write_bytes(authorities.crl())
    (folder / "content").write_bytes(SINGLE)
    (folder / "professional").write_text(PROFESSIONAL)
    return folder


@pytest.fixture
def verify(desk, capsys):
    def call(name, *options, content="content"):
        arguments = ["verify", "--cms", f"{desk}/{name}.p7s", "--content", f"{desk}/{content}"]
        with pytest.raises(SystemExit) as ended:
            main([*arguments, *options])
        return ended.value.code, capsys.readouterr().out

    return call


def everything(desk):
    files = ("--trust", f"{desk}/trust", "--professional", f"{desk}/professional", "--crl", f"{desk}/ca.crl")
    return (*files, "--demand-qualified", "--demand-revocation")


def test_a_good_signature_is_told_valid_with_all_its_verdicts(verify, desk):
    code, said = verify("good", *everything(desk), "--json")
    told = json.loads(said)

    assert (code, told["valid"], told["revocation_checked"]) == (0, True, True)
    assert [each["check"] for each in told["verdicts"] if each["ok"] is not True] == []


@pytest.mark.parametrize("kind", [each for each in KINDS if each.refused_by], ids=lambda each: each.name)
def test_each_bad_signer_is_told_with_its_advice(verify, desk, kind):
    code, said = verify(kind.name, *everything(desk), "--json")
    first = next(each for each in json.loads(said)["verdicts"] if each["refuses"])

    assert (code, first["check"], first["code"]) == (5, kind.refused_by, kind.code)
    assert set(first["advice"]) == {"tr", "en"}


@pytest.mark.parametrize(("language", "word"), [("tr_TR", "mali mühür; bildirim"), ("en_GB", "This is a mali mühür")])
def test_a_person_reads_the_advice_in_their_language(verify, desk, monkeypatch, language, word):
    monkeypatch.setenv("IBYS_LANG", language)

    code, said = verify("mali-muhur", *everything(desk))

    assert code == 5
    assert "X qualified" in said
    assert word in said
    assert PROFESSIONAL not in said


def test_what_was_not_asked_is_said(verify, monkeypatch):
    monkeypatch.setenv("IBYS_LANG", "en")

    code, said = verify("good")

    assert code == 0
    assert "Not asked: trust, professional, revocation" in said


def test_a_demand_that_cannot_be_asked_refuses(verify):
    code, said = verify("good", "--demand-revocation", "--json")

    assert (code, json.loads(said)["valid"]) == (5, False)
