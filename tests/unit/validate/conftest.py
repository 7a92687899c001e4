import pytest

from integrator.catalogue.catalogue import read_catalogue
from integrator.validate.check import check
from tests.factories import submitted
from tests.fakes import START


@pytest.fixture
def catalogue():
    return read_catalogue()


@pytest.fixture
def judge(catalogue):
    def judge_one(record, **options):
        return check(submitted(record)[0], catalogue, **{"today": START.date(), **options})

    return judge_one
