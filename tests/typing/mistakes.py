"""What type checkers must refuse: each marked line holds an error, and no other line does."""

from __future__ import annotations

from django_bolt import BoltAPI, Router

api = BoltAPI(prefix=1)  # error
api.get("/", status_code="200")  # error
api.get("/", no_such_option=True)  # error
api.include_router(api)  # error
api.mount("/", Router())  # error
