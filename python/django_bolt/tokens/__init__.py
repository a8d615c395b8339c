"""Handlers that hand tokens out and take them back, and the opt-in app with their table."""
