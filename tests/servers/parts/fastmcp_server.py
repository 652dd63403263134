"""The tools of the tests on FastMCP, which is told nothing of OAuth.

usage: fastmcp_server.py FOLDER PORT PATH LEGACY_PORT LEGACY_PATH
"""

import asyncio
import sys
from pathlib import Path

import fastmcp
import uvicorn
from fastmcp import Context, FastMCP
from fastmcp.server.event_store import EventStore

folder, port, path, legacy_port, legacy_path = sys.argv[1:]
mcp = FastMCP("fastmcp")


@mcp.tool
def add(a: int, b: int) -> str:
    """Add two numbers"""
    return str(a + b)


@mcp.tool
async def count(key: str, steps: int, ctx: Context) -> str:
    """Report each step, and take the next one when the file KEY.STEP is there"""
    try:
        for step in range(1, steps + 1):
            await ctx.report_progress(step, steps)
            while not Path(folder, f"{key}.{step}").exists():
                await asyncio.sleep(0.02)
        Path(folder, f"{key}.done").touch()
    except asyncio.CancelledError:
        Path(folder, f"{key}.cancelled").touch()
        raise
    return f"counted to {steps}"


@mcp.tool
async def announce(ctx: Context) -> str:
    """Tell that the tools changed"""
    await ctx.session.send_tool_list_changed()
    return "announced"


def server(port: str, app) -> uvicorn.Server:
    return uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=int(port)))


async def serve() -> None:
    fastmcp.settings.message_path = f"{legacy_path}/messages/"
    await asyncio.gather(
        server(port, mcp.http_app(path, event_store=EventStore())).serve(),
        server(legacy_port, mcp.http_app(legacy_path, transport="sse")).serve(),
    )


asyncio.run(serve())
