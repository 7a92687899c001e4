import socket
import threading
import time
from collections import Counter
from contextlib import contextmanager, suppress
from datetime import timedelta

import pytest
from asn1crypto import ocsp as outside_ocsp
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given
from hypothesis import strategies as st

from integrator.sign.answers import Disbelieved, Standing, Subject, read_ocsp
from integrator.sign.certificates import issued
from integrator.sign.fetch import HttpFetcher, NotFetched, Question
from integrator.sign.revocation import Revocation
from integrator.sign.trial_pki import issue_signer, make_key, make_root
from integrator.sign.verify import Policy, Signature, judge, require_valid
from tests.factories import PROFESSIONAL, SINGLE
from tests.fakes import START
from tests.pki import Authorities, serve

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture(scope="module")
def alive(tmp_path_factory):
    with serve(tmp_path_factory.mktemp("authorities"), START) as authorities:
        yield authorities


@pytest.fixture
def authorities(alive) -> Authorities:
    alive.now = START
    alive.asked.clear()
    alive.silent.clear()
    return alive


def status_of(authorities, revocation, name="good", now=START):
    return revocation.status_of(authorities.certificate(name), authorities.certificate("ca"), now)


@pytest.mark.parametrize(("name", "standing"), [("good", Standing.GOOD), ("revoked", Standing.REVOKED)])
@pytest.mark.parametrize(("silent", "source"), [(set(), "ocsp"), ({"ocsp"}, "crl")])
def test_the_responder_is_asked_first_and_the_list_when_it_is_silent(authorities, name, standing, silent, source):
    authorities.silent |= silent

    status = status_of(authorities, Revocation(fetch=authorities.fetch), name)

    assert (status.standing, status.source) == (standing, source)
    assert status.response


def test_nobody_to_ask_and_nobody_answering_is_unknown(authorities):
    authorities.silent |= {"ocsp", "crls"}

    assert status_of(authorities, Revocation()).standing is Standing.UNKNOWN
    assert status_of(authorities, Revocation(fetch=authorities.fetch)).standing is Standing.UNKNOWN


def test_an_answer_is_kept_until_its_next_update(authorities):
    revocation = Revocation(fetch=authorities.fetch)
    first = status_of(authorities, revocation)
    again = status_of(authorities, revocation, now=first.until)

    assert again is first
    authorities.now = START + HOUR
    assert status_of(authorities, revocation, now=START + HOUR) is not first
    assert Counter(authorities.asked) == {"/test/ocsp/ca": 2}


def test_a_list_is_fetched_once_for_all_of_its_certificates(authorities):
    authorities.silent.add("ocsp")
    revocation = Revocation(fetch=authorities.fetch)

    for name in ("good", "revoked", "p-256"):
        status_of(authorities, revocation, name)

    assert authorities.asked.count("/test/crls/ca/latest.crl") == 1


def test_silence_is_asked_again_after_a_minute(authorities):
    authorities.silent |= {"ocsp", "crls"}
    revocation = Revocation(fetch=authorities.fetch)
    status_of(authorities, revocation)
    asked = len(authorities.asked)
    status_of(authorities, revocation, now=START + timedelta(seconds=30))
    assert len(authorities.asked) == asked
    authorities.silent.clear()

    assert status_of(authorities, revocation, now=START + timedelta(seconds=61)).standing is Standing.GOOD


def ocsp_response(authorities, name="good"):
    kept = []
    Revocation(fetch=lambda question: kept.append(authorities.fetch(question)) or kept[-1]).status_of(
        authorities.certificate(name), authorities.certificate("ca"), authorities.now
    )
    return kept[0]


@pytest.mark.parametrize("name", ["good", "revoked"])
def test_responses_on_file_serve_without_a_network(authorities, name):
    by_ocsp = status_of(authorities, Revocation(ocsp=[ocsp_response(authorities, name)]), name)
    by_list = status_of(authorities, Revocation(crls=[authorities.crl("root"), authorities.crl()]), name)

    assert by_ocsp.standing is by_list.standing is (Standing.REVOKED if name == "revoked" else Standing.GOOD)
    assert (by_ocsp.source, by_list.source) == ("ocsp", "crl")


def test_a_list_on_file_is_believed_up_to_the_stated_age(authorities):
    crl = authorities.crl()
    later = START + 3 * DAY

    assert status_of(authorities, Revocation(crls=[crl]), now=later).standing is Standing.UNKNOWN
    assert status_of(authorities, Revocation(crls=[crl], max_age=4 * DAY), now=later).standing is Standing.GOOD
    assert status_of(authorities, Revocation(crls=[crl], max_age=4 * DAY), now=later + 2 * DAY).standing is (
        Standing.UNKNOWN
    )


