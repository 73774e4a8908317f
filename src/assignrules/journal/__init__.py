"""What was done, by whom and why: append-only tables beside the targets, in a chain of hashes."""
