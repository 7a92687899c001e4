import time
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding

from integrator.domain.errors import Misconfigured
from integrator.sign.certificates import TrustStore, der_of, read_certificate, read_trust_store
from integrator.sign.trial_pki import make_key, make_root
from tests.factories import PROFESSIONAL
from tests.fakes import START

pytestmark = pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")
DAY = timedelta(days=1)


def authority(name, issuer_name, key, signing_key, *, ca=True, valid=(START - DAY, START + 30 * DAY)):
    def named(text):
        return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])

    builder = x509.CertificateBuilder(named(issuer_name), named(name), key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(valid[0]).not_valid_after(valid[1])
    builder = builder.add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    return builder.sign(signing_key, hashes.SHA256())


def facts_of(certificate):
    return read_certificate(der_of(certificate))


def chain(length):
    """A root and `length` authorities below it, each issued by the one before; the last certificate is the leaf."""
    keys = [make_key("p-256") for _ in range(length + 1)]
    made = [authority("ca-0", "ca-0", keys[0], keys[0])]
    made += [authority(f"ca-{n}", f"ca-{n - 1}", keys[n], keys[n - 1]) for n in range(1, length + 1)]
    return made


def test_the_facts_of_a_signer_are_read(pki):
    facts = facts_of(pki.professional.certificate)

    assert (facts.owner, facts.non_repudiation) == (PROFESSIONAL, True)
    assert facts.valid_from < START < facts.valid_until


def test_a_certificate_shows_nobodys_number_in_its_repr(pki):
    assert PROFESSIONAL not in repr(facts_of(pki.professional.certificate))


def test_a_subject_with_two_serial_numbers_belongs_to_nobody(pki):
    numbers = [x509.NameAttribute(x509.NameOID.SERIAL_NUMBER, each) for each in (PROFESSIONAL, "80000000132")]
    key = make_key("p-256")
    builder = x509.CertificateBuilder(pki.root.certificate.subject, x509.Name(numbers), key.public_key(), 1)
    made = builder.not_valid_before(START).not_valid_after(START + DAY).sign(pki.root.key, hashes.SHA256())

    assert facts_of(made).owner is None
    assert not facts_of(made).non_repudiation


@pytest.mark.parametrize("der", [b"", b"\x30\x00", b"x" * 10, b"\x30" * 40_000])
def test_what_is_no_certificate_is_a_value_error(der):
    with pytest.raises(ValueError):  # noqa: PT011 - the kind of the error is the claim
        read_certificate(der)


def test_a_key_of_an_unknown_kind_is_no_key():
    key = ed25519.Ed25519PrivateKey.generate()
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "x")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1).not_valid_before(START)

    assert facts_of(builder.not_valid_after(START + DAY).sign(key, None)).public_key is None


@pytest.mark.parametrize("place", range(0, 400, 7))
def test_a_spoiled_certificate_is_read_or_a_value_error(pki, place):
    der = bytearray(der_of(pki.professional.certificate))
    der[place % len(der)] ^= 0x15
    try:
        read_certificate(bytes(der))
    except ValueError:
        return


def test_a_signer_of_the_root_is_trusted_while_the_root_is_valid(pki):
    facts, root = facts_of(pki.professional.certificate), pki.root.certificate

    assert pki.trust.trusts(facts, START)
    assert not pki.trust.trusts(facts, root.not_valid_after_utc + DAY)
    assert not pki.trust.trusts(facts, root.not_valid_before_utc - DAY)


def test_an_empty_store_trusts_nobody(pki):
    assert not TrustStore([]).trusts(facts_of(pki.professional.certificate), START)


def test_a_root_of_the_same_name_and_another_key_is_no_path(pki):
    assert not TrustStore([make_root(now=START).certificate]).trusts(facts_of(pki.professional.certificate), START)


def test_a_known_certificate_is_not_trusted_because_it_is_known(pki):
    facts = facts_of(pki.professional.certificate)

    assert not TrustStore([facts.certificate]).trusts(facts, START)


def test_an_intermediate_without_its_root_is_no_path():
    _root, middle, leaf = chain(2)

    assert not TrustStore([middle]).trusts(facts_of(leaf), START)


def test_a_path_leads_through_intermediates_to_the_root():
    root, middle, leaf = chain(2)

    assert TrustStore([root, middle]).trusts(facts_of(leaf), START)


def test_an_issuer_that_is_no_authority_is_no_path():
    key, leaf_key = make_key("p-256"), make_key("p-256")
    root = authority("ca", "ca", key, key, ca=False)

    assert not TrustStore([root]).trusts(facts_of(authority("leaf", "ca", leaf_key, key)), START)


def test_two_authorities_that_issue_each_other_end_without_a_path():
    one, two, leaf = make_key("p-256"), make_key("p-256"), make_key("p-256")
    loop = [authority("one", "two", one, two), authority("two", "one", two, one)]

    assert not TrustStore(loop).trusts(facts_of(authority("leaf", "one", leaf, one)), START)


def test_many_authorities_that_issue_one_another_end_soon():
    key, leaf = make_key("p-256"), make_key("p-256")
    loop = [authority(f"ca-{a}", f"ca-{b}", key, key) for a in range(5) for b in range(5) if a != b]
    began = time.perf_counter()

    assert not TrustStore(loop).trusts(facts_of(authority("leaf", "ca-0", leaf, key)), START)
    assert time.perf_counter() - began < 20


def test_a_chain_deeper_than_any_real_one_ends_without_a_path():
    *authorities, leaf = chain(12)

    assert not TrustStore(authorities).trusts(facts_of(leaf), START)


@pytest.mark.parametrize("order", [1, -1])
def test_an_expired_issuer_does_not_hide_its_renewed_twin(order):
    key, leaf = make_key("p-256"), make_key("p-256")
    old = authority("ca", "ca", key, key, valid=(START - 9 * DAY, START - DAY))
    new = authority("ca", "ca", key, key)
    store = TrustStore([old, new][::order])

    assert store.trusts(facts_of(authority("leaf", "ca", leaf, key)), START)


def test_a_store_is_read_from_a_folder_of_pem_and_crt_files(tmp_path, pki):
    (tmp_path / "a.pem").write_bytes(pki.root.as_pem())
    (tmp_path / "b.crt").write_bytes(make_root(now=START).certificate.public_bytes(Encoding.PEM))
    (tmp_path / "notes.txt").write_text("not read")

    assert len(read_trust_store(tmp_path)) == 2


def test_a_file_that_is_no_certificate_is_named(tmp_path):
    (tmp_path / "bad.pem").write_text("hello")

    with pytest.raises(Misconfigured, match=r"bad\.pem"):
        read_trust_store(tmp_path)


def test_an_empty_folder_is_no_trust_store(tmp_path):
    with pytest.raises(Misconfigured, match="at least one"):
        read_trust_store(tmp_path)
