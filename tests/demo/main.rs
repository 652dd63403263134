//! The demo that `make run` and `make demo` start: the way from the first 401 to a tool call, and the demo's end.
//!
//! [`demo`] starts and ends it, [`assistant`] is the client, [`browser`] the person's.
#![expect(clippy::unwrap_used, reason = "a test may")]

mod assistant;
mod browser;
mod demo;

use std::{
    net::{TcpListener, TcpStream},
    process::Command,
};

use crate::{assistant::Assistant, demo::Demo};

#[tokio::test]
async fn an_assistant_gets_from_the_first_401_to_a_tool_call_and_ctrl_c_leaves_nothing_running() {
    let demo = Demo::start(&[]);
    assert_eq!(demo.addresses.len(), 4, "front, sidecar, health and tools: {:?}", demo.addresses);
    doctor_finds_nothing(&demo);
    gets_to_a_tool_call(&demo, |address| vec![("person", address)]).await;
    leaves_nothing_running(demo);
}

#[tokio::test]
async fn it_does_so_through_the_real_oauth2_proxy_and_the_sign_in_form_of_a_provider() {
    let demo = Demo::start(&["--oauth2-proxy"]);
    assert_eq!(demo.addresses.len(), 5, "the provider as well: {:?}", demo.addresses);
    doctor_finds_nothing(&demo);
    gets_to_a_tool_call(&demo, |address| vec![("login", address), ("password", "any"), ("prompt", "login")])
        .await;
    leaves_nothing_running(demo);
}

#[test]
fn a_taken_port_is_one_sentence_that_names_the_setting() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    for (arguments, command) in [([].as_slice(), "make run"), (&["--oauth2-proxy"], "make demo")] {
        let output =
            Command::new(demo::binary()).args(arguments).env("PORT", port.to_string()).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        let next = port.saturating_add(10);
        assert_eq!(said, format!("Port {port} is taken: move the demo with `{command} PORT={next}`.\n"));
        assert!(!output.status.success());
        assert!(output.stdout.is_empty());
    }
}

/// Two people on two sites.
async fn gets_to_a_tool_call(demo: &Demo, sign_in: fn(&str) -> Vec<(&str, &str)>) {
    for (site, address) in [("localhost", "alice@example.com"), ("127.0.0.1", "bob@example.com")] {
        let assistant = Assistant::new(format!("http://{site}:{}", demo.port()));
        let server = assistant.discover().await;
        let client_id = assistant.register(&server).await;
        let code = assistant.authorize(&server, &client_id, &sign_in(address)).await;
        let token = assistant.token(&server, &client_id, &code).await;
        let answer = assistant.whoami(&token).await;
        assert!(answer.contains(&format!("{address} (user ")), "{answer}");
    }
}

/// As it looks from outside.
fn doctor_finds_nothing(demo: &Demo) {
    for site in ["localhost", "127.0.0.1"] {
        let address = format!("http://{site}:{}/mcp", demo.port());
        let mut doctor = Command::new(env!("CARGO_BIN_EXE_mcp-auth-sidecar"));
        let said = doctor.args(["doctor", &address]).env_clear().output().unwrap();
        assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stdout));
    }
}

fn leaves_nothing_running(mut demo: Demo) {
    assert!(demo.end_with("INT").success());
    for address in &demo.addresses {
        assert!(TcpStream::connect(address).is_err(), "{address} is still open");
    }
}
