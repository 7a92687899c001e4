from __future__ import annotations

import json

import pytest

from integrator.agent.interchange import read_signatures, read_waiting, to_sign, write_signatures, write_waiting
from integrator.domain.errors import Malformed
from tests.factories import PROFESSIONAL, SINGLE, WORKER
from tests.fakes import START

NAMES = {"egitimKoduId": {"240": {"tr": "Konu", "en": "Topic"}}}


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "waiting"
    write_waiting(folder, [to_sign(number, SINGLE) for number in (1, 2)], NAMES, now=START)
    return folder


def change_manifest(folder, change):
    manifest = json.loads((folder / "manifest.json").read_text())
    change(manifest)
    (folder / "manifest.json").write_text(json.dumps(manifest))


def test_what_is_written_is_read_back_byte_for_byte(folder):
    messages, names = read_waiting(folder)

    assert [(each.sorgu_no, each.content) for each in messages] == [(1, SINGLE), (2, SINGLE)]
    assert names == NAMES


def test_the_manifest_holds_no_whole_identity_number_and_files_are_the_owners_alone(folder):
    text = (folder / "manifest.json").read_text()

    assert PROFESSIONAL not in text
    assert WORKER not in text
    assert {path.stat().st_mode & 0o077 for path in [folder, *folder.iterdir()]} == {0}


def test_a_changed_byte_is_refused_for_the_whole_folder(folder):
    (folder / "2.xml").write_bytes(SINGLE.replace(b"40.0", b"41.0"))

    with pytest.raises(Malformed, match=r"2\.xml: the bytes are not those"):
        read_waiting(folder)


@pytest.mark.parametrize(
    "change",
    [
        lambda manifest: manifest["messages"][0].update(tr="Yalnız bir deneme."),
        lambda manifest: manifest["messages"][0].update(en="Only a test."),
        lambda manifest: manifest["messages"][0].update(sha256="0" * 64),
        lambda manifest: manifest["messages"][0].update(file="../2.xml"),
        lambda manifest: manifest["messages"][0].update(sorgu_no="../2"),
        lambda manifest: manifest["messages"][0].update(sorgu_no=True),
        lambda manifest: manifest["messages"][0].update(more=1),
        lambda manifest: manifest["messages"].append(manifest["messages"][0]),
        lambda manifest: manifest["messages"].append("text"),
        lambda manifest: manifest.update(messages=None),
        lambda manifest: manifest.update(names={"egitimKoduId": {"240": "Konu"}}),
        lambda manifest: manifest.update(names=None),
        lambda manifest: manifest["names"]["egitimKoduId"]["240"].update(tr="Başka"),
        lambda manifest: manifest.update(format="other/1"),
    ],
)
def test_a_manifest_that_says_something_else_than_the_bytes_is_refused(folder, change):
    change_manifest(folder, change)

    with pytest.raises(Malformed):
        read_waiting(folder)


@pytest.mark.parametrize("content", ["", "[]", "{", "[" * 100_000, '"text"'])
def test_a_manifest_that_is_none_is_refused(folder, content):
    (folder / "manifest.json").write_text(content)

    with pytest.raises(Malformed):
        read_waiting(folder)


def test_a_folder_without_manifest_or_file_is_refused(folder, tmp_path):
    with pytest.raises(Malformed):
        read_waiting(tmp_path)
    (folder / "1.xml").unlink()
    with pytest.raises(Malformed):
        read_waiting(folder)


def test_signatures_come_back_by_number_and_strange_names_are_passed_over(tmp_path):
    write_signatures(tmp_path, [(10, b"ten"), (9, b"nine")])
    for name in ("manifest.json", "0.p7s", "x.p7s", "8.p7s.part", "1" * 12 + ".p7s"):
        (tmp_path / name).write_bytes(b"?")

    assert list(read_signatures(tmp_path)) == [(9, b"nine"), (10, b"ten")]


def test_a_signature_file_without_end_is_cut(tmp_path):
    (tmp_path / "1.p7s").write_bytes(bytes(10**7))

    assert [len(cms) for _, cms in read_signatures(tmp_path)] == [65_537]
