//! The MCP project's own conformance tests, their part for authorization servers.

use std::{fs, path::Path};

use serde_json::Value;

use crate::{
    client::Client,
    ground::{DOCUMENT_CLIENT, Ground, Site, free_port, tool},
    judge::Judge,
    table::Table,
};

const PROGRAM: &str = "node_modules/@modelcontextprotocol/conformance/dist/index.js";
const CHECKS: [&str; 3] =
    ["authorization-server-metadata", "authorization-server-metadata-cimd", "authorization-code-grant"];

pub(crate) async fn judge(ground: &Ground, site: &Site, table: &mut Table) {
    let registered = Client::registered(site).await.map(|client| client.id);
    let document = Ok(DOCUMENT_CLIENT.to_owned());
    let resource = ["--resource".to_owned(), site.resource.clone()];
    for (name, client_id, more) in [
        ("plain", registered.clone(), [].as_slice()),
        ("--resource", registered, &resource),
        ("--resource, document client", document, &resource),
    ] {
        let said = match client_id {
            Ok(client_id) => run(ground, site, &client_id, more, name).await,
            Err(why) => Err(why),
        };
        let name = format!("MCP conformance, {}, {name}", site.name);
        table.add(name, "2 of 2 scenarios; every check SUCCESS, metadata documents too", said);
    }
}

async fn run(
    ground: &Ground,
    site: &Site,
    client_id: &str,
    more: &[String],
    name: &str,
) -> Result<String, String> {
    let name = format!("mcp-conformance {} {name}", site.name);
    let results = ground.folder.join(format!("{name} results"));
    let port = free_port().to_string();
    let command = ["authorization", "--url", &site.issuer, "--client-id", client_id, "--port", &port];
    let program = [tool("node_modules/.bin/node"), tool(PROGRAM)].into_iter();
    let program = program.chain(command.map(str::to_owned)).chain(more.iter().cloned());
    let program = program.chain(["--output-dir".to_owned(), results.display().to_string()]);

    let mut judge = Judge::start(&name, &program.collect::<Vec<_>>(), &[], ground);
    let authorize = format!("{}/oauth/authorize?", site.issuer);
    let asked = |said: &str| said.lines().find(|line| line.starts_with(&authorize)).map(str::to_owned);
    let url = judge.hear(asked).await?;
    // The judge may end before the browser has its answer: what it heard by then is in its verdict.
    if let Ok(seen) = reqwest::get(url).await
        && !seen.status().is_success()
    {
        return Err(format!("the browser ended at {} with {}", seen.url(), seen.status()));
    }
    let verdict = judge.verdict().await?;
    let checks = checks_in(&results);
    let said = checks.iter().map(|(id, status)| format!("{id} {status}")).collect::<Vec<_>>().join(", ");
    let all = CHECKS.iter().all(|id| checks.iter().any(|(checked, _)| checked == id));
    let content = verdict.is_content && all && checks.iter().all(|(_, status)| status == "SUCCESS");
    if content { Ok(format!("2 of 2; {} checks SUCCESS", checks.len())) } else { Err(said) }
}

/// Each check of every scenario with its status.
fn checks_in(results: &Path) -> Vec<(String, String)> {
    let scenarios = fs::read_dir(results).into_iter().flatten().flatten();
    let files = scenarios.map(|scenario| fs::read(scenario.path().join("checks.json")).unwrap());
    let checks = files.flat_map(|file| serde_json::from_slice::<Vec<Value>>(&file).unwrap());
    let text = |check: &Value, member: &str| check[member].as_str().unwrap_or_default().to_owned();
    checks.map(|check| (text(&check, "id"), text(&check, "status"))).collect()
}
