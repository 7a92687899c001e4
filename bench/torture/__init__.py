"""Tries to lose a message or to have one counted twice: kills, pauses, bad networks, full disks, odd clocks."""
