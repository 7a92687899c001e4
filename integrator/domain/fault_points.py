"""Named places where a trial may end the process: around every commit, send, receive and file write.

Nothing in `integrator` arms them and no setting or variable does: only a trial that imports this module in its own
process can (`bench/torture`, tests; a house test looks). Not armed, passing one is a call that returns.
"""

from __future__ import annotations

from collections.abc import Callable

Act = Callable[[str], None]
"""Takes the name of the point that was passed."""


def _nothing(_point: str) -> None:
    return


_act: Act = _nothing


def passing(point: str) -> None:
    """The process stands at `point`; what follows must not matter to what is true."""
    _act(point)


def arm(act: Act | None) -> None:
    """From now on call `act` at every point; None takes it away. For trials only."""
    global _act  # noqa: PLW0603 - one process, one trial
    _act = act or _nothing
