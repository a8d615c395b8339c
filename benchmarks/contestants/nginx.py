"""nginx `return 200` with the body of /hello: what a server costs that runs no code of ours at all."""

from __future__ import annotations

import re
from pathlib import Path

from benchmarks.contestant import Contestant
from benchmarks.databases import Database
from benchmarks.endpoints import HELLO_BODY
from benchmarks.environment import clean_environment, require_tools, run
from benchmarks.processes import HOST, Launch

CONFIGURATION = """\
daemon off;
master_process off;
pid {workspace}/nginx.pid;
error_log stderr error;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    keepalive_requests 1000000000;
    client_body_temp_path {workspace}/body;
    proxy_temp_path {workspace}/proxy;
    fastcgi_temp_path {workspace}/fastcgi;
    uwsgi_temp_path {workspace}/uwsgi;
    scgi_temp_path {workspace}/scgi;
    server {{
        listen {host}:{port};
        location = /hello {{
            default_type application/json;
            return 200 '{body}';
        }}
    }}
}}
"""


class Nginx(Contestant):
    """One nginx process, in the foreground, configured in the workspace."""

    name = "nginx"
    description = "nginx `return 200`, access log off"
    serves = frozenset({"hello"})

    def prepare(self, *, workspace: Path, port: int, database: Database) -> Launch:
        """Write the configuration, without a database; raises EnvironmentFailed when nginx is missing."""
        require_tools("nginx")
        configuration = workspace / "nginx.conf"
        configuration.write_text(
            CONFIGURATION.format(workspace=workspace, host=HOST, port=port, body=HELLO_BODY.decode())
        )
        command = ["nginx", "-p", str(workspace), "-e", "stderr", "-c", str(configuration)]
        return Launch(command=command, directory=workspace, environment=clean_environment())

    def versions(self) -> dict[str, str]:
        """The version that `nginx -v` prints."""
        found = re.search(r"nginx/(\S+)", run(["nginx", "-v"]))
        return {"nginx": found[1] if found else "unknown"}


CONTESTANT = Nginx()
