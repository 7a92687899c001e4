"""Envelope encryption, key rings, keyed digests. Keys come from files, never from a setting's value."""
