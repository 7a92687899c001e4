"""Room 4. The durable outbox: put, claim with lease and fencing, settle, release; backoff. Rows in our own tables."""
