"""What is handed to strangers: receipts, evidence packs with their own verifier, checkpoints for a second party."""
