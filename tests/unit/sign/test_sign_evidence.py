import hashlib
import shutil
import subprocess
from datetime import UTC, datetime, timedelta

import pytest
from asn1crypto import cms as outside_cms
from asn1crypto import tsp
from cryptography.hazmat.primitives.serialization import Encoding

from integrator.domain.errors import Malformed, Unavailable
from integrator.sign import structures as cms
from integrator.sign.certificates import der_of
from integrator.sign.evidence import (
    TimestampAuthority,
    add_timestamp,
    add_validation_data,
    core_of,
    signature_of,
    unsigned_values,
)
from integrator.sign.fetch import HttpFetcher, NotFetched
from integrator.sign.revocation import Revocation
from integrator.sign.verify import PRODUCTION, Signature, judge, require_valid
from tests.factories import PROFESSIONAL, SINGLE
from tests.fakes import START
from tests.pki import TSA_POLICY, serve

OPENSSL = shutil.which("openssl")


@pytest.fixture(scope="module")
def authorities(tmp_path_factory):
    with serve(tmp_path_factory.mktemp("authorities"), START) as alive:
        yield alive


def authority(authorities, fetch=None, **changes):
    facts = {"anchors": [authorities.certificate("root")], "intermediates": [authorities.certificate("ca")]}
    url = f"http://127.0.0.1:{authorities.port}/test/tsa/tsa"
    return TimestampAuthority(url, fetch or authorities.fetch, **{**facts, **changes})


@pytest.fixture(scope="module", params=["good", "p-256"])
def sent(authorities, request):
    return authorities.sign(request.param, SINGLE)


@pytest.fixture(scope="module")
def stamped(authorities, sent):
    return add_timestamp(sent, authority(authorities).stamp(signature_of(sent)).token)


@pytest.fixture(scope="module")
def complete(authorities, sent, stamped):
    revocation = Revocation(fetch=authorities.fetch)
    judged = Signature(sent, SINGLE, START, authorities.trust, PROFESSIONAL, PRODUCTION, revocation)
    require_valid(judged)
    ocsp = [each.response for each in judged.answers if each.source == "ocsp"]
    crls = [each.response for each in judged.answers if each.source == "crl"]
    return add_validation_data(stamped, [der_of(authorities.certificate(each)) for each in ("ca", "root")], ocsp, crls)


def test_the_core_of_an_evidence_copy_is_the_signature_that_was_sent(sent, stamped, complete):
    assert core_of(stamped) == core_of(complete) == core_of(sent) == sent
    assert len({sent, stamped, complete}) == 3


def test_a_stamped_signature_is_judged_as_the_sent_one_was(authorities, sent, stamped, complete):
    for each in (sent, stamped, complete):
        verdicts = judge(Signature(each, SINGLE, START, authorities.trust, PROFESSIONAL))
        assert [verdict for verdict in verdicts if verdict.refuses] == []


def test_the_stamp_names_the_authoritys_time_and_policy(authorities, sent):
    stamp = authority(authorities, policies=[TSA_POLICY]).stamp(signature_of(sent))

    assert (stamp.at, stamp.policy) == (START, TSA_POLICY)


def test_an_outside_reader_finds_the_token_over_the_signature_value(sent, stamped):
    [info] = outside_cms.ContentInfo.load(stamped, strict=True)["content"]["signer_infos"]
    [attribute] = info["unsigned_attrs"]
    token = attribute["values"][0]["content"]["encap_content_info"]["content"].parsed

    assert attribute["type"].native == "signature_time_stamp_token"
    assert isinstance(token, tsp.TSTInfo)
    assert token["message_imprint"]["hashed_message"].native == hashlib.sha256(info["signature"].native).digest()


def test_an_outside_reader_finds_the_validation_data(complete):
    [info] = outside_cms.ContentInfo.load(complete, strict=True)["content"]["signer_infos"]
    found = {each["type"].dotted: each["values"][0] for each in info["unsigned_attrs"]}

    assert set(found) == {
        cms.SIGNATURE_TIME_STAMP.dotted_string,
        cms.CERTIFICATE_VALUES.dotted_string,
        cms.REVOCATION_VALUES.dotted_string,
    }
    revocations = found[cms.REVOCATION_VALUES.dotted_string]
    assert len(unsigned_values(complete, cms.CERTIFICATE_VALUES)) == 1
    assert revocations is not None


