"""Room 7. Evidence: an RFC 6962 Merkle log in the transaction of each act, signed checkpoints, verification."""
