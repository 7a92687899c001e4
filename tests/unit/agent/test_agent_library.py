from __future__ import annotations

import builtins

import pytest

from integrator.domain.errors import Misconfigured
from integrator.sign import pkcs11
from integrator.sign.pkcs11 import KNOWN_LIBRARIES, Card, find_library
from tests.fakes import START


@pytest.mark.parametrize("name", sorted(KNOWN_LIBRARIES))
@pytest.mark.parametrize("platform", ["linux", "win32", "darwin"])
def test_every_known_library_is_found_by_name_on_every_platform(monkeypatch, tmp_path, name, platform):
    file_name = KNOWN_LIBRARIES[name][platform][0]
    (tmp_path / file_name).touch()
    monkeypatch.setattr(pkcs11, "_FOLDERS", {platform: (str(tmp_path),)})

    assert find_library(name, platform=platform).name == file_name
    assert find_library(platform=platform).name == file_name


def test_a_path_of_ones_own_is_taken(tmp_path):
    (tmp_path / "libother.so").touch()

    assert find_library(str(tmp_path / "libother.so")) == (tmp_path / "libother.so").resolve()


@pytest.mark.parametrize("named", ["akisp11.dll", "/absent/lib.so", "safesign"])
def test_a_library_that_is_not_there_is_not_left_to_the_loader(monkeypatch, named):
    monkeypatch.setattr(pkcs11, "_FOLDERS", {})

    with pytest.raises(Misconfigured, match="path"):
        find_library(named)


def test_without_the_extra_a_card_says_what_to_install(monkeypatch, tmp_path):
    real = builtins.__import__

    def without(name, *rest, **more):
        if name == "pkcs11":
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(Misconfigured, match=r"ibys-integrator\[card\]"):
        Card(tmp_path / "lib.so").owner(at=START)


def test_a_file_that_is_no_library_is_named(tmp_path):
    (tmp_path / "libnone.so").write_bytes(b"not a library")

    with pytest.raises(Misconfigured, match=r"libnone\.so"):
        Card(tmp_path / "libnone.so").owner(at=START)
