"""Everything that waits: listeners, sessions, outboxes, clocks."""
