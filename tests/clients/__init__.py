"""Real IRC clients in real terminals. Run by `make test-clients`; `make test` leaves them alone."""
