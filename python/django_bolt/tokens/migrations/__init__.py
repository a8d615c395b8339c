"""The migrations of the table of revoked tokens."""
