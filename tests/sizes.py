"""How much a test does by itself, and by which variable of the environment it does the whole."""

from __future__ import annotations

import os
import warnings


def size(variable: str, by_itself: int, whole: int, what: str) -> int:
    """The size that `variable` asks for; else `by_itself`. Less than `whole` is told in the run's summary."""
    asked = int(os.environ.get(variable, "0")) or by_itself
    if asked < whole:
        told = f"NOTICE: {asked:,} {what}, not {whole:,}: {variable}={whole} is the whole"
        warnings.warn(told, stacklevel=2)
    return asked
