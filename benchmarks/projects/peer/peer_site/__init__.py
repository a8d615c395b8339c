"""The example's endpoints, written for the peer; models, database and settings are the example's own."""
