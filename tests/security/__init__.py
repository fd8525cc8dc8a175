"""The threat table, row by row: who attacks, and what the others notice of it."""
