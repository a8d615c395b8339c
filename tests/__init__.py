"""Tests of django-bolt; they mirror the package."""
