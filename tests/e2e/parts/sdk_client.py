"""The official Python SDK's client: registers, signs in, calls a tool.

usage: sdk_client.py MCP_URL CALLBACK; prints the authorize URL, then reads the callback's URL
"""

import asyncio
import json
import sys
from urllib.parse import parse_qs, urlsplit

import httpx2
from mcp.client import Client
from mcp.client.auth import OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import AuthorizationCodeResult, OAuthClientMetadata

server_url, callback = sys.argv[1:]


def tell(message: dict) -> None:
    print(json.dumps(message), flush=True)


class Storage:
    tokens = None
    client_info = None

    async def get_tokens(self):
        return self.tokens

    async def set_tokens(self, tokens):
        self.tokens = tokens

    async def get_client_info(self):
        return self.client_info

    async def set_client_info(self, client_info):
        self.client_info = client_info


async def open_browser(url: str) -> None:
    tell({"authorize": url})


async def wait_for_callback() -> AuthorizationCodeResult:
    line = await asyncio.to_thread(sys.stdin.readline)
    answer = {name: values[0] for name, values in parse_qs(urlsplit(line.strip()).query).items()}
    return AuthorizationCodeResult(**answer)


async def main() -> None:
    storage = Storage()
    provider = OAuthClientProvider(
        server_url=server_url,
        client_metadata=OAuthClientMetadata(client_name="Python SDK", redirect_uris=[callback]),
        storage=storage,
        redirect_handler=open_browser,
        callback_handler=wait_for_callback,
    )
    async with httpx2.AsyncClient(auth=provider, timeout=30) as http_client:
        async with Client(streamable_http_client(server_url, http_client=http_client)) as client:
            result = await client.call_tool("whoami", {})
    tell({"whoami": result.structured_content, "tokens": storage.tokens.model_dump(mode="json")})


asyncio.run(main())
