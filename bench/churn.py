"""A worker that only claims and settles, for `engines.py`: ``python -m bench.churn HOME BATCH``.

Says ``ready``, waits for a line, then claims and settles every queued message as accepted, in batches, each with its
audit entries; at last it says how many.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

from integrator.domain.outcomes import SUCCESS, Kind, Outcome
from integrator.driving import claim_to_send
from integrator.gateway import Gateway
from integrator.log import set_up_log
from integrator.pipeline import SENDING
from integrator.queue.fair import Rotation
from integrator.settings import read_settings
from integrator.settling import Carried, settle
from integrator.wiring import open_gateway

EXCHANGE = b"\0" * 600  # as long as a sealed reply of one message; the sealed request is about as long


def main(home: str, batch: int) -> None:
    """Wait, churn, tell."""
    set_up_log(level="ERROR")
    gateway = open_gateway(read_settings(Path(home)))
    print("ready", flush=True)
    sys.stdin.readline()
    print(churn(gateway, batch), flush=True)


def churn(gateway: Gateway, batch: int) -> int:
    """Claim and settle until nothing is queued; returns how many."""
    tally = Counter[str]()
    rotation, outcome = Rotation(), Outcome(Kind.ACCEPTED, SUCCESS)
    while bundles := claim_to_send(gateway, SENDING, batch, rotation).bundles:
        now = gateway.clock.now()
        settle(gateway, [Carried(each, outcome, EXCHANGE * 5, EXCHANGE, None, now) for [each] in bundles], tally)
    return tally.total()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
