"""An MCP server that verifies each access token once more, by the published JWKS.

usage: mcp_server.py PORT JWKS_URI ISSUER...
"""

import sys

from fastmcp import FastMCP
from fastmcp.server.auth.providers.jwt import JWTVerifier
from fastmcp.server.dependencies import get_access_token, get_http_headers

port, jwks_uri, *issuers = sys.argv[1:]

verifier = JWTVerifier(
    jwks_uri=jwks_uri,
    issuer=issuers,
    audience=[f"{issuer}/mcp" for issuer in issuers],
    algorithm="ES256",
    required_scopes=["mcp"],
    jwks_refresh_interval=0,
)
mcp = FastMCP("e2e", auth=verifier)


@mcp.tool
def whoami() -> dict:
    """Who the verified token says is calling, and what the gateway says in its headers."""
    claims = get_access_token().claims
    headers = get_http_headers(include_all=True)
    return {
        "claims": claims,
        "headers": {name: value for name, value in headers.items() if name != "authorization"},
    }


mcp.run(transport="http", host="127.0.0.1", port=int(port), show_banner=False)
