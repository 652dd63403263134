"""An MCP server that knows nothing of OAuth, and believes whoever is before it.

usage: plain_server.py PORT
"""

import sys

from fastmcp import FastMCP
from fastmcp.server.dependencies import get_http_headers
from starlette.responses import PlainTextResponse

mcp = FastMCP("plain")


@mcp.tool
def whoami() -> dict:
    """What the headers say"""
    return get_http_headers(include_all=True)


@mcp.custom_route("/ready", methods=["GET"])
async def ready(_):
    return PlainTextResponse("ready")


mcp.run(transport="http", host="127.0.0.1", port=int(sys.argv[1]), show_banner=False)
