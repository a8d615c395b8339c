"""Endpoints of the example as plain Django views; it fills the database of all contestants, too."""
