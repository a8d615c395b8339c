"""Import paths kept for compatibility; nothing is defined here."""
