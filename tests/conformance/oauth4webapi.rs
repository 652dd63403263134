//! oauth4webapi as a strict client: what it accepts, and which word each mistake gets.

use serde_json::Value;

use crate::{
    ground::{Ground, part_file, tool},
    judge::Judge,
    table::Table,
};

pub(crate) async fn judge(ground: &Ground, table: &mut Table) {
    let results = run(ground).await;
    let judged =
        |look: fn(&Value) -> Result<String, String>| results.clone().and_then(|results| look(&results));
    table.add("oauth4webapi, every process… and validate… call", "accepts", judged(accepted));
    table.add("oauth4webapi, every mistake", "gets the RFCs' error code", judged(refused));
}

async fn run(ground: &Ground) -> Result<Value, String> {
    let site = &ground.public;
    let program = [
        tool("node_modules/.bin/node"),
        part_file("oauth4webapi.mjs"),
        site.issuer.clone(),
        site.resource.clone(),
        site.other_resource.clone(),
    ];
    Judge::start("oauth4webapi", &program, &[], ground).verdict().await?.json()
}

fn accepted(results: &Value) -> Result<String, String> {
    let of = |member: &str| results[member].as_array().unwrap().clone();
    let refused: Vec<_> = of("refused").iter().map(|why| why.as_str().unwrap().to_owned()).collect();
    if refused.is_empty() {
        Ok(format!("{} accepted", of("accepted").len()))
    } else {
        Err(refused.join("; "))
    }
}

fn refused(results: &Value) -> Result<String, String> {
    let probes = results["probes"].as_array().unwrap();
    let wrong = probes.iter().filter(|probe| probe["got"] != probe["expected"]).map(|probe| {
        let text = |member: &str| probe[member].as_str().unwrap_or("nothing");
        format!("{}: {} instead of {}", text("mistake"), text("got"), text("expected"))
    });
    let wrong: Vec<_> = wrong.collect();
    match (wrong.is_empty(), probes.len()) {
        (_, 0) => Err("it made none".to_owned()),
        (true, made) => Ok(format!("{made} of {made}")),
        (false, _) => Err(wrong.join("; ")),
    }
}
