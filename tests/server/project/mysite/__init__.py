"""The project that the tests of this folder serve."""
