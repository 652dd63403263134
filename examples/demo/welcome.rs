//! What the demo says once it runs: where things are, and what to type into which assistant.

use std::net::SocketAddr;

use crate::sidecar::Sidecar;

/// `door` says who asks people who they are.
pub(crate) fn text(port: u16, tools: SocketAddr, sidecar: &Sidecar, door: &str) -> String {
    let (address, admin) = (sidecar.address(), sidecar.admin());
    let internal = format!("http://localhost:{port}");
    let public = format!("http://127.0.0.1:{port}");
    let mint = sidecar.command_line(
        "client mint --site public --name 'Gemini Enterprise' --for gemini-enterprise --pkce optional",
    );
    format!(
        "
The demo runs. Ctrl-C ends it.

  {internal}   the internal site: assistants on people's own machines
  {public}   the public site: assistants in a vendor's cloud{door}
  behind them: the sidecar on {address} (health, metrics: http://{admin}/readyz, /metrics),
  and behind its gateway an MCP server on {tools} with the tools whoami, add, roll_dice, count_slowly

Claude Code
  claude mcp add --transport http demo {internal}/mcp
  then /mcp in a session, or: claude mcp login demo

Cursor, through mcp-remote (as a command in mcp.json)
  npx -y mcp-remote@latest {internal}/mcp

The next three run in their vendors' clouds and cannot reach this machine: in real life they need a public
https host, written https://mcp.example.com here. What one types is the same.

Claude Desktop: Settings, Connectors, Add custom connector
  URL            https://mcp.example.com/mcp
  no client ID or secret: it registers itself

Gemini Enterprise: a custom MCP server data store; what this prints goes into its form, with your host in it
  {mint}
  MCP server URL https://mcp.example.com/mcp

Cursor Cloud Agents: a team admin adds the server in the dashboard, under MCP servers
  URL            https://mcp.example.com/mcp
  no client ID or secret: it registers itself
"
    )
}