def test_the_same_facts_give_the_same_bytes(authorities, stamped):
    lists, certificates = [authorities.crl("ca"), authorities.crl("root")], [der_of(authorities.certificate("ca"))]

    assert add_validation_data(stamped, certificates, [], lists) == add_validation_data(
        stamped, certificates * 2, [], lists[::-1] + lists
    )


def test_a_token_is_fetched_over_http(authorities, sent):
    fetch = HttpFetcher([f"127.0.0.1:{authorities.port}"], timeout=timedelta(seconds=3))

    assert authority(authorities, fetch).stamp(signature_of(sent)).at == START


def test_a_token_over_something_else_is_no_token(authorities, sent):
    other = None

    def replays(question):
        nonlocal other
        if other is None:
            other = authorities.fetch(question)
        return other

    authority(authorities, replays).stamp(b"another signature")

    with pytest.raises(Unavailable, match="Nonce"):
        authority(authorities, replays).stamp(signature_of(sent))


def test_a_token_of_another_imprint_is_no_token(authorities, sent):
    def lies(question):
        request = tsp.TimeStampReq.load(question.body)
        request["message_imprint"]["hashed_message"] = b"\0" * 32
        return authorities.stamp("tsa", request.dump(force=True))

    with pytest.raises(Unavailable, match="verify"):
        authority(authorities, lies).stamp(signature_of(sent))


def test_a_token_of_another_policy_is_no_token(authorities, sent):
    with pytest.raises(Unavailable, match="policy"):
        authority(authorities, policies=["1.2.3"]).stamp(signature_of(sent))


def test_a_token_of_an_unknown_authority_is_no_token(authorities, sent):
    with pytest.raises(Unavailable, match="verify"):
        authority(authorities, anchors=[authorities.certificate("other")], intermediates=[]).stamp(signature_of(sent))


@pytest.mark.parametrize("reply", [b"", b"no", b"\x30\x00", b"\x30\x03\x02\x01\x02", b"\x30\x05\x30\x03\x02\x01\x02"])
def test_an_answer_that_is_no_token_is_an_absence(authorities, sent, reply):
    with pytest.raises(Unavailable):
        authority(authorities, lambda question: reply).stamp(signature_of(sent))


def test_an_authority_that_is_away_is_an_absence(authorities, sent):
    def away(question):
        raise NotFetched("nobody answers")

    with pytest.raises(Unavailable, match="nobody answers"):
        authority(authorities, away).stamp(signature_of(sent))


@pytest.mark.parametrize("der", [b"", b"\x30\x00", b"x" * 50])
def test_what_is_no_signature_gets_no_evidence(der):
    for act in (core_of, signature_of, lambda each: add_timestamp(each, b"\x30\x00")):
        with pytest.raises(Malformed):
            act(der)


@pytest.mark.parametrize("token", [b"", b"\x30\x05", b"\x30\x00\x00"])
def test_a_token_that_is_not_der_is_not_put_in(sent, token):
    with pytest.raises(Malformed):
        add_timestamp(sent, token)


@pytest.mark.parametrize("response", [b"", b"\x30\x03\x0a\x01\x06", b"\x30\x00"])
def test_an_ocsp_answer_without_a_response_is_not_put_in(stamped, response):
    with pytest.raises(Malformed):
        add_validation_data(stamped, [], [response], [])


def test_nothing_to_add_changes_nothing(sent, stamped):
    assert add_validation_data(stamped, [], [], []) == stamped
    assert add_validation_data(sent, [], [], []) == sent


@pytest.mark.skipif(OPENSSL is None, reason="NO OPENSSL: the second opinion on evidence copies was not heard")
def test_openssl_takes_a_complete_evidence_copy(tmp_path):
    now = datetime.now(UTC).replace(microsecond=0)
    (tmp_path / "keys").mkdir()
    with serve(tmp_path / "keys", now) as authorities:
        der = authorities.sign("good", SINGLE)
        der = add_timestamp(der, authority(authorities).stamp(signature_of(der)).token)
        der = add_validation_data(der, [der_of(authorities.certificate("ca"))], [], [authorities.crl()])
    (tmp_path / "s.der").write_bytes(der)
    (tmp_path / "content").write_bytes(SINGLE)
    pems = [authorities.certificate(each).public_bytes(Encoding.PEM) for each in ("root", "ca")]
    (tmp_path / "root.pem").write_bytes(b"".join(pems))
    command = "cms -verify -cades -binary -inform DER -in s.der -content content -CAfile root.pem -purpose any -out out"

    ended = subprocess.run([OPENSSL, *command.split()], cwd=tmp_path, capture_output=True, check=False)

    assert ended.returncode == 0, ended.stderr.decode()
