from __future__ import annotations

from django_bolt import decorators
from django_bolt.utils import decorators as other


def test_reexport():
    assert other.json_response is decorators.json_response
