"""Room 1. Bytes to Submitted records: size and depth caps, safe reading, idempotency key. Judges no rule."""
