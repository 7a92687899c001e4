"""Coverage: of each workplace's roster, who is trained and examined, until when, and what is missing where not.

Two tables beside the messages, made from the change feed and from nothing else: they can be thrown away and made anew
(docs/decisions/0035). `following` makes them, `standing` says what they mean, `reading` answers pages.
"""
