"""Opens a workbook's archive after it was held against caps, and says in words what is not a workbook we take.

Nothing is unpacked to disk. Sizes are bounded before a byte is inflated; zipfile stops a member at the size that was
declared, so a member that lies about it ends as damaged, not as a bomb.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from integrator.domain.findings import seen
from integrator.intake.lines import CHUNK
from integrator.intake.read_json import Unreadable

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_FORBIDDEN = re.compile(rb"<!DOCTYPE|<!ENTITY|\0")
BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, UnicodeDecodeError)


@dataclass(frozen=True, slots=True)
class ZipCaps:
    """Bounds on an archive: members, bytes when unpacked, and how many times a large member may grow."""

    members: int = 2000
    unpacked_bytes: int = 768 << 20
    ratio: int = 200
    small_bytes: int = 4 << 20


ZIP_CAPS = ZipCaps()


def open_archive(path: Path, caps: ZipCaps = ZIP_CAPS) -> zipfile.ZipFile:
    """The archive of an ``.xlsx`` workbook; raises Unreadable for anything else."""
    try:
        archive = zipfile.ZipFile(path)
    except BROKEN as error:
        raise Unreadable("INT-INT-014", "ZIP", "", "#file") from error
    try:
        _judge(archive, caps)
    except Unreadable:
        archive.close()
        raise
    return archive


def _judge(archive: zipfile.ZipFile, caps: ZipCaps) -> None:
    members = archive.infolist()
    names = [each.filename for each in members]
    total = sum(each.file_size for each in members)
    if len(members) > caps.members:
        raise Unreadable("INT-INT-013", f"{len(members)} ZIP", f"<= {caps.members}", "#file")
    if total > caps.unpacked_bytes:
        raise Unreadable("INT-INT-013", f"{total >> 20} MB", f"<= {caps.unpacked_bytes >> 20} MB", "#file")
    for each in members:
        if each.file_size > max(caps.small_bytes, caps.ratio * each.compress_size):
            grown = each.file_size // max(each.compress_size, 1)
            raise Unreadable("INT-INT-013", f"1:{grown}", f"<= 1:{caps.ratio}", "#file")
        if each.flag_bits & 1:
            raise Unreadable("INT-INT-012", "ZIP", "", "#file")
    lower = [name.lower() for name in names]
    if len(set(lower)) != len(lower):  # two readers would see two workbooks
        raise Unreadable("INT-INT-014", "ZIP: 2x", "", "#file")
    _judge_kind(set(lower))


def _judge_kind(names: set[str]) -> None:
    if any(name.endswith("vbaproject.bin") for name in names):
        raise _other(".xlsm")
    if any(name.endswith("workbook.bin") for name in names):
        raise _other(".xlsb")
    if "mimetype" in names and "content.xml" in names:
        raise _other(".ods")
    if any(name.startswith("word/") for name in names):
        raise _other(".docx")
    if "[content_types].xml" not in names or "_rels/.rels" not in names:
        raise _other(".zip")


def refuse_ole(path: Path) -> Unreadable:
    """What an OLE file is: a workbook with a password, or one of the time before 2007."""
    with path.open("rb") as stream:
        before = b""
        while chunk := stream.read(CHUNK):
            if _ENCRYPTED in before + chunk:
                return Unreadable("INT-INT-012", ".xlsx", "", "#file")
            before = chunk[-64:]
    return _other(".xls")


def _other(kind: str) -> Unreadable:
    return Unreadable("INT-INT-011", kind, ".xlsx", "#file")


def chunks(archive: zipfile.ZipFile, name: str) -> Iterator[bytes]:
    """A part's bytes, when they are XML without DOCTYPE; raises Unreadable for damage."""
    try:
        with archive.open(name) as stream:
            before = b""
            while chunk := stream.read(CHUNK):
                if _FORBIDDEN.search(before + chunk):
                    raise Unreadable("INT-INT-014", f"{seen(name)}: DOCTYPE, UTF-16", "", "#file")
                before = chunk[-12:]
                yield chunk
    except (*BROKEN, KeyError) as error:
        raise Unreadable("INT-INT-014", seen(name), "", "#file") from error


def refuse_hostile_parts(archive: zipfile.ZipFile) -> None:
    """Looks at every XML part, before another program (openpyxl) reads them all."""
    for name in archive.namelist():
        if name.lower().endswith((".xml", ".rels", ".vml")):
            for _ in chunks(archive, name):
                pass
