import pytest

from integrator.domain.errors import BadSignature
from integrator.sign.fetch import HttpFetcher
from integrator.sign.revocation import Revocation
from integrator.sign.verify import PRODUCTION, Signature, is_valid, judge, require_valid
from tests.factories import FOREIGNER, PROFESSIONAL, SINGLE
from tests.fakes import START
from tests.pki import BY_NAME, KINDS, serve

BAD = [each.name for each in KINDS if each.refused_by]
FINE = [each.name for each in KINDS if not each.refused_by]


@pytest.fixture(scope="module")
def authorities(tmp_path_factory):
    with serve(tmp_path_factory.mktemp("authorities"), START) as alive:
        yield alive


@pytest.fixture(scope="module")
def revocation(authorities):
    return Revocation(fetch=HttpFetcher([f"127.0.0.1:{authorities.port}"]))


def signature_of(authorities, revocation, name):
    professional = FOREIGNER if name == "foreigner" else PROFESSIONAL
    der = authorities.sign(name, SINGLE)
    return Signature(der, SINGLE, START, authorities.trust, professional, PRODUCTION, revocation)


pytestmark = pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")


def test_thirteen_signers_are_bad_and_three_are_good():
    assert (len(BAD), FINE) == (13, ["good", "p-256", "foreigner"])


@pytest.mark.parametrize("name", BAD)
def test_a_bad_signer_is_refused_by_its_own_check(authorities, revocation, name):
    refused = [each for each in judge(signature_of(authorities, revocation, name)) if each.refuses]

    assert (refused[0].check, refused[0].code) == (BY_NAME[name].refused_by, BY_NAME[name].code)
    assert len(refused) == 1 or name in {"sha-1", "another-root"}  # what then cannot be judged is refused as well


def test_no_two_bad_signers_share_a_verdict():
    assert len({BY_NAME[name].code for name in BAD}) == len(BAD)


@pytest.mark.parametrize("name", BAD)
def test_what_a_bad_signer_made_does_not_pass(authorities, revocation, name):
    with pytest.raises(BadSignature, match=f"^{BY_NAME[name].refused_by}: "):
        require_valid(signature_of(authorities, revocation, name))


@pytest.mark.parametrize("name", FINE)
def test_a_good_signer_answers_every_check(authorities, revocation, name):
    signature = signature_of(authorities, revocation, name)
    verdicts = judge(signature)

    assert [each for each in verdicts if each.ok is not True] == []
    assert is_valid(verdicts)
    require_valid(signature)
