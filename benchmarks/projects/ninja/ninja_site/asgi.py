"""Where uvicorn finds the site; the settings module comes from the environment."""

from django.core.asgi import get_asgi_application

application = get_asgi_application()
