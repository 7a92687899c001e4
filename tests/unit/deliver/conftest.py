import pytest

from integrator.catalogue.published import published
from integrator.deliver.generation import Credentials
from integrator.deliver.soap_g2 import SoapG2
from integrator.deliver.wire import HttpReply
from integrator.deliver.zeep_door import ZeepDoor

SECRETS = Credentials("KOD&12345678", "par<ola'\"7")


class FakeWire:
    """Remembers what was posted and gives the prepared answer, or raises it."""

    def __init__(self):
        self.posted = []
        self.reply = HttpReply(200, {}, b"")

    def post(self, body, headers):
        self.posted.append((body, dict(headers)))
        if isinstance(self.reply, Exception):
            raise self.reply
        return self.reply


@pytest.fixture
def wire():
    return FakeWire()


@pytest.fixture(scope="session")
def shared_door():
    return ZeepDoor(published("schemas", "soap-g2", "ibys.wsdl"), None)


@pytest.fixture
def generation(wire, shared_door, monkeypatch):
    monkeypatch.setattr(shared_door, "_wire", wire)
    return SoapG2(wire, shared_door, SECRETS)
