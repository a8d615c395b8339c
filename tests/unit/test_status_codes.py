from __future__ import annotations

from http import HTTPStatus

import pytest

from django_bolt import status_codes


def test_every_registered_status_has_a_name():
    values = {value for name, value in vars(status_codes).items() if name.startswith("HTTP_")}
    assert {int(status) for status in HTTPStatus} <= values


def test_names_start_with_their_number():
    for name, value in vars(status_codes).items():
        if name.startswith("HTTP_"):
            assert name.split("_")[1] == str(value)


@pytest.mark.parametrize(
    ("function", "low", "high"),
    [
        (status_codes.is_informational, 100, 199),
        (status_codes.is_success, 200, 299),
        (status_codes.is_redirect, 300, 399),
        (status_codes.is_client_error, 400, 499),
        (status_codes.is_server_error, 500, 599),
        (status_codes.is_error, 400, 599),
    ],
)
def test_classes(function, low, high):
    assert [status for status in range(50, 700) if function(status)] == list(range(low, high + 1))
