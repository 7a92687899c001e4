"""A bad network between worker and ministry: each toxic in turn, then all together; then the count.

The stub behind it has no faults of its own, so what goes wrong is the network's doing alone.
"""

from __future__ import annotations

import time
from urllib.parse import urlsplit

from bench.torture.forked import forked
from bench.torture.grounds import Grounds
from bench.torture.kill import Tally, finish
from bench.torture.proxy import DOWN, UP, ProxyProcess, Toxic

# Silence is 0.3 s and a whole exchange 0.4 s in these trials, a request some 4 kB and an answer some 2 kB or more.
TOXICS: dict[str, tuple[Toxic, ...]] = {
    "latency": (Toxic("latency", DOWN, 0.5, seconds=0.2, jitter=0.2), Toxic("latency", UP, 0.3, seconds=0.05)),
    "bandwidth": (Toxic("bandwidth", UP, 0.5, size=40_000), Toxic("bandwidth", DOWN, 0.3, size=30_000)),
    "slow_close": (Toxic("slow_close", DOWN, 1.0, seconds=0.5), Toxic("slow_close", UP, 1.0, seconds=0.5)),
    "timeout": (Toxic("timeout", DOWN, 0.3, seconds=0.6), Toxic("timeout", UP, 0.2, seconds=0.6)),
    "slicer": (Toxic("slicer", UP, 0.7, size=97), Toxic("slicer", DOWN, 0.7, size=31)),
    "limit_data": (Toxic("limit_data", UP, 0.3, size=1500), Toxic("limit_data", DOWN, 0.3, size=700)),
    "reset_peer": (Toxic("reset_peer", DOWN, 0.3, seconds=0.01), Toxic("reset_peer", UP, 0.2)),
}
ONE = {"reset_peer": TOXICS["reset_peer"]}
ALTOGETHER = tuple(Toxic(**{**vars(each), "toxicity": each.toxicity / 4}) for pair in TOXICS.values() for each in pair)


def each_toxic(grounds: Grounds, chosen: dict[str, tuple[Toxic, ...]] = TOXICS) -> Tally:
    """One home for each toxic, and one for all together."""
    tally = Tally(f"network, {grounds.databases.name}")
    began = time.perf_counter()
    stub = urlsplit(grounds.ministry.address)
    for name, toxics in {**chosen, "all together": ALTOGETHER}.items():
        with ProxyProcess(stub.hostname or "", stub.port or 0, seed=grounds.seed) as proxy:
            address = grounds.ministry.address.replace(f":{stub.port}", f":{proxy.port}")
            settings = grounds.fresh(address=address)
            proxy.use(*toxics)
            said = forked(lambda tell: finish(grounds, settings, tell, [])).told[-1]  # noqa: B023 - called at once
            hits = proxy.order()
        tally.take(f"{name} {hits}", said["verdict"], said["faults"])
        tally.blows.update({kind: count for kind, count in hits.items() if kind != "connections"})
        if not said["faults"]:
            grounds.forget(settings)
    tally.seconds = time.perf_counter() - began
    return tally
