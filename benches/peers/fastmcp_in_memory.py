"""FastMCP with its in-memory OAuth provider, which asks nobody and keeps everything in dictionaries.

usage: fastmcp_in_memory.py PORT
"""

import sys

from fastmcp import FastMCP
from fastmcp.server.auth.providers.in_memory import InMemoryOAuthProvider
from mcp.server.auth.settings import ClientRegistrationOptions

port = int(sys.argv[1])
auth = InMemoryOAuthProvider(
    base_url=f"http://127.0.0.1:{port}",
    client_registration_options=ClientRegistrationOptions(enabled=True),
)
FastMCP("peer", auth=auth).run(
    transport="http",
    host="127.0.0.1",
    port=port,
    show_banner=False,
    uvicorn_config={"log_level": "error", "access_log": False},
)
