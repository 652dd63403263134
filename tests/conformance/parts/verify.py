"""Four Python verifiers look at the same tokens, each set up as its documentation says.

usage: verify.py TOKENS.json; prints {library: {token: was it accepted?}}
"""

import asyncio
import json
import sys
from importlib.metadata import version
from urllib.request import urlopen

import jwt
from authlib.common.errors import AuthlibBaseError
from authlib.oauth2.rfc9068 import JWTBearerTokenValidator
from fastmcp.server.auth.providers.jwt import JWTVerifier
from joserfc import jwt as joserfc_jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

with open(sys.argv[1], encoding="utf-8") as file:
    given = json.load(file)
issuer, audience, jwks_uri = given["issuer"], given["audience"], given["jwks_uri"]
with urlopen(jwks_uri) as response:
    jwks = json.load(response)


def pyjwt(token: str) -> bool:
    try:
        key = jwt.PyJWKClient(jwks_uri).get_signing_key_from_jwt(token)
        jwt.decode(token, key, algorithms=["ES256"], audience=audience, issuer=issuer, options={"require": ["exp"]})
    except jwt.PyJWTError:
        return False
    return True


def joserfc(token: str) -> bool:
    claims = joserfc_jwt.JWTClaimsRegistry(
        iss={"essential": True, "value": issuer},
        aud={"essential": True, "value": audience},
        exp={"essential": True},
    )
    try:
        claims.validate(joserfc_jwt.decode(token, KeySet.import_key_set(jwks), algorithms=["ES256"]).claims)
    except JoseError:
        return False
    return True


class Validator(JWTBearerTokenValidator):
    def get_jwks(self):
        return jwks


def authlib(token: str) -> bool:
    validator = Validator(issuer=issuer, resource_server=audience)
    try:
        validator.validate_token(validator.authenticate_token(token), ["mcp"], None)
    except AuthlibBaseError:
        return False
    return True


def fastmcp(token: str) -> bool:
    verifier = JWTVerifier(
        jwks_uri=jwks_uri, issuer=issuer, audience=audience, algorithm="ES256", required_scopes=["mcp"]
    )
    return asyncio.run(verifier.verify_token(token)) is not None


verifiers = {"PyJWT": pyjwt, "joserfc": joserfc, "Authlib": authlib, "fastmcp": fastmcp}
print(
    json.dumps(
        {
            f"{name} {version(name)}": {kind: accepts(token) for kind, token in given["tokens"].items()}
            for name, accepts in verifiers.items()
        }
    )
)
