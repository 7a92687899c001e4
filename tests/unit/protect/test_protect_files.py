import stat

import pytest

from integrator.domain import fault_points
from integrator.protect.files import write_secret, write_whole


class Killed(BaseException):
    pass


@pytest.fixture
def killed_at():
    """Ends the walk at a named point, as a kill would: what comes after it does not happen."""

    def arm(wanted):
        def act(point):
            if point == wanted:
                raise Killed

        fault_points.arm(act)

    yield arm
    fault_points.arm(None)


@pytest.mark.parametrize("point", ["file.before", "file.written", "file.synced", "file.after"])
@pytest.mark.parametrize("write", [write_secret, write_whole])
def test_a_killed_write_leaves_the_whole_file_or_none(killed_at, tmp_path, write, point):
    path = tmp_path / "keys" / "master.key"
    killed_at(point)

    with pytest.raises(Killed):
        write(path, b"secret")

    assert path.exists() == (point == "file.after")
    assert not path.exists() or path.read_bytes() == b"secret"


def test_a_killed_replacement_leaves_the_old_file(killed_at, tmp_path):
    path = tmp_path / "000.checkpoint"
    write_whole(path, b"old")
    killed_at("file.synced")

    with pytest.raises(Killed):
        write_whole(path, b"new")

    assert path.read_bytes() == b"old"


def test_a_secret_is_never_overwritten(tmp_path):
    write_secret(tmp_path / "key", b"first")

    with pytest.raises(FileExistsError):
        write_secret(tmp_path / "key", b"second")

    assert (tmp_path / "key").read_bytes() == b"first"
    assert [path.name for path in tmp_path.iterdir()] == ["key"]


def test_a_secret_is_for_its_owner_only(tmp_path):
    write_secret(tmp_path / "key", b"x")

    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600
