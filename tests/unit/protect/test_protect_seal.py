import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrator.domain.errors import Misconfigured, Tampered
from integrator.protect.files import write_secret
from integrator.protect.seal import Sealer, commitment, new_key, new_salt, read_key_file, unwrap_key, wrap_key

KEY = bytes(range(32))


@given(st.binary(max_size=200), st.binary(max_size=20))
def test_what_is_sealed_opens_at_its_place(value, place):
    sealer = Sealer(1, KEY)

    assert sealer.open(sealer.seal(value, place), place) == value


def test_a_value_moved_to_another_place_does_not_open():
    sealer = Sealer(1, KEY)

    with pytest.raises(Tampered, match="moved"):
        sealer.open(sealer.seal(b"value", b"bildirim/a/1"), b"bildirim/a/2")


def test_a_value_of_another_key_does_not_open():
    with pytest.raises(Tampered):
        Sealer(1, KEY).open(Sealer(1, new_key()).seal(b"value", b"place"), b"place")


def test_a_value_of_another_key_number_does_not_open():
    with pytest.raises(Tampered, match="key"):
        Sealer(1, KEY).open(Sealer(2, KEY).seal(b"value", b"place"), b"place")


def test_no_changed_byte_opens():
    sealed = Sealer(1, KEY).seal(b"value", b"place")
    for place in range(len(sealed)):
        changed = sealed[:place] + bytes([sealed[place] ^ 1]) + sealed[place + 1 :]
        with pytest.raises(Tampered):
            Sealer(1, KEY).open(changed, b"place")


def test_no_cut_value_opens():
    sealed = Sealer(1, KEY).seal(b"value", b"place")
    for end in range(len(sealed)):
        with pytest.raises(Tampered):
            Sealer(1, KEY).open(sealed[:end], b"place")


def test_the_same_value_is_never_sealed_alike():
    sealer = Sealer(1, KEY)

    assert len({sealer.seal(b"value", b"place") for _ in range(50)}) == 50


def test_a_sealed_value_does_not_hold_what_it_seals():
    assert b"80000000132" not in Sealer(1, KEY).seal(b"80000000132", b"place")


def test_a_fingerprint_is_equal_for_equal_content_and_one_key():
    assert Sealer(1, KEY).fingerprint(b"a") == Sealer(1, KEY).fingerprint(b"a")
    assert Sealer(1, KEY).fingerprint(b"a") != Sealer(1, KEY).fingerprint(b"b")
    assert Sealer(1, KEY).fingerprint(b"a") != Sealer(1, new_key()).fingerprint(b"a")


@given(st.lists(st.binary(max_size=3), max_size=4), st.lists(st.binary(max_size=3), max_size=4))
def test_commitments_are_equal_only_for_equal_parts(one, other):
    assert (commitment(b"s" * 16, *one) == commitment(b"s" * 16, *other)) == (one == other)


def test_a_commitment_depends_on_its_salt():
    assert commitment(new_salt(), b"a") != commitment(new_salt(), b"a")


def test_a_wrapped_key_opens_with_its_master_and_place():
    assert unwrap_key(KEY, wrap_key(KEY, b"k" * 32, b"place"), b"place") == b"k" * 32


@pytest.mark.parametrize(("master", "place"), [(bytes(32), b"place"), (KEY, b"other")])
def test_a_wrong_master_key_is_the_operators_to_mend(master, place):
    with pytest.raises(Misconfigured, match="master"):
        unwrap_key(master, wrap_key(KEY, b"k" * 32, b"place"), place)


def test_a_key_file_is_read(tmp_path):
    write_secret(tmp_path / "key", KEY.hex().encode() + b"\n")

    assert read_key_file(tmp_path / "key") == KEY


@pytest.mark.parametrize(
    ("mode", "is_taken"), [(0o600, True), (0o400, True), (0o440, True), (0o644, False), (0o660, False), (0o602, False)]
)
def test_a_key_file_that_others_can_reach_is_told_with_what_to_do(tmp_path, mode, is_taken):
    write_secret(tmp_path / "key", KEY.hex().encode())
    (tmp_path / "key").chmod(mode)
    if is_taken:
        assert read_key_file(tmp_path / "key") == KEY
        return
    with pytest.raises(Misconfigured, match=rf"mode 0{mode:o}\): chmod 600 key") as caught:
        read_key_file(tmp_path / "key")
    assert KEY.hex() not in caught.value.detail


@pytest.mark.parametrize("content", [b"", b"zz" * 32, b"ab" * 31, b"ab" * 33, b"\xff" * 64, b"a"])
def test_a_key_file_of_another_form_is_told_without_its_value(tmp_path, content):
    (tmp_path / "key").write_bytes(content)
    with pytest.raises(Misconfigured) as caught:
        read_key_file(tmp_path / "key")

    assert "key" in caught.value.detail
    assert "abab" not in caught.value.detail and "zzzz" not in caught.value.detail


def test_a_missing_key_file_is_told(tmp_path):
    with pytest.raises(Misconfigured):
        read_key_file(tmp_path / "absent")


def test_a_secret_is_written_for_its_owner_only(tmp_path):
    write_secret(tmp_path / "keys" / "k", b"secret")

    assert stat.S_IMODE((tmp_path / "keys" / "k").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700


def test_a_secret_is_never_written_over(tmp_path):
    write_secret(tmp_path / "k", b"first")
    with pytest.raises(FileExistsError):
        write_secret(tmp_path / "k", b"second")

    assert (tmp_path / "k").read_bytes() == b"first"
