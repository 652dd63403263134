"""An MCP server on the official SDK that knows nothing of OAuth, believes whoever is before it, and listens on a unix socket.

usage: socket_server.py PATH
"""

import sys

import uvicorn
from mcp.server import MCPServer
from mcp.server.mcpserver import Context

server = MCPServer("sockets")


@server.tool(description="What the headers say")
def whoami(context: Context) -> dict[str, str]:
    return dict(context.headers)


uvicorn.run(server.streamable_http_app(), uds=sys.argv[1])
