"""Who may come in: logins with tokens, in a project of their own."""
