//! Names are found as the files say that a runtime mounts, though nothing of the C library lies beside the program.

use crate::apart::apart;
use crate::ground::{Ground, HOSTS, RESOLV};
use crate::harness::Client;
use crate::harness::publisher::CALLBACK;
use crate::harness::trust::in_a_process_that_trusts;
use crate::road::{prepared, started};

const CA: &str = "/run/secrets/ca.crt";

/// The name server knows it, too, but another address.
#[test]
fn a_name_in_the_hosts_file_is_looked_up_there_first() {
    apart("names::a_name_in_the_hosts_file_is_looked_up_there_first", |folder| {
        in_a_process_that_trusts(async |authority| {
            let ground = Ground::start(&authority).await;
            let mut called = Vec::new();
            for (number, hosts) in [HOSTS, "127.0.0.1 localhost\n"].into_iter().enumerate() {
                let image = prepared(&folder.join(number.to_string()), &authority, hosts, RESOLV);
                let container = started(&image, &ground, CA).await;
                let tokens = container.signs_in(&ground.person(), &ground.client("/client.json")).await;
                called.push(container.calls(&tokens).await);
            }
            assert_eq!(called, [200, 502]);
        });
    });
}

#[test]
fn a_short_name_is_looked_up_below_the_domains_that_are_searched() {
    apart("names::a_short_name_is_looked_up_below_the_domains_that_are_searched", |folder| {
        in_a_process_that_trusts(async |authority| {
            let ground = Ground::start(&authority).await;
            let mut answered = Vec::new();
            for (number, resolv) in [RESOLV, "nameserver 127.0.0.1\n"].into_iter().enumerate() {
                let image = prepared(&folder.join(number.to_string()), &authority, HOSTS, resolv);
                let container = started(&image, &ground, CA).await;
                let client = ground.client("/client.json");
                let code = container.allows(&ground.person(), &client).await;
                answered.push(container.token(&client.exchange(&code)).await.status);
            }
            assert_eq!(answered, [200, 503], "with the store found, and not found");
        });
    });
}

#[test]
fn a_name_that_nobody_knows_is_an_answer_and_no_crash() {
    apart("names::a_name_that_nobody_knows_is_an_answer_and_no_crash", |folder| {
        in_a_process_that_trusts(async |authority| {
            let ground = Ground::start(&authority).await;
            let image = prepared(folder, &authority, HOSTS, RESOLV);
            let container = started(&image, &ground, CA).await;
            let id = ground.url("/client.json").replace("app.example", "nobody.example");
            let client = Client { id, redirect_uri: CALLBACK.to_owned() };
            assert!(container.asks(&ground.person(), &client).await.is_refusal_page());
            let counted = container.metrics().await;
            assert!(
                counted.contains("mcp_auth_document_fetches_total{outcome=\"no_answer\"} 1"),
                "{counted}"
            );
            assert!(container.asks(&ground.person(), &ground.client("/client.json")).await.is_question());
        });
    });
}
