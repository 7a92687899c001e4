"""An outage of six hours passes on the stub's clock, not on ours."""

from datetime import UTC, datetime, timedelta

import pytest

from integrator.ministry.fault_plan import FaultPlan
from integrator.ministry.ministry import Ministry
from integrator.ministry.server import Faces
from integrator.ministry.wire import Request

START = datetime(2026, 6, 1, 9, tzinfo=UTC)
WSDL = Request("GET", "/soap-g2", {"wsdl": [""]}, {}, b"")


class ClockedMinistry(Ministry):
    at = START

    def now(self):
        return self.at


@pytest.mark.parametrize(("hours", "status"), [(0, 503), (3, 503), (5.99, 503), (6, 200), (24, 200)])
def test_an_outage_ends_when_its_hours_have_passed(hours, status):
    ministry = ClockedMinistry(FaultPlan(seed=7))
    faces = Faces(ministry, "http://localhost")
    ministry.begin_outage()

    ministry.at = START + timedelta(hours=hours)

    assert faces.respond(WSDL).status == status


def test_a_reset_ends_an_outage():
    ministry = ClockedMinistry(FaultPlan(seed=7))
    ministry.begin_outage()

    ministry.forget()

    assert Faces(ministry, "http://localhost").respond(WSDL).status == 200
