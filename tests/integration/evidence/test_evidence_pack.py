"""A pack is verified by running the file inside it, as a stranger would."""

import io
import json
import subprocess
import sys
import zipfile
from dataclasses import replace
from datetime import date, timedelta

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from integrator import acts, pipeline
from integrator.audit.prove import newest_head
from integrator.domain.errors import Malformed, NotFound
from integrator.evidence.dossier import of_workplace
from integrator.evidence.health import seal_for
from integrator.evidence.pack import Wish, make_pack
from integrator.evidence_job import pay_debt
from integrator.sign.evidence import TimestampAuthority
from integrator.sign.keys import KeyCupboard
from integrator.sign.revocation import Revocation
from integrator.store.engine import reading
from tests.factories import KURUM, PROFESSIONAL, REPO, SGK, record, submitted
from tests.fakes import START
from tests.pki import serve

pytestmark = pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")


@pytest.fixture(scope="module")
def authorities(tmp_path_factory):
    with serve(tmp_path_factory.mktemp("pki"), START) as alive:
        yield alive


@pytest.fixture
def ready(gateway, authorities):
    """A gateway with all that evidence is made of: OCSP, CRL, a trust store, and a professional of the test PKI."""
    asked = Revocation(fetch=authorities.fetch)
    return replace(
        gateway, trust=authorities.trust, revocation=asked, cupboard=KeyCupboard([authorities.signer("good")])
    )


@pytest.fixture
def authority(authorities):
    return TimestampAuthority(
        f"http://127.0.0.1:{authorities.port}/test/tsa/tsa",
        authorities.fetch,
        anchors=[authorities.certificate("root")],
        intermediates=[authorities.certificate("ca")],
    )


@pytest.fixture
def stored(ready, authority, clock):
    """Two messages of one workplace: one accepted after a lost answer, one accepted at once; both stamped."""
    numbers = []
    ready.ministry().faults.append("lost_reply")
    for each in (record("K-1"), record("K-2", egitimTarihi="2025-11-02")):
        [answer] = pipeline.accept(ready, KURUM, submitted(each))
        numbers += answer.sorgu_no
        pipeline.dispatch(ready)
    clock.advance(hours=1)
    pipeline.inquire(ready)
    pay_debt(ready, authority, complete_after=timedelta(0))
    acts.checkpoint(ready)
    return numbers


@pytest.fixture
def pack(ready, stored, authority):
    return make_pack(ready, KURUM, Wish(stored, {"chosen": "sorgu_no"}, by="ayse", authority=authority))


@pytest.fixture
def trust(authorities, tmp_path):
    folder = tmp_path / "trust"
    folder.mkdir()
    for name in ("root", "ca"):
        (folder / f"{name}.pem").write_bytes(authorities.certificate(name).public_bytes(Encoding.PEM))
    return folder


@pytest.fixture
def verify(tmp_path):
    """Unpack verify.py, run it in another process that sees none of our code."""

    def run(content, *options):
        path = tmp_path / "pack.zip"
        path.write_bytes(content)
        script = tmp_path / "verify.py"
        script.write_bytes(files_of(content).get("verify.py") or b"")
        done = subprocess.run(
            [sys.executable, "-I", str(script), str(path), "--json", *map(str, options)],
            capture_output=True, text=True, timeout=60, check=False, cwd=tmp_path,
        )  # fmt: skip
        return done.returncode, json.loads(done.stdout) if done.stdout else done.stderr

    return run


def files_of(content):
    with zipfile.ZipFile(io.BytesIO(content)) as container:
        return {name: container.read(name) for name in container.namelist()}


