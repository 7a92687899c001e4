"""Trial runs against the stub: invented people and trainings, a ministry in another process, a count from its ledger.

Used by `ibys demo`, the acceptance tests and the bench. Everything in here is synthetic.
"""
