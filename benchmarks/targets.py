"""How much better than another contestant this project means to be, endpoint by endpoint; printed, never enforced.

A target that is missed is a matter for whoever reads the report.
"""

from __future__ import annotations

from dataclasses import dataclass

SUBJECT = "bolt"


@dataclass(frozen=True, kw_only=True)
class Target:
    """`factor` times better than `reference` in the figure `field` of one endpoint.

    `beside` is the endpoint that the reference is asked, where that is another one; `extra` is what ours may have more
    than the reference, in place of a factor.
    """

    endpoint: str
    factor: float = 1.0
    reference: str = "peer"
    field: str = "cpu_us"
    beside: str | None = None
    extra: float = 0.0


def _near(*, users: float, other: float) -> tuple[Target, ...]:
    """Targets for a database on the same machine, where the CPU is what a request costs."""
    return (
        Target(endpoint="user", factor=other),
        Target(endpoint="users", factor=users),
        Target(endpoint="users_for", factor=other),
        Target(endpoint="create", factor=other),
        Target(endpoint="user_def", factor=1.0, reference="django"),
    )


TARGETS: dict[str, tuple[Target, ...]] = {
    "sqlite": (
        Target(endpoint="hello", factor=6.0, reference="peer_default"),
        # The access log may cost a tenth.
        Target(endpoint="hello", factor=1 / 1.1, reference="bolt_quiet"),
        *_near(users=1.35, other=1.6),
        # A token that is checked costs at most this many microseconds.
        Target(endpoint="guarded_hello", reference=SUBJECT, beside="hello", extra=3.5),
        Target(endpoint="guarded_hello"),
        Target(endpoint="cors_rate_hello", factor=1 / 1.1, reference=SUBJECT, beside="hello"),
        Target(endpoint="stack_hello", factor=2.5),
        Target(endpoint="stack_hello_def", factor=1.8),
        Target(endpoint="session_user", factor=1.4),
    ),
    "postgresql": _near(users=1.5, other=1.5),
    "distant": tuple(
        Target(endpoint=endpoint, factor=5.0, field="requests_per_second")
        for endpoint in ("user", "users", "users_for", "create")
    ),
}
"""By the name of the database."""
