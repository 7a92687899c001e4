import base64
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from integrator.audit.checkpoint import CheckpointKey, open_note, read_checkpoint_key, write_checkpoint_file
from integrator.domain.errors import Misconfigured, Tampered

KEY = CheckpointKey("ibys.example/log", Ed25519PrivateKey.from_private_bytes(b"\1" * 32))
ROOT = sha256(b"x").digest()
NOTE = KEY.sign(7, ROOT)


def test_a_note_has_the_form_of_the_standard():
    origin, size, root, empty, signature, end = NOTE.split("\n")

    assert (origin, size, empty, end) == ("ibys.example/log", "7", "", "")
    assert base64.b64decode(root) == ROOT
    assert signature.startswith("— ibys.example/log ")


def test_a_signature_line_names_its_key_and_signs_the_text():
    text, _, line = NOTE.partition("\n— ")
    raw = base64.b64decode(line.split(" ")[1])

    assert raw[:4] == sha256(b"ibys.example/log\n\x01" + KEY.public.public_bytes_raw()).digest()[:4]
    KEY.public.verify(raw[4:], text.encode())  # raises when it is not the signature


@given(st.integers(0, 10**15), st.binary(min_size=32, max_size=32))
def test_what_was_signed_is_read_back(size, root):
    checkpoint = open_note(KEY.sign(size, root), KEY.public)

    assert (checkpoint.origin, checkpoint.size, checkpoint.root) == ("ibys.example/log", size, root)


def test_another_key_is_refused():
    with pytest.raises(Tampered, match="another key"):
        open_note(NOTE, Ed25519PrivateKey.generate().public_key())


def test_another_key_of_the_same_name_is_refused():
    other = CheckpointKey(KEY.origin, Ed25519PrivateKey.generate())

    with pytest.raises(Tampered):
        open_note(other.sign(7, ROOT), KEY.public)


@pytest.mark.parametrize(
    "note", ["", "x", "\n\n", NOTE + "x", NOTE[:-1], NOTE.replace("—", "-"), NOTE.replace("\n7\n", "\n07\n")]
)
def test_what_has_no_form_of_a_note_is_refused(note):
    with pytest.raises(Tampered):
        open_note(note, KEY.public)


@pytest.mark.parametrize("sign", "=A\n é")
def test_no_changed_sign_of_a_note_is_taken(sign):
    taken = []
    for place in range(len(NOTE)):
        changed = NOTE[:place] + sign + NOTE[place + 1 :]
        try:
            open_note(changed, KEY.public)
        except Tampered:
            continue
        if changed != NOTE:
            taken.append(place)

    assert taken == []


def test_a_checkpoint_file_is_named_by_its_size(tmp_path):
    path = write_checkpoint_file(tmp_path / "checkpoints", 7, NOTE)

    assert path.name == "000000000007.checkpoint"
    assert path.read_text(encoding="utf-8") == NOTE


def test_a_key_file_of_another_form_is_told(tmp_path):
    (tmp_path / "key").write_text("zz")

    with pytest.raises(Misconfigured):
        read_checkpoint_key("x", tmp_path / "key")
