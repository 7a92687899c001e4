"""What the gateway costs, measured beside what it is compared with. See README.md; run with `make bench`."""
