"""An MCP server on the official Python SDK that verifies access tokens itself: one site for each issuer it is given.
usage: python_sdk.py PORT JWKS_URI ISSUER...     e.g. 9000 http://127.0.0.1:8081/jwks https://mcp.example.com"""

import sys

import jwt
import uvicorn
from anyio import to_thread
from mcp.server import MCPServer
from mcp.server.auth.middleware.auth_context import AuthContextMiddleware, get_access_token
from mcp.server.auth.middleware.bearer_auth import BearerAuthBackend
from mcp.server.auth.provider import AccessToken, TokenVerifier
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse

port, jwks_uri, *issuers = sys.argv[1:]
sites = {issuer.partition("://")[2]: issuer for issuer in issuers}
expected = {"algorithms": ["ES256"], "issuer": issuers, "audience": [f"{issuer}/mcp" for issuer in issuers]}
keys = jwt.PyJWKClient(jwks_uri)
server = MCPServer("example")


@server.tool(description="Who is calling, as the verified token says")
def whoami() -> dict[str, object]:
    return get_access_token().claims


class Verifier(TokenVerifier):
    async def verify_token(self, token):
        try:
            key = await to_thread.run_sync(keys.get_signing_key_from_jwt, token)
            claims = jwt.decode(token, key, **expected, options={"require": ["client_id", "exp", "scope", "sub"]})
        except jwt.PyJWTError:
            return None
        if jwt.get_unverified_header(token).get("typ") != "at+jwt" or claims["aud"] != claims["iss"] + "/mcp":
            return None
        renamed = {"subject": claims["sub"], "expires_at": claims["exp"], "resource": claims["aud"], "claims": claims}
        return AccessToken(token=token, client_id=claims["client_id"], scopes=claims["scope"].split(), **renamed)


async def guarded(scope, receive, send):
    """In place of `AuthSettings`, which knows one site alone and a challenge without scope."""
    if scope["type"] == "lifespan":
        return await app(scope, receive, send)
    request = Request(scope)
    issuer = sites.get(request.headers.get("host"), issuers[0])
    ours = request.user.is_authenticated and request.user.access_token.resource == f"{issuer}/mcp"
    if ours and "mcp" in request.auth.scopes:
        return await app(scope, receive, send)
    status, error = (403, "insufficient_scope") if ours else (401, "invalid_token")
    challenge = f'Bearer resource_metadata="{issuer}/.well-known/oauth-protected-resource/mcp", scope="mcp"'
    said = f', error="{error}"' if "authorization" in request.headers else ""
    await JSONResponse({"error": error}, status, {"WWW-Authenticate": challenge + said})(scope, receive, send)


app = server.streamable_http_app(host="0.0.0.0")  # any `Host`: the token is what opens
authenticated = AuthenticationMiddleware(AuthContextMiddleware(guarded), backend=BearerAuthBackend(Verifier()))
uvicorn.run(authenticated, port=int(port))
