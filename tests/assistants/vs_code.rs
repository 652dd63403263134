//! VS Code, as code-server has it: the whole program but for its window, with what the page has for its settings.
//!
//! It runs as on a remote machine, so it is answered at `https://vscode.dev/redirect`, which leads back to the address in `state`. Nobody can
//! reach that here: the test does what it does.

use std::net::{Ipv4Addr, TcpListener};

use percent_encoding::percent_decode_str;
use reqwest::Url;
use serde_json::json;

use crate::{
    ground::Ground,
    part::Part,
    seen::Seen,
    stack::{HERE, tool},
    talk::Talk,
};

#[tokio::test]
async fn vs_code_signs_in_with_what_the_page_has_for_its_settings_and_runs_the_server() {
    let ground = Ground::of("VS Code").await;
    let (_code, address) = code_server(&ground);
    let script = [tool("node_modules/.bin/node"), format!("{HERE}/../assistants/parts/vs_code.mjs"), address];
    let mut person = Talk::with("vs-code-in-chromium", &script, &[], &ground.stack);
    person.say(&json!(ground.told[0]).to_string());

    let dialog = person.hear()["dialog"].to_string();
    assert!(dialog.contains("'tools' wants to authenticate to"), "{dialog}");
    let url = person.hear()["authorize"].as_str().unwrap().to_owned();
    let answer = ground.alice.allow(&url).await.url;
    person.say(&json!(led_back(&answer)).to_string());
    let server = person.hear()["server"].to_string();
    assert!(server.contains("Running"), "{server}");
    let menu = person.hear()["menu"].to_string();
    assert!(menu.contains(&ground.alice.address), "{menu}");
    Seen::of(&url, &ground.stack).went_the_whole_way();
}

/// It would lead addresses of this machine through itself, as for a browser on another one: here the browser is on the same.
fn code_server(ground: &Ground) -> (Part, String) {
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
    let itself = ground.stack.internal.url("/");
    let home = ground.desk.home.display();
    let environment = [
        ("HOME", home.to_string()),
        ("PATH", format!("{}:/usr/bin:/bin", tool("node_modules/.bin"))),
        ("VSCODE_PROXY_URI", itself),
    ];
    let environment: Vec<_> = environment.map(|(name, value)| (name.to_owned(), value)).into();
    let listen = format!("127.0.0.1:{port}");
    let start = [tool("node_modules/.bin/node"), tool("assistants/node_modules/.bin/code-server")];
    let options = ["--auth=none", "--bind-addr", &listen, "--disable-telemetry", "--disable-update-check"];
    let program: Vec<_> =
        start.into_iter().chain(options.map(str::to_owned)).chain([format!("{home}/work")]).collect();
    let mut server = ground.stack.part("code-server", &program, &environment);
    server.wait_until_it_answers(port, "/healthz").unwrap();
    (server, format!("http://{listen}/"))
}

fn led_back(answer: &Url) -> String {
    assert!(answer.as_str().starts_with("https://vscode.dev/redirect?"), "{answer}");
    let param = |wanted: &str| answer.query_pairs().find(|(name, _)| name == wanted).unwrap().1.into_owned();
    let state = param("state");
    let mut back = Url::parse(&percent_decode_str(&state).decode_utf8().unwrap()).unwrap();
    back.query_pairs_mut().append_pair("state", &state).append_pair("code", &param("code"));
    back.into()
}
