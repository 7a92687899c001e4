"""The integrator as the ministry sees it: application, agreement, certificate, address, audit, announcements.

Rules follow the circular (2018-1, clauses 2 and 3); the feeds by which a gateway learns of them are ours, since none
of the ministry's is public (docs/divergences.md). Days are days in Turkey by the stub's clock.
"""
