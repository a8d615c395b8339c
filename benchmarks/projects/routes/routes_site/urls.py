"""No Django URLs: everything is in `api.py`."""

urlpatterns: list[object] = []
