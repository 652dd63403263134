//! Debian's Chromium, JavaScript switched off, the whole way through the real proxy to a loopback callback.

use std::{
    ffi::OsStr,
    io::{BufRead, BufReader, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    thread,
};

use serde_json::json;
use url::Url;

use crate::{
    assistant::{Assistant, Credentials},
    journey::{Attempt, Way},
    person::Person,
    secrets,
    stack::{node, stack},
    talk::Talk,
};

#[tokio::test]
async fn a_person_in_chromium_without_javascript_signs_in_clicks_allow_and_lands_on_the_clients_page() {
    let stack = stack();
    let alice = Person::named("alice", &stack);
    let claude = Assistant::discover(&stack.internal).await;
    let callback: &str = format!("http://127.0.0.1:{}/callback", listen()).leak();
    let registration = json!({"client_name": "Chromium's client", "redirect_uris": [callback]});
    let client = Credentials::public(&claude.register(&registration).await);
    let way = Way { callback, scope: "mcp", sends_resource: true, sends_challenge: true, extras: &[] };
    let attempt = Attempt::new(&claude, &client, &way);

    let screenshot = stack.folder.join("consent.png").display().to_string();
    let arguments = [claude.authorize_url(&attempt.request), "alice".to_owned(), screenshot];
    let environment: [(&str, &OsStr); 2] =
        [("HOME", stack.folder.as_os_str()), ("PATH", "/usr/bin:/bin".as_ref())];
    let told = Talk::with("browser", &node("browser.mjs", &arguments), &environment, &stack).hear();

    let asked = told["asked"]["text"].as_str().unwrap();
    assert!(asked.contains(&alice.address) && asked.contains("Chromium's client"), "{told}");
    assert_eq!(told["answered"]["text"], "You are signed in.");
    for cookie in told["cookies"].as_array().unwrap() {
        secrets::note(cookie["value"].as_str().unwrap());
    }
    let answered = Url::parse(told["answered"]["url"].as_str().unwrap()).unwrap();
    let param = |name| answered.query_pairs().find(|(key, _)| key == name).unwrap().1.into_owned();
    assert_eq!((param("state"), param("iss")), (attempt.state.clone(), stack.internal.issuer.clone()));
    let code = secrets::noted(param("code"));
    let tokens = claude.ask_for_tokens(&client, &attempt.redemption(&code)).await.tokens();
    claude.calls_a_tool_as(&alice, &tokens).await;
}

/// The client's own little server: the same page for every request.
fn listen() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        listener.incoming().flatten().for_each(|stream| drop(thread::spawn(|| welcome(stream))));
    });
    port
}

fn welcome(mut stream: TcpStream) {
    let lines = BufReader::new(stream.try_clone().unwrap()).lines();
    let _ = lines.map_while(Result::ok).find(String::is_empty);
    let page = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 18\r\nConnection: close\r\n\r\nYou are signed in.";
    let _ = stream.write_all(page.as_bytes());
}
