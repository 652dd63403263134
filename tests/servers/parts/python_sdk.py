"""The tools of the tests on the official Python SDK, which is told nothing of OAuth.

usage: python_sdk.py FOLDER [PORT PATH LEGACY_PORT LEGACY_PATH]; without ports it speaks on its standard input and output
"""

import asyncio
import sys
from pathlib import Path

from mcp.server.mcpserver import Context, MCPServer
from mcp.server.streamable_http import EventMessage, EventStore

folder, *address = sys.argv[1:]
mcp = MCPServer("python-sdk")


@mcp.tool()
def add(a: int, b: int) -> str:
    """Add two numbers"""
    return str(a + b)


@mcp.tool()
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


@mcp.tool()
async def announce(ctx: Context) -> str:
    """Tell that the tools changed: who has a session, and who listens"""
    if ctx.protocol_version < "2026-07-28":
        await ctx.session.send_tool_list_changed()
    await ctx.notify_tools_changed()
    return "announced"


class Events(EventStore):
    """What may be asked for again; the SDK brings the interface alone, and names a stream by its request's id"""

    def __init__(self):
        self.events = []

    async def store_event(self, stream_id, message):
        self.events.append((stream_id, message))
        return str(len(self.events) - 1)

    async def replay_events_after(self, last_event_id, send_callback):
        last = int(last_event_id)
        stream_id = self.events[last][0]
        for at, (stream, message) in enumerate(self.events):
            if at > last and stream == stream_id and message is not None:
                await send_callback(EventMessage(message, str(at)))
        return stream_id


async def serve() -> None:
    port, path, legacy_port, legacy_path = address
    await asyncio.gather(
        mcp.run_streamable_http_async(port=int(port), streamable_http_path=path, event_store=Events()),
        mcp.run_sse_async(
            port=int(legacy_port), sse_path=legacy_path, message_path=f"{legacy_path}/messages/"
        ),
    )


if address:
    asyncio.run(serve())
else:
    mcp.run()
