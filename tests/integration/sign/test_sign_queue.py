"""None of the bad signers reaches the queue, neither by our own keys nor by a signature that is brought."""

import json
from dataclasses import replace
from hashlib import sha256
from types import SimpleNamespace

import pytest
from sqlalchemy import select

from integrator import acts, pipeline
from integrator.domain.errors import BadSignature
from integrator.queue import readings
from integrator.sign.keys import KeyCupboard
from integrator.sign.revocation import Revocation
from integrator.sign.verify import PRODUCTION
from integrator.store.engine import reading
from integrator.store.tables import audit_entry, revocation_answer
from tests.factories import FOREIGNER, KURUM, PROFESSIONAL, codes_of, record, submitted
from tests.fakes import START
from tests.pki import BY_NAME, KINDS, serve

BAD = [each.name for each in KINDS if each.refused_by]
FINE = [each.name for each in KINDS if not each.refused_by]
pytestmark = pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")


@pytest.fixture(scope="module")
def authorities(tmp_path_factory):
    with serve(tmp_path_factory.mktemp("authorities"), START) as alive:
        yield alive


@pytest.fixture
def strict(gateway, authorities):
    """The gateway as in production: qualified certificates, revocation asked, no keys at hand."""
    asked = Revocation(fetch=authorities.fetch)
    return replace(gateway, trust=authorities.trust, policy=PRODUCTION, revocation=asked, cupboard=KeyCupboard([]))


def accept(gateway, name, kayit_no="K-1"):
    professional = FOREIGNER if name == "foreigner" else PROFESSIONAL
    [answer] = pipeline.accept(
        gateway, KURUM, submitted(record(kayit_no, isgProfTckNo=professional, egiticiTckNo=professional))
    )
    assert answer.status == "accepted", answer
    return answer


def hand_of(authorities, name):
    """A signer at the gateway's side that signs as `name` does, for whoever is asked."""
    owner = FOREIGNER if name == "foreigner" else PROFESSIONAL
    return SimpleNamespace(
        facts=SimpleNamespace(owner=owner), sign=lambda content, *, at: authorities.sign(name, content, at=at)
    )


def states(gateway):
    with reading(gateway.database) as tx:
        return readings.count_states(tx)


@pytest.mark.parametrize("name", BAD)
def test_a_bad_signer_at_the_gateway_leaves_the_message_waiting(strict, authorities, name):
    answer = accept(replace(strict, cupboard=KeyCupboard([hand_of(authorities, name)])), name)

    assert codes_of(answer.findings) == ["INT-SGN-001"]
    assert answer.findings[0].seen.startswith(BY_NAME[name].refused_by)
    assert states(strict) == {"awaiting_signature": 1}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_signature_that_is_brought_is_refused(strict, authorities, name):
    number = accept(strict, name).sorgu_no[0]
    made = authorities.sign(name, acts.read_canonical(strict, KURUM, number))

    with pytest.raises(BadSignature, match=f"^{BY_NAME[name].refused_by}: "):
        acts.attach(strict, KURUM, number, made)

    assert states(strict) == {"awaiting_signature": 1}


@pytest.mark.parametrize("name", FINE)
def test_a_good_signature_that_is_brought_is_queued(strict, authorities, name):
    number = accept(strict, name).sorgu_no[0]

    acts.attach(strict, KURUM, number, authorities.sign(name, acts.read_canonical(strict, KURUM, number)))

    assert states(strict) == {"queued": 1}


def test_the_answers_a_judgement_relied_on_are_kept_and_named_in_the_log(strict, authorities):
    numbers = [accept(strict, "good", kayit_no).sorgu_no[0] for kayit_no in ("K-1", "K-2")]

    for number in numbers:
        acts.attach(strict, KURUM, number, authorities.sign("good", acts.read_canonical(strict, KURUM, number)))

    with reading(strict.database) as tx:
        kept = {row.digest: row.response for row in tx.execute(select(revocation_answer))}
        leaves = [json.loads(leaf) for leaf in tx.execute(select(audit_entry.c.leaf)).scalars()]
    named = [leaf["revocation"] for leaf in leaves if "revocation" in leaf]
    assert len(named) == 2
    assert set(named[0]) == set(kept)
    assert all(sha256(response).hexdigest() == digest for digest, response in kept.items())


def test_production_without_anybody_to_ask_queues_nothing(strict, authorities):
    alone = replace(strict, revocation=None)
    number = accept(alone, "good").sorgu_no[0]

    with pytest.raises(BadSignature, match=r"^revocation: "):
        acts.attach(alone, KURUM, number, authorities.sign("good", acts.read_canonical(alone, KURUM, number)))
