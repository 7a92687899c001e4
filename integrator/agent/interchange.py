"""The folders that carry messages to the professional's computer and signatures back.

There: ``<sorgu_no>.xml`` with the frozen bytes, and ``manifest.json`` that says of each what it is and its SHA-256.
Back: ``<sorgu_no>.p7s`` and nothing else. Files are readable by their owner only. Nothing here is trusted: the agent
compares bytes, digest and words, and the gateway judges every signature against its own stored bytes.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeGuard

from integrator.agent.other_sets import OtherSummary
from integrator.agent.summary import MAX_CONTENT_BYTES, Names, Summary, read_any_summary
from integrator.domain.errors import Malformed
from integrator.domain.fault_points import passing
from integrator.domain.findings import seen
from integrator.domain.identifiers import SorguNo

FORMAT = "ibys-waiting/1"
MANIFEST = "manifest.json"
MAX_MANIFEST_BYTES = 16_777_216
MAX_CMS_BYTES = 65_536
_CMS_NAME = re.compile(r"([1-9][0-9]{0,10})\.p7s")


@dataclass(frozen=True, slots=True)
class ToSign:
    """One message on the professional's computer: its number, its bytes, and what they say."""

    sorgu_no: SorguNo
    content: bytes = field(repr=False)
    summary: Summary | OtherSummary = field(repr=False)


def to_sign(sorgu_no: int, content: bytes) -> ToSign:
    """A message whose bytes can be shown in words; raises Malformed for others."""
    return ToSign(SorguNo(sorgu_no), content, read_any_summary(content))


def waiting_files(messages: Sequence[ToSign], names: Names, *, now: datetime) -> dict[str, bytes]:
    """File name -> content: the frozen bytes of each message, and the manifest last."""
    files = {f"{each.sorgu_no}.xml": each.content for each in messages}
    manifest = {
        "format": FORMAT,
        "made_at": now.isoformat(),
        "names": names,
        "messages": [_entry(each, names) for each in messages],
    }
    return {**files, MANIFEST: json.dumps(manifest, ensure_ascii=False, indent=1).encode()}


def write_waiting(folder: Path, messages: Sequence[ToSign], names: Names, *, now: datetime) -> None:
    """Frozen bytes and manifest into `folder`; the manifest comes last, so a half-written folder is not one."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name, content in waiting_files(messages, names, now=now).items():
        _write(folder / name, content)


def _entry(each: ToSign, names: Names) -> dict[str, Any]:
    return {
        "sorgu_no": each.sorgu_no,
        "file": f"{each.sorgu_no}.xml",
        "bytes": len(each.content),
        "sha256": sha256(each.content).hexdigest(),
        "professional": seen(each.summary.professional),
        "tr": each.summary.sentence("tr", names),
        "en": each.summary.sentence("en", names),
    }


def read_waiting(folder: Path) -> tuple[list[ToSign], Names]:
    """The messages of `folder`, each compared with the manifest; raises Malformed when one differs in anything."""
    manifest = _read_manifest(folder / MANIFEST)
    names, entries = manifest.get("names"), manifest.get("messages")
    if names is None or not are_names(names) or not isinstance(entries, list):
        raise Malformed(f"{folder / MANIFEST}: not a manifest of the form {FORMAT}")
    messages = [_message(folder, entry, names) for entry in entries]
    if len({each.sorgu_no for each in messages}) != len(messages):
        raise Malformed(f"{folder / MANIFEST}: a number stands in it twice")
    return messages, names


def _message(folder: Path, entry: Any, names: Names) -> ToSign:
    number = entry.get("sorgu_no") if isinstance(entry, Mapping) else None
    if not isinstance(number, int) or isinstance(number, bool) or not 0 < number < 10**11:
        raise Malformed(f"{folder / MANIFEST}: an entry without a number")
    path = folder / f"{number}.xml"
    content = _read_at_most(path, MAX_CONTENT_BYTES)
    message = to_sign(number, content)
    if entry != _entry(message, names):
        raise Malformed(f"{path}: the bytes are not those the manifest speaks of; ask for the folder again")
    return message


def _read_manifest(path: Path) -> dict[str, Any]:
    try:
        manifest = json.loads(_read_at_most(path, MAX_MANIFEST_BYTES))
    except (ValueError, RecursionError) as error:
        raise Malformed(f"{path}: not JSON") from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise Malformed(f"{path}: not a manifest of the form {FORMAT}")
    return manifest


def are_names(names: Any) -> TypeGuard[Names]:
    """Whether a stranger's value has the form of Names."""

    def holds(value: Any, depth: int) -> bool:
        if depth == 0:
            return isinstance(value, str)
        return isinstance(value, dict) and all(holds(each, depth - 1) for each in value.values())

    return holds(names, 3)


def is_signed(folder: Path, sorgu_no: SorguNo) -> bool:
    """Whether `folder` holds a signature of that number already: an interrupted batch goes on from there."""
    return (folder / f"{sorgu_no}.p7s").exists()


def write_signatures(folder: Path, signatures: Iterable[tuple[SorguNo, bytes]]) -> None:
    """One CMS file each, whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for sorgu_no, cms in signatures:
        _write(folder / f"{sorgu_no}.p7s", cms)


def number_of_signature(name: str) -> SorguNo | None:
    """The number that ``<sorgu_no>.p7s`` names; None for any other name."""
    match = _CMS_NAME.fullmatch(name)
    return SorguNo(int(match[1])) if match else None


def read_signatures(folder: Path) -> Iterator[tuple[SorguNo, bytes]]:
    """(number, CMS) of every ``<sorgu_no>.p7s``, by number; one that is too large is cut and fails its checks."""
    named = [(number_of_signature(path.name), path) for path in folder.iterdir()]
    for number, path in sorted((number, path) for number, path in named if number):
        with path.open("rb") as file:
            yield number, file.read(MAX_CMS_BYTES + 1)


def _read_at_most(path: Path, size: int) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(size + 1)
    except OSError as error:
        raise Malformed(f"{path}: cannot be read ({error.strerror})") from error
    if len(content) > size:
        raise Malformed(f"{path}: more than {size} bytes")
    return content


def _write(path: Path, content: bytes) -> None:
    """Replace `path` in one step, mode 0600."""
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        passing("file.before")
        file.write(content)
    passing("file.written")
    partial.replace(path)
    passing("file.after")
