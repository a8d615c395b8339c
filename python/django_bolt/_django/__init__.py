"""The only home of Django's internals; nothing here may be imported by what users write."""
