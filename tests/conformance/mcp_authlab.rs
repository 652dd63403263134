//! mcp-authlab: signs in as a client, then scans the resource with the tokens it got.

use std::fs;

use serde_json::Value;

use crate::{
    ground::{Ground, Site, tool},
    judge::Judge,
    table::Table,
};

/// What its login looks at; only a scan with all of them was a whole one.
const OF_THE_LOGIN: [&str; 6] = ["ASF-01", "ASF-02", "ASF-03", "ASF-04", "ASF-05", "ASF-06"];

pub(crate) async fn judge(ground: &Ground, site: &Site, table: &mut Table) {
    let said = run(ground, site).await;
    let name = format!("mcp-authlab, {}", site.name);
    table.add(name, "grade A, 0 fail, ASM and ASF pass, only TLS-01 warns", said);
}

async fn run(ground: &Ground, site: &Site) -> Result<String, String> {
    let login = ["login", "--no-browser", "--foreign-resource", &site.other_resource, &site.resource];
    let login = program(ground, site, "login", &login).verdict().await?;
    if !login.is_content {
        return Err("the login failed".to_owned());
    }
    let report = ground.folder.join(format!("mcp-authlab {}.json", site.name));
    let output = report.display().to_string();
    let scan = ["scan", &site.resource, "--fail-under", "A", "--format", "json", "--output", &output];
    let scan = program(ground, site, "scan", &scan).verdict().await?;
    let report = fs::read(report).map_err(|error| format!("no report: {error}"))?;
    verdict(&serde_json::from_slice(&report).unwrap(), scan.is_content)
}

fn program(ground: &Ground, site: &Site, name: &str, arguments: &[&str]) -> Judge {
    let start = [tool(".venv/bin/mcp-authlab")].into_iter();
    let program = start.chain(arguments.iter().map(|argument| (*argument).to_owned()));
    let tokens = ground.folder.join("mcp-authlab tokens").join(format!("{}.json", site.name));
    let environment = [("MCP_AUTHLAB_TOKENS", tokens.display().to_string())];
    Judge::start(
        &format!("mcp-authlab {} {name}", site.name),
        &program.collect::<Vec<_>>(),
        &environment,
        ground,
    )
}

fn verdict(report: &Value, is_content: bool) -> Result<String, String> {
    let results = report["results"].as_array().unwrap();
    let text = |result: &Value, member: &str| result[member].as_str().unwrap().to_owned();
    let of = |id: &str| results.iter().find(|result| result["id"] == id);
    let missing = OF_THE_LOGIN.iter().filter(|id| of(id).is_none()).map(|id| format!("{id} missing"));
    let not_passed = results.iter().filter(|result| !is_in_order(result)).map(|result| {
        format!("{} {}: {}", text(result, "id"), text(result, "status"), text(result, "message"))
    });
    let wrong: Vec<_> = missing.chain(not_passed).collect();
    let passed = results.iter().filter(|result| result["status"] == "pass").count();
    let summary = format!("grade {}, {passed} of {} pass", text(report, "grade"), results.len());
    if wrong.is_empty() && is_content { Ok(summary) } else { Err(format!("{summary}; {}", wrong.join("; "))) }
}

fn is_in_order(result: &Value) -> bool {
    result["status"] == "pass" || (result["status"] == "warn" && result["id"] == "TLS-01")
}
