"""Room 6. The ministry's answer becomes an Outcome: matched by number, judged by code, pair by pair."""
