//! The MCP server goes and comes back: clients and the operator are told, and nobody waits longer than it is away.

use crate::harness::Answer;
use crate::harness::wire::{Line, Wire};
use crate::held::Held;
use crate::room::within;
use crate::sidecar::Sidecar;

const ATTEMPTS: usize = 3;

/// design 7: 502 in JSON, logged, counted
#[tokio::test]
async fn an_mcp_server_that_is_away_is_reported_until_it_is_back() {
    let wire = Wire::start().await;
    let sidecar = Sidecar::start(&wire.url).await;
    let request = sidecar.request("POST", "").await;
    let under_way = Held::start(&sidecar, &wire, &request).await;
    let address = wire.address().to_owned();
    drop((wire, under_way.upstream));
    assert_refused(&Answer::parse(&under_way.client.rest().await));
    for _ in 0..ATTEMPTS {
        assert_refused(&asked(&sidecar, &request).await);
    }
    let said = async || sidecar.said().lines().filter(|line| line.contains("\"status\":502")).count();
    within("logged", async || said().await == ATTEMPTS + 1).await;
    assert!(sidecar.said().contains("Connection refused"), "{}", sidecar.said());
    assert!(!sidecar.said().contains("Bearer") && !sidecar.said().contains("eyJ"), "{}", sidecar.said());
    let counted = format!("error=\"bad_gateway\"}} {}", ATTEMPTS + 1);
    assert!(sidecar.asked("/metrics").await.unwrap().contains(&counted));

    let wire = Wire::start_at(&address).await;
    Held::start(&sidecar, &wire, &request).await.is_answered().await;
}

async fn asked(sidecar: &Sidecar, request: &str) -> Answer {
    let client = Line::to(&sidecar.address).await;
    client.say(request).await;
    Answer::parse(&client.rest().await)
}

fn assert_refused(answer: &Answer) {
    assert_eq!((answer.status, answer.field("error").as_str()), (502, "bad_gateway"), "{answer:?}");
}
