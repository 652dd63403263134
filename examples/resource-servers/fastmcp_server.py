"""An MCP server on FastMCP that verifies access tokens itself: one site for each issuer it is given.
usage: fastmcp_server.py PORT JWKS_URI ISSUER...     e.g. 9000 http://127.0.0.1:8081/jwks https://mcp.example.com"""

import contextlib
import sys
from urllib.parse import urlsplit

import uvicorn
from fastmcp import FastMCP
from fastmcp.server.auth import JWTVerifier, RemoteAuthProvider
from fastmcp.server.dependencies import get_access_token
from fastmcp.utilities.auth import decode_jwt_header
from starlette.applications import Starlette
from starlette.routing import Host, Mount

port, jwks_uri, *issuers = sys.argv[1:]


class Verifier(JWTVerifier):
    """FastMCP's own takes any `typ`, and a token without an end."""

    async def verify_token(self, token):
        access = await super().verify_token(token)
        good = access and access.expires_at and decode_jwt_header(token).get("typ") == "at+jwt"
        return access if good else None


def whoami() -> dict:
    """Who is calling, as the verified token says"""
    return get_access_token().claims


def site(issuer):
    verifier = Verifier(jwks_uri=jwks_uri, issuer=issuer, audience=f"{issuer}/mcp", algorithm="ES256")
    # Not `required_scopes` of the verifier: for a token without the scope it would say 401, not 403.
    scopes = {"required_scopes": ["mcp"], "challenge_scopes": ["mcp"], "scopes_supported": ["mcp"]}
    auth = RemoteAuthProvider(verifier, [issuer], base_url=issuer, **scopes)
    server = FastMCP("example", auth=auth)
    server.tool(whoami)
    return server.http_app(host_origin_protection=False)  # any `Host`: the token is what opens


@contextlib.asynccontextmanager
async def lifespan(_):
    async with contextlib.AsyncExitStack() as stack:
        for app in sites.values():
            await stack.enter_async_context(app.lifespan(app))
        yield


sites = {urlsplit(issuer).hostname: site(issuer) for issuer in issuers}
hosts = [Host(name, app) for name, app in sites.items()]
app = Starlette(routes=[*hosts, Mount("/", sites[urlsplit(issuers[0]).hostname])], lifespan=lifespan)
uvicorn.run(app, host="127.0.0.1", port=int(port))