def test_an_answer_from_the_future_does_not_count(authorities):
    crl, response = authorities.crl(), ocsp_response(authorities)
    revocation = Revocation(crls=[crl], ocsp=[response])

    assert status_of(authorities, revocation, now=START - 2 * DAY).standing is Standing.UNKNOWN


def test_a_list_of_another_authority_does_not_count(authorities):
    assert status_of(authorities, Revocation(crls=[authorities.crl("root")])).standing is Standing.UNKNOWN


def test_a_response_about_another_certificate_does_not_count(authorities):
    revocation = Revocation(ocsp=[ocsp_response(authorities, "p-256")])

    assert status_of(authorities, revocation).standing is Standing.UNKNOWN


def test_a_changed_answer_never_says_good(authorities):
    crl, response = authorities.crl(), ocsp_response(authorities, "revoked")
    for der, kind in ((crl, "crls"), (response, "ocsp")):
        for at in range(0, len(der), 5):
            changed = der[:at] + bytes([der[at] ^ 0x01]) + der[at + 1 :]
            status = status_of(authorities, Revocation(**{kind: [changed]}), "revoked")
            assert status.standing is not Standing.GOOD


@given(der=st.binary(max_size=200))
def test_any_bytes_as_an_answer_are_unknown(alive, der):
    assert status_of(alive, Revocation(ocsp=[der], crls=[der])).standing is Standing.UNKNOWN


def responder(authorities, root, *, purposes=(ExtendedKeyUsageOID.OCSP_SIGNING,), valid=(-1, 10), status=None):
    """A response made by hand, by a responder that `root` certified."""
    key = make_key("p-256")
    builder = x509.CertificateBuilder(
        root.certificate.subject,
        x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "RESPONDER")]),
        key.public_key(),
        77,
    )
    builder = builder.not_valid_before(START + valid[0] * DAY).not_valid_after(START + valid[1] * DAY)
    if purposes:
        builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
    return key, builder.sign(root.key, hashes.SHA256())


def answer(root, subject, signer, *, digest=None, this_update=START, status=ocsp.OCSPCertStatus.GOOD, embed=True):
    key, certificate = signer
    builder = ocsp.OCSPResponseBuilder().add_response(
        subject.certificate,
        root.certificate,
        hashes.SHA256(),
        status,
        this_update,
        this_update + HOUR,
        None,
        None,
    )
    builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, certificate)
    builder = builder.certificates([certificate]) if embed else builder
    made = builder.sign(key, digest or hashes.SHA256())
    return made.public_bytes(Encoding.DER)


@pytest.fixture(scope="module")
def home():
    root = make_root(now=START)
    return root, issue_signer(root, PROFESSIONAL, now=START, key="p-256")


def test_a_delegated_responder_is_believed(home):
    root, subject = home
    der = answer(root, subject, responder(None, root))

    assert read_ocsp(der, Subject(subject.certificate, root.certificate, START)).standing is Standing.GOOD


def test_the_issuer_itself_is_believed(home):
    root, subject = home
    der = answer(root, subject, (root.key, root.certificate), embed=False)

    assert read_ocsp(der, Subject(subject.certificate, root.certificate, START)).standing is Standing.GOOD


def test_an_unknown_of_the_responder_is_no_good(home):
    root, subject = home
    der = answer(root, subject, responder(None, root), status=ocsp.OCSPCertStatus.UNKNOWN)

    assert read_ocsp(der, Subject(subject.certificate, root.certificate, START)).standing is Standing.UNKNOWN


@pytest.mark.parametrize(
    "facts",
    [
        {"purposes": ()},
        {"purposes": (ExtendedKeyUsageOID.TIME_STAMPING,)},
        {"valid": (-10, -1)},
        {"valid": (1, 10)},
    ],
    ids=str,
)
def test_a_responder_without_the_right_is_not_believed(home, facts):
    root, subject = home
    der = answer(root, subject, responder(None, root, **facts))

    with pytest.raises(Disbelieved, match="authorised"):
        read_ocsp(der, Subject(subject.certificate, root.certificate, START))


def test_a_responder_of_another_root_is_not_believed(home):
    root, subject = home
    der = answer(root, subject, responder(None, make_root(now=START)))

    with pytest.raises(Disbelieved, match="authorised"):
        read_ocsp(der, Subject(subject.certificate, root.certificate, START))


def test_the_signer_cannot_vouch_for_itself(home):
    root, subject = home
    der = answer(root, subject, (subject.key, subject.certificate))

    with pytest.raises(Disbelieved, match="authorised"):
        read_ocsp(der, Subject(subject.certificate, root.certificate, START))


def test_an_error_of_the_responder_is_told(home):
    root, subject = home
    der = outside_ocsp.OCSPResponse({"response_status": "try_later"}).dump()

    with pytest.raises(Disbelieved, match="try_later"):
        read_ocsp(der, Subject(subject.certificate, root.certificate, START))


# the check itself


