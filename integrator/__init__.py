"""The İBYS integrator gateway: a record walks through seven rooms and comes back as a receipt.

The walk, in this order (``integrator/pipeline.py`` is the code of it, ``docs/flow.md`` the story):

1. intake    bytes -> Kayit: size limits, safe reading, idempotency key
2. validate  Kayit -> findings: fields, limits, identifiers, XSD of the version in force
3. sign      Kayit -> Bildirim(s): split, canonical bytes, CAdES-BES, check of every signature
4. queue     the durable outbox: put, claim with lease and fencing, settle, release
5. deliver   one call -> one Outcome: SOAP to the ministry
6. receipt   the ministry's answer -> per-pair results, and what the answer means
7. audit     Merkle log (RFC 6962), signed checkpoints, verification

Below the rooms lie ``catalogue``, ``store``, ``protect``, ``log`` and ``domain``; above them
``wiring``, ``worker`` and ``cli``. ``ministry`` is a false ministry to test against and shares no code.
"""
