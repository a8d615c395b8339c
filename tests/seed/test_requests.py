"""The document's request access, headers, cookies and dependencies, as they are written there."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model

from django_bolt import BoltAPI
from django_bolt.testing import TestClient

User = get_user_model()


def test_the_request_as_a_dict(run: Any) -> None:
    api = BoltAPI()
    run(
        """
        @api.get("/info")
        async def request_info(request):
            return {
                "method": request.get("method"), # GET, POST, etc.
                "path": request.get("path"), # Request path
                "query": request.get("query"), # Query parameters dict
                "params": request.get("params"), # Path parameters dict
                "headers": request.get("headers"), # Request headers dict
                "body": request.get("body", b""), # Raw body bytes
                "context": request.get("context"), # Authentication context
            }
        """,
        api=api,
    )
    with TestClient(api) as client:
        found = client.get("/info?a=1&b=2", headers={"x-one": "1"}).json()
    assert found["headers"].pop("x-one") == "1"
    assert found["headers"]["host"] == "testserver"
    del found["headers"]
    assert found == {
        "method": "GET",
        "path": "/info",
        "query": {"a": "1", "b": "2"},
        "params": {},
        "body": "",
        "context": {},
    }


def test_headers(run: Any) -> None:
    api = BoltAPI()
    run(
        """
        from typing import Annotated
        from django_bolt.param_functions import Header
        @api.get("/auth")
        async def check_auth(
            authorization: Annotated[str, Header(alias="Authorization")]
        ):
            return {"auth": authorization}
        # Optional headers
        @api.get("/optional-header")
        async def optional_header(
            custom: Annotated[str | None, Header(alias="X-Custom")] = None
        ):
            return {"custom": custom}
        # All headers
        @api.get("/headers")
        async def all_headers(request):
            headers = request.get("headers", {})
            return {"headers": dict(headers)}
        """,
        api=api,
    )
    with TestClient(api) as client:
        assert client.get("/auth", headers={"Authorization": "Bearer x"}).json() == {"auth": "Bearer x"}
        assert client.get("/auth").status_code == 422
        assert client.get("/optional-header").json() == {"custom": None}
        assert client.get("/optional-header", headers={"x-custom": "a"}).json() == {"custom": "a"}
        assert client.get("/headers", headers={"x-one": "1"}).json()["headers"]["x-one"] == "1"


def test_cookies(run: Any) -> None:
    api = BoltAPI()
    run(
        """
        from typing import Annotated
        from django_bolt.param_functions import Cookie
        @api.get("/session")
        async def get_session(
            session_id: Annotated[str, Cookie(alias="sessionid")]
        ):
            return {"session_id": session_id}
        """,
        api=api,
    )
    with TestClient(api, cookies={"sessionid": "abc"}) as client:
        assert client.get("/session").json() == {"session_id": "abc"}
    with TestClient(api) as client:
        assert client.get("/session").json()["detail"][0]["loc"] == ["cookie", "sessionid"]


def test_pagination_as_a_dependency(run: Any) -> None:
    snippet = run("""
        from django_bolt import BoltAPI, Depends
        api = BoltAPI()
        async def get_pagination(page: int = 1, limit: int = 20):
            return {"page": page, "limit": limit, "offset": (page - 1) * limit}
        @api.get("/items")
        async def list_items(pagination=Depends(get_pagination)):
            return {"pagination": pagination}
    """)
    with TestClient(snippet.api) as client:
        assert client.get("/items").json() == {"pagination": {"page": 1, "limit": 20, "offset": 0}}
        assert client.get("/items?page=3&limit=5").json() == {"pagination": {"page": 3, "limit": 5, "offset": 10}}
        assert client.get("/items?page=x").status_code == 422


def test_cached_dependencies(run: Any) -> None:
    api = BoltAPI()
    snippet = run(
        """
        from django_bolt import Depends
        call_count = 0
        async def expensive_operation(request):
            global call_count
            call_count += 1
            return {"count": call_count}
        @api.get("/test")
        async def test(
            dep1=Depends(expensive_operation),
            dep2=Depends(expensive_operation) # Same dependency
        ):
            # expensive_operation is called ONCE, result is reused
            return {"dep1": dep1, "dep2": dep2}
        some_dependency = expensive_operation
        # Disable caching
        @api.get("/fresh")
        async def fresh(dep=Depends(some_dependency, use_cache=False)):
            return dep
        """,
        api=api,
    )
    with TestClient(api) as client:
        assert client.get("/test").json() == {"dep1": {"count": 1}, "dep2": {"count": 1}}
        assert snippet.call_count == 1
        assert client.get("/fresh").json() == {"count": 2}


def test_nested_dependencies(run: Any) -> None:
    class Settings:
        """Stands for a model of settings."""

        enable_new_ui, beta_features = True, ["a"]

        class objects:  # noqa: N801
            @staticmethod
            async def afirst() -> Any:
                return Settings

    api = BoltAPI()
    run(
        """
        from django_bolt import Depends
        async def get_settings(request):
            return await Settings.objects.afirst()
        async def get_feature_flags(settings=Depends(get_settings)):
            return {
                "new_ui": settings.enable_new_ui,
                "beta": settings.beta_features,
            }
        @api.get("/features")
        async def features(flags=Depends(get_feature_flags)):
            return flags
        """,
        api=api,
        Settings=Settings,
    )
    with TestClient(api) as client:
        assert client.get("/features").json() == {"new_ui": True, "beta": ["a"]}


def test_a_class_as_a_dependency(run: Any) -> None:
    class Connection:
        closed = 0

        async def close(self) -> None:
            Connection.closed += 1

    async def get_connection() -> Connection:
        return Connection()

    api = BoltAPI()
    run(
        """
        from django_bolt import Depends
        class DatabaseSession:
            def __init__(self, request):
                self.request = request
                self.connection = None
            async def __aenter__(self):
                self.connection = await get_connection()
                return self.connection
            async def __aexit__(self, *args):
                if self.connection:
                    await self.connection.close()
        @api.get("/data")
        async def get_data(db=Depends(DatabaseSession)):
            before = db.connection
            async with db:
                # Use database connection
                return [before is None, db.connection is not None, db.request.path]
        """,
        api=api,
        get_connection=get_connection,
    )
    with TestClient(api) as client:
        assert client.get("/data").json() == [True, True, "/data"]
    assert Connection.closed == 1
