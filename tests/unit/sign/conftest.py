"""A signature whose every part can be spoiled, and signed again when the fault is to stand alone."""

from dataclasses import dataclass, field
from typing import Any

import pytest
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from integrator.sign import structures as cms
from integrator.sign.cades import hashed_attributes
from integrator.sign.verify import Signature, judge
from tests.factories import PROFESSIONAL, SINGLE
from tests.fakes import START


def info_with(source, **changes):
    """The declared structure `source` with some fields changed."""
    names = list(type(source).__annotations__)
    return type(source)(**{**{name: getattr(source, name) for name in names}, **changes})


@dataclass
class Spoiler:
    """Opens a good signature, changes what is told, and closes it again."""

    pki: Any
    content: bytes = SINGLE
    changes: dict = field(default_factory=dict)

    def sign(self, issued=None, at=START):
        return self.pki.signer(issued).sign(self.content, at=at)

    def signed_data(self, der=None):
        return asn1.decode_der(cms.ContentInfo, der or self.sign()).content

    def close(self, signed_data, content_type=cms.ID_SIGNED_DATA):
        return asn1.encode_der(cms.ContentInfo(content_type=content_type, content=signed_data))

    def with_signed_data(self, **changes):
        return self.close(info_with(self.signed_data(), **changes))

    def with_signer_info(self, issued=None, **changes):
        opened = self.signed_data(self.sign(issued))
        info = info_with(opened.signer_infos.as_list()[0], **changes)
        return self.close(info_with(opened, signer_infos=asn1.SetOf([info])))

    def with_attributes(self, change, issued=None, digest=None):
        """`change` maps the list of attributes; the result is signed again, so only the change is wrong."""
        issued = issued or self.pki.professional
        opened = self.signed_data(self.sign(issued))
        info = opened.signer_infos.as_list()[0]
        attributes = change(info.signed_attrs.as_list())
        covered, digest = hashed_attributes(attributes), digest or hashes.SHA256()
        if isinstance(issued.key, RSAPrivateKey):
            signature = issued.key.sign(covered, PKCS1v15(), digest)
        else:
            signature = issued.key.sign(covered, ECDSA(digest))
        info = info_with(info, signed_attrs=asn1.SetOf(attributes), signature=signature)
        return self.close(info_with(opened, signer_infos=asn1.SetOf([info])))


def attribute(oid, value):
    return cms.Attribute(attr_type=oid, attr_values=asn1.SetOf([cms.tlv(value)]))


@pytest.fixture
def spoiler(pki):
    return Spoiler(pki)


@pytest.fixture
def judged(pki):
    """The names of the checks that say no."""

    def judge_it(der, content=SINGLE, now=START, trust=None, professional=PROFESSIONAL):
        verdicts = judge(Signature(der, content, now, trust or pki.trust, professional))
        return [each.check for each in verdicts if not each.ok]

    return judge_it
