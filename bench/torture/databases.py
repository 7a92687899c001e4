"""Databases for trials: one is prepared, every trial gets a copy. A SQLite file is copied with its home."""

from __future__ import annotations

from typing import Protocol


class Databases(Protocol):
    """One kind of engine."""

    name: str

    def template(self) -> str:
        """The address of the database to prepare; empty for the file in the home."""

    def freeze(self) -> None:
        """The template is prepared and closed."""

    def copy(self, number: int) -> str:
        """The address of a copy of the template."""

    def drop(self, url: str) -> None:
        """Remove a copy."""


class SqliteFiles:
    """The file in the home: whoever copies the home has copied it."""

    name = "sqlite"

    def template(self) -> str:
        """The file in the home."""
        return ""

    def freeze(self) -> None:
        """Nothing: the last connection that closes leaves one file."""

    def copy(self, number: int) -> str:
        """The file in the home."""
        del number
        return ""

    def drop(self, url: str) -> None:
        """Nothing: it goes with the home."""
