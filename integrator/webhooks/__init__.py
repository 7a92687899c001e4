"""Webhooks: a customer's change feed, pushed to an address of theirs. Beside the seven rooms; nothing waits for it."""