def zipped(files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as container:
        for name, value in files.items():
            container.writestr(name, value)
    return out.getvalue()


def verdicts(found, verdict):
    return {(each["about"], each["claim"]) for each in found["verdicts"] if each["verdict"] == verdict}


def test_every_claim_of_a_sound_pack_holds(pack, verify, trust, ready, tmp_path, stored):
    held = tmp_path / "held.checkpoint"
    with reading(ready.database) as tx:
        held.write_text(newest_head(tx).note)
    code, found = verify(pack.content, "--trust", trust, "--checkpoint", held)

    assert (code, found["ok"], verdicts(found, "no")) == (0, True, set())
    assert verdicts(found, "open") == {("pack", "health part")}
    told = {(each["about"], each["claim"]): each["why"] for each in found["verdicts"]}
    assert "good at" in told[str(stored[0]), "signature"]
    assert told[str(stored[0]), "signature"].endswith("trusted")
    assert told[str(stored[0]), "time-stamp"].endswith("trusted")
    assert "now accepted, last answer 200" in told[str(stored[0]), "entries"]


def bent(value):
    """Copies of a file with one bit changed, at its beginning, in its middle and at its end; and one cut short."""
    places = {0, len(value) // 2, len(value) - 1}
    yield from (value[:at] + bytes([value[at] ^ 1]) + value[at + 1 :] for at in sorted(places))
    yield value[:-1]


def test_whichever_file_is_altered_the_verifier_fails_and_names_it(pack, authorities):
    from integrator.evidence import verifier  # the same code that travels; a process for each would take minutes

    files = files_of(pack.content)
    trusted = [authorities.certificate(name) for name in ("root", "ca")]
    assert len(files) > 20
    for name, value in files.items():
        for changed in bent(value):
            judge = verifier.Judge({**files, name: changed}, trusted, [])
            fails = [each["why"] for each in judge.judge() if each["verdict"] == verifier.NO]
            assert any(name in why for why in fails), (name, fails)


def test_a_file_that_is_missing_or_was_added_is_named(pack, verify):
    files = files_of(pack.content)
    for changed in ({k: v for k, v in files.items() if not k.endswith("canonical.xml")}, {**files, "extra.txt": b"x"}):
        code, found = verify(zipped(changed))
        odd = (changed.keys() ^ files.keys()).pop()

        assert code == 5
        assert any(odd in each["why"] for each in found["verdicts"] if each["verdict"] == "no")


def test_a_forger_who_writes_the_manifest_anew_is_found_by_the_log(pack, verify):
    from hashlib import sha256

    from integrator.evidence.verifier import strict_bytes

    files = files_of(pack.content)
    files["ozet.html"] = b"<p>refused</p>"
    manifest = json.loads(files["manifest.json"])
    manifest["files"]["ozet.html"]["sha256"] = sha256(files["ozet.html"]).hexdigest()
    code, found = verify(zipped({**files, "manifest.json": strict_bytes(manifest)}))

    assert code == 5
    assert verdicts(found, "no") == {("log", "manifest")}


def test_an_entry_that_was_left_out_of_the_story_is_noticed(pack, verify, stored):
    from integrator.evidence.verifier import strict_bytes

    files = files_of(pack.content)
    name = f"log/{stored[0]}.json"
    rows = json.loads(files[name])
    code, found = verify(zipped({**files, name: strict_bytes(rows[:-1])}))

    assert code == 5
    assert (str(stored[0]), "entries") in verdicts(found, "no")


def test_a_log_that_was_rewritten_is_found_by_a_checkpoint_held_outside(pack, verify, ready, tmp_path):
    """The owner of the key signs another history of the same length."""
    size = int(files_of(pack.content)["log/checkpoint.txt"].split(b"\n")[1])
    held = tmp_path / "held.checkpoint"
    held.write_text(ready.checkpoint_key.sign(size, bytes(32)))
    code, found = verify(pack.content, "--checkpoint", held)

    assert (code, verdicts(found, "no")) == (5, {("log", "outside")})


def test_a_trust_folder_without_the_issuer_lets_no_signature_pass(pack, verify, tmp_path, pki, stored):
    strange = tmp_path / "strange"
    strange.mkdir()
    (strange / "other.pem").write_bytes(pki.root.certificate.public_bytes(Encoding.PEM))
    code, found = verify(pack.content, "--trust", strange)

    assert code == 5
    assert {(str(number), "signature") for number in stored} <= verdicts(found, "no")


@pytest.mark.parametrize("content", [b"", b"PK", b"no pack", zipped({"manifest.json": b"{}"})])
def test_what_is_no_pack_is_told_without_a_traceback(verify, content, pack):
    from integrator.evidence.verifier import NO, Judge, Wrong, read_pack

    try:
        verdicts_found = Judge(read_pack(content), [], []).judge()
    except Wrong as wrong:
        assert str(wrong)
    else:
        assert verdicts_found[0]["verdict"] == NO


def test_credentials_are_in_no_file_of_a_pack_and_making_it_is_audited(pack, entries, stored):
    everything = b"".join(files_of(pack.content).values())
    events = [each["event"] for each in entries() if each["event"].startswith("pack.")]
    made = entries("pack.made")[0]

    assert b"Parola>" not in everything.replace(b"***", b"")
    assert events == ["pack.making", "pack.sealed", "pack.made"]
    assert (made["by"], made["messages"], made["sha256"]) == ("ayse", stored, pack.digest)


def test_a_workplace_and_a_period_select_by_the_day_of_the_event(ready, stored):
    def of(since, until, workplace=SGK):
        with reading(ready.database) as tx:
            span = {"since": date.fromisoformat(since), "until": date.fromisoformat(until)}
            return of_workplace(tx, ready, KURUM, workplace, **span)

    assert of("2025-10-23", "2025-11-02") == stored
    assert of("2025-10-24", "2025-11-02") == stored[1:]
    assert of("2025-10-23", "2025-10-23") == stored[:1]
    assert of("2025-11-03", "2026-11-03") == []


def test_nothing_selected_makes_no_pack(ready):
    with pytest.raises(NotFound):
        make_pack(ready, KURUM, Wish([], {}))


# Health content


@pytest.fixture
def examined(ready):
    """An examination that a json-g4 gateway has accepted; it waits for its metot to be sent."""
    path = REPO / "datasets" / "muayene" / "2023-03" / "ornekler" / "periodic" / "record.json"
    [answer] = pipeline.accept(replace(ready, metot="json-g4"), KURUM, submitted(json.loads(path.read_text())))
    assert answer.status == "accepted", answer.findings
    return list(answer.sorgu_no)


def sealed_part(content, passphrase):
    from integrator.evidence.verifier import open_sealed

    return files_of(open_sealed(files_of(content)["health.aes"], passphrase))


def test_without_a_physician_health_content_stays_out_and_the_rest_is_verified(ready, examined, verify):
    made = make_pack(ready, KURUM, Wish(examined, {"chosen": "sorgu_no"}))
    names = [name for name in files_of(made.content) if name.startswith(f"bildirim/{examined[0]}/")]
    code, found = verify(made.content)

    assert (made.left_out, names) == (1, [f"bildirim/{examined[0]}/bildirim.json"])
    assert code == 0
    assert {(str(examined[0]), claim) for claim in ("bytes", "signature")} <= verdicts(found, "open")


def test_health_content_lies_in_the_sealed_part_alone_and_opens_with_the_passphrase(ready, examined, verify, tmp_path):
    secret = tmp_path / "passphrase"
    secret.write_text("uzun-bir-parola-cumlesi\n")
    made = make_pack(ready, KURUM, Wish(examined, {"chosen": "sorgu_no"}, seal=seal_for(None, secret)))
    inside = sealed_part(made.content, secret.read_bytes())
    outside = b"".join(files_of(made.content).values())
    code, found = verify(made.content, "--passphrase-file", secret)

    assert inside[f"bildirim/{examined[0]}/canonical.xml"] not in outside
    assert b"muayene" in inside[f"bildirim/{examined[0]}/canonical.xml"].lower()
    assert (code, verdicts(found, "no")) == (0, set())
    assert (str(examined[0]), "bytes") in verdicts(found, "yes")
    secret.write_text("baska-bir-parola-cumlesi\n")
    assert verify(made.content, "--passphrase-file", secret)[0] == 5


def test_a_part_sealed_for_a_certificate_opens_with_its_key_and_is_then_judged(ready, examined, verify, tmp_path):
    from cryptography.hazmat.primitives.serialization import pkcs7

    from integrator.sign.trial_pki import issue_signer, make_root

    physician = issue_signer(make_root(now=START), PROFESSIONAL, now=START, key="rsa-2048")
    path = tmp_path / "physician.pem"
    path.write_bytes(physician.certificate.public_bytes(Encoding.PEM))
    made = make_pack(ready, KURUM, Wish(examined, {"chosen": "sorgu_no"}, seal=seal_for(path, None)))
    sealed = files_of(made.content)["health.p7m"]
    (tmp_path / "health.zip").write_bytes(pkcs7.pkcs7_decrypt_der(sealed, physician.certificate, physician.key, []))
    code, found = verify(made.content, "--health", tmp_path / "health.zip")

    assert code == 0
    assert (str(examined[0]), "signature") in verdicts(found, "yes")


def test_what_cannot_seal_is_refused(tmp_path, pki):
    weak = tmp_path / "short"
    weak.write_text("kisa")
    elliptic = tmp_path / "p256.pem"
    elliptic.write_bytes(pki.professional.certificate.public_bytes(Encoding.PEM))
    for certificate, passphrase in ((None, weak), (elliptic, None), (weak, None), (elliptic, weak)):
        with pytest.raises(Malformed):
            seal_for(certificate, passphrase)
