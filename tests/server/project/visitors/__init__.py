"""Who comes with a token of somebody else's, in a project of its own."""
