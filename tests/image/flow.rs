//! A whole flow, and what the process may do.

use std::fs;

use crate::apart::apart;
use crate::ground::{Ground, HOSTS, RESOLV};
use crate::harness::trust::in_a_process_that_trusts;
use crate::road::{prepared, started};

#[test]
fn a_stranger_gets_by_its_document_to_the_mcp_server() {
    apart("flow::a_stranger_gets_by_its_document_to_the_mcp_server", |folder| {
        in_a_process_that_trusts(async |authority| {
            let ground = Ground::start(&authority).await;
            let image = prepared(folder, &authority, HOSTS, RESOLV);
            let container = started(&image, &ground, "/run/secrets/ca.crt").await;
            let client = ground.client("/client.json");
            let tokens = container.signs_in(&ground.person(), &client).await;
            assert_eq!(container.calls(&tokens).await, 200, "{}", container.said());
            assert_eq!(ground.upstream.last().header("x-forwarded-email"), Some("alice@example.com"));
            let next = container.token(&client.refresh(&tokens.refresh)).await;
            assert_eq!(next.status, 200, "{next:?}");
            let counted = container.metrics().await;
            for holds in ["mcp_auth_document_fetches_total{outcome=\"read\"} 1", "mcp_auth_store_away 0"] {
                assert!(counted.contains(holds), "{holds}: {counted}");
            }
        });
    });
}

#[test]
fn with_the_certificates_that_are_in_the_image_nobody_is_believed_whom_they_do_not_vouch_for() {
    apart(
        "flow::with_the_certificates_that_are_in_the_image_nobody_is_believed_whom_they_do_not_vouch_for",
        |folder| {
            in_a_process_that_trusts(async |authority| {
                let ground = Ground::start(&authority).await;
                let image = prepared(folder, &authority, HOSTS, RESOLV);
                let container = started(&image, &ground, "/etc/ssl/certs/ca-certificates.crt").await;
                let answer = container.asks(&ground.person(), &ground.client("/client.json")).await;
                assert!(answer.is_refusal_page(), "{answer:?}");
                assert!(ground.publisher.connections() > 0, "it was not even asked");
                assert!(container.said().contains("certificate verify failed"), "{}", container.said());
            });
        },
    );
}

#[test]
fn the_process_is_nobody_with_no_capability_and_can_write_nowhere() {
    apart("flow::the_process_is_nobody_with_no_capability_and_can_write_nowhere", |folder| {
        in_a_process_that_trusts(async |authority| {
            let ground = Ground::start(&authority).await;
            let image = prepared(folder, &authority, HOSTS, RESOLV);
            let container = started(&image, &ground, "/run/secrets/ca.crt").await;
            let ids = "65532\t65532\t65532\t65532";
            for (name, value) in [
                ("Uid:", ids),
                ("Gid:", ids),
                ("Groups:", ""),
                ("CapEff:", "0000000000000000"),
                ("CapPrm:", "0000000000000000"),
                ("NoNewPrivs:", "1"),
            ] {
                assert_eq!(container.status(name), value, "{name}");
            }
            assert!(fs::write(image.root().join("new"), "").is_err(), "root itself could write");
            assert!(container.is_healthy());
        });
    });
}
