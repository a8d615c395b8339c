"""`render`: a Django template as a response; other shortcuts of Django's are Django's.

Nothing here may load a template by itself: Django's engines do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.http import HttpRequest
from django.template import loader

from django_bolt.request import Request
from django_bolt.responses import HTML

__all__ = ["render"]


def render(
    request: Request | HttpRequest,
    template_name: str | Sequence[str],
    context: Mapping[str, Any] | None = None,
    content_type: str | None = None,
    status: int | None = None,
    using: str | None = None,
) -> HTML:
    """Return the rendered template as HTML, with the arguments of Django's own `render`.

    Context processors get Django's request. Raises Django's `TemplateDoesNotExist`.
    """
    django_request = request.django_request if isinstance(request, Request) else request
    values = None if context is None else dict(context)
    content = loader.render_to_string(template_name, values, django_request, using=using)
    return HTML(content, status_code=status or 200, media_type=content_type)
