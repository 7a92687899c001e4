"""What keeps the data of others: new keys for old ones, erasure in time, backup and a guarded way back."""
