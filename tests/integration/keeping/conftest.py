from dataclasses import replace

import pytest

from integrator.protect.files import write_secret
from integrator.protect.master import FileMaster
from integrator.store.keyring import KeyRing
from tests.conftest import MASTER


@pytest.fixture
def master_file(tmp_path):
    path = tmp_path / "keys" / "master.key"
    write_secret(path, MASTER.hex().encode())
    return path


@pytest.fixture
def filed(gateway, master_file):
    """The gateway with its master key in a file."""
    return replace(gateway, keyring=KeyRing(gateway.database, FileMaster(master_file)))
