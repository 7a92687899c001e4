"""Takes a PIN as bytes that can be overwritten: never as text, never as an argument, never over the network.

A Python string cannot be wiped and may be copied at will, so none is made: the bytes are read one by one, unbuffered,
into a bytearray of fixed size. What the operating system and the card's library keep is beyond this program.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path

from integrator.domain.errors import Malformed, Misconfigured

LONGEST_PIN = 255
PinTaker = Callable[[], bytearray]


@contextmanager
def held(take: PinTaker) -> Iterator[bytearray]:
    """The PIN for the length of the block; overwritten when it ends, however it ends."""
    pin = take()
    try:
        yield pin
    finally:
        wipe(pin)


def wipe(pin: bytearray) -> None:
    """Overwrite in place."""
    for place in range(len(pin)):
        pin[place] = 0


@contextmanager
def terminal_kept() -> Iterator[None]:
    """Puts the terminal's echo back at the end, even when a thread that was asking for a PIN dies with the process."""
    try:
        import termios  # noqa: PLC0415 - not on Windows

        terminal = FileIO("/dev/tty", "r+")
        before = termios.tcgetattr(terminal)
    except (ImportError, OSError):
        yield
        return
    with terminal:
        try:
            yield
        finally:
            termios.tcsetattr(terminal, termios.TCSANOW, before)


def from_terminal(prompt: str) -> bytearray:
    """Typed at this process's own terminal, without echo; raises Misconfigured where there is none."""
    if sys.platform == "win32":
        return _from_windows_console(prompt)
    try:
        with FileIO("/dev/tty", "r+") as terminal, _without_echo(terminal):
            terminal.write(prompt.encode())
            pin = _read_line(terminal)
            terminal.write(b"\n")
            return pin
    except OSError as error:
        raise Misconfigured("there is no terminal to ask for the PIN on") from error


def from_file(path: Path) -> bytearray:
    """The first line of a file: for tests and trial runs."""
    try:
        with FileIO(path) as file:
            return _read_line(file)
    except OSError as error:
        raise Misconfigured(f"{path}: cannot be read ({error.strerror})") from error


def from_stdin() -> bytearray:
    """The next line of standard input."""
    with FileIO(0, closefd=False) as file:
        return _read_line(file)


def _read_line(file: FileIO) -> bytearray:
    """Bytes up to the line's end, read in place; raises Malformed for none or too many."""
    buffer = bytearray(LONGEST_PIN + 2)
    view = memoryview(buffer)
    try:
        length = 0
        while length < len(buffer) and file.readinto(view[length : length + 1]) and buffer[length] != 0x0A:
            length += 1
        if length and buffer[length - 1] == 0x0D:
            length -= 1
        if not 0 < length <= LONGEST_PIN:
            raise Malformed(f"a PIN of 1 to {LONGEST_PIN} bytes is wanted; the card was not asked")
        return buffer[:length]
    finally:
        view.release()
        wipe(buffer)


@contextmanager
def _without_echo(terminal: FileIO) -> Iterator[None]:
    import termios  # noqa: PLC0415 - not on Windows

    before = termios.tcgetattr(terminal)
    silent = [*before]
    silent[3] &= ~termios.ECHO
    termios.tcsetattr(terminal, termios.TCSAFLUSH, silent)
    try:
        yield
    finally:
        termios.tcsetattr(terminal, termios.TCSAFLUSH, before)


def _from_windows_console(prompt: str) -> bytearray:
    import msvcrt  # noqa: PLC0415 - only on Windows

    pin = bytearray(LONGEST_PIN)
    length = 0
    sys.stderr.write(prompt)
    while (key := msvcrt.getwch()) not in "\r\n":  # type: ignore[attr-defined]  # Windows only
        if key == "\x03":
            wipe(pin)
            raise KeyboardInterrupt
        if key != "\b" and not " " <= key <= "~":
            wipe(pin)  # half a PIN would burn one of the card's few tries
            raise Malformed("a key that no PIN has was pressed; the card was not asked")
        length = max(0, length - 1) if key == "\b" else min(length + 1, LONGEST_PIN)
        if key != "\b":
            pin[length - 1] = ord(key)
    sys.stderr.write("\n")
    taken = pin[:length]
    wipe(pin)
    return taken
