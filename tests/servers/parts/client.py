"""The official Python SDK's client, which has a token already: lists and calls the tools of the tests.

Reads a line of JSON for each server, {"url", "legacy", "token", "key", "name"}, and prints one.
"""

import asyncio
import json
import sys
from pathlib import Path

import httpx2
from mcp.client import Client
from mcp.client.sse import sse_client
from mcp.client.streamable_http import streamable_http_client


async def visit(transport, key: str, name: str) -> dict:
    steps = []

    async def arrived(progress: float, total: float | None, message: str | None) -> None:
        steps.append(int(progress))
        Path(f"{key}.{int(progress)}").touch()

    async with Client(transport) as client:
        tools = await client.list_tools()
        added = await client.call_tool("add", {"a": 2, "b": 3})
        counted = await client.call_tool("count", {"key": name, "steps": 3}, progress_callback=arrived)
        return {
            "revision": client.protocol_version,
            "tools": sorted(tool.name for tool in tools.tools),
            "sum": added.content[0].text,
            "counted": counted.content[0].text,
            "steps": steps,
        }


async def main() -> None:
    while line := await asyncio.to_thread(sys.stdin.readline):
        asked = json.loads(line)
        headers = {"Authorization": f"Bearer {asked['token']}"}
        async with httpx2.AsyncClient(headers=headers, timeout=60) as http_client:
            if asked["legacy"]:
                transport = sse_client(asked["url"], headers=headers)
            else:
                transport = streamable_http_client(asked["url"], http_client=http_client)
            print(json.dumps(await visit(transport, asked["key"], asked["name"])), flush=True)


asyncio.run(main())