def judged(authorities, name="good", *, policy=None, revocation=None, trust=None):
    der = authorities.sign(name, SINGLE)
    trust = authorities.trust if trust is None else trust
    return Signature(der, SINGLE, START, trust, PROFESSIONAL, policy or Policy(), revocation)


def verdict(signature):
    return next(each for each in judge(signature) if each.check == "revocation")


def test_without_anybody_to_ask_the_verdict_is_none_and_refuses_only_when_demanded(authorities):
    plain, demanded = judged(authorities), judged(authorities, policy=Policy(revocation=True))

    assert (verdict(plain).ok, verdict(plain).refuses) == (None, False)
    assert (verdict(demanded).ok, verdict(demanded).refuses) == (None, True)


def test_silence_refuses_only_when_demanded(authorities):
    authorities.silent |= {"ocsp", "crls"}
    asked = Revocation(fetch=authorities.fetch)

    assert verdict(judged(authorities, revocation=asked)).ok is None
    refused = verdict(judged(authorities, revocation=asked, policy=Policy(revocation=True)))
    assert (refused.ok, refused.code) == (False, "INT-SGN-131")


def test_a_revoked_certificate_is_refused_even_when_nothing_is_demanded(authorities):
    asked = Revocation(fetch=authorities.fetch)

    assert verdict(judged(authorities, "revoked", revocation=asked)).code == "INT-SGN-111"


def test_nobody_is_asked_about_a_certificate_without_a_trusted_issuer(authorities):
    asked = Revocation(fetch=authorities.fetch)

    assert verdict(judged(authorities, "another-root", revocation=asked)).ok is None
    assert authorities.asked == []


def test_the_responses_relied_on_are_handed_out(authorities):
    signature = judged(authorities, revocation=Revocation(fetch=authorities.fetch))
    require_valid(signature)

    assert [each.source for each in signature.answers] == ["ocsp", "crl"]  # the signer's, and the authority's above
    assert all(each.response for each in signature.answers)


# the fetcher


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:{port}@evil.example/",
        "http://evil.example/",
        "http://127.0.0.1/",
        "http://127.0.0.1:1/",
        "ftp://127.0.0.1:{port}/",
        "file:///etc/passwd",
        "http://user:x@127.0.0.1:{port}/",
        "http://[::1]:{port}/",
        "http://127.0.0.1:99999/",
        "http://2130706433:{port}/",
        "",
    ],
)
def test_only_listed_hosts_are_asked(authorities, url):
    fetch = HttpFetcher([f"127.0.0.1:{authorities.port}"])

    with pytest.raises(NotFetched):
        fetch(Question(url.format(port=authorities.port)))


def test_a_listed_host_is_asked_over_http(authorities):
    revocation = Revocation(fetch=HttpFetcher([f"127.0.0.1:{authorities.port}"]))

    assert status_of(authorities, revocation).source == "ocsp"


def test_an_answer_over_the_cap_is_none(authorities):
    fetch = HttpFetcher([f"127.0.0.1:{authorities.port}"])

    with pytest.raises(NotFetched, match="more than 10 bytes"):
        fetch(Question(f"http://127.0.0.1:{authorities.port}/test/crls/ca/latest.crl", cap=10))


def test_a_404_is_no_answer(authorities):
    fetch = HttpFetcher([f"127.0.0.1:{authorities.port}"])

    with pytest.raises(NotFetched, match="404"):
        fetch(Question(f"http://127.0.0.1:{authorities.port}/test/nothing/ca/latest.crl"))


@contextmanager
def dripping(piece):
    """A host that sends `piece` again and again and never comes to an end."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(5)
        stop = threading.Event()

        def drip():
            with server.accept()[0] as connection, suppress(OSError):
                while not stop.wait(0.02):
                    connection.sendall(piece)

        thread = threading.Thread(target=drip, daemon=True)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            stop.set()
            thread.join(5)


@pytest.mark.parametrize("piece", [b"H", b"HTTP/1.1 200 OK\r\n\r\nx", b"X-A: b\r\n", b""], ids=repr)
def test_a_host_that_drips_is_left_after_the_time_out(piece):
    with dripping(piece) as port:
        fetch, began = HttpFetcher([f"127.0.0.1:{port}"], timeout=timedelta(seconds=0.4)), time.monotonic()

        with pytest.raises(NotFetched):
            fetch(Question(f"http://127.0.0.1:{port}/"))

        assert time.monotonic() - began < 2


def test_a_certificate_with_an_unknown_critical_extension_has_no_path():
    root = make_root(now=START)
    builder = x509.CertificateBuilder(
        root.certificate.subject, root.certificate.subject, make_key("p-256").public_key(), 5
    )
    builder = builder.not_valid_before(START).not_valid_after(START + DAY)
    builder = builder.add_extension(x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3"), b"x"), critical=True)

    assert not issued(root.certificate, builder.sign(root.key, hashes.SHA256()))
