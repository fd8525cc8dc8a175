"""What records: the one order of what happened, kept on disk or in memory."""
