//! The official clients with a token, at every server: they agree on a revision, call tools, and hear of progress in time.

use serde_json::{Value, json};

use crate::{
    server::{Transport, part_file, servers},
    stack::stack,
    table::newest_revision,
    talk::Talk,
    tokens::token,
    tool,
};

#[tokio::test]
async fn the_python_client_works_at_every_server_and_finds_its_newest_revision() {
    let told =
        works_at_every_server("python-client", [tool(".venv/bin/python"), part_file("client.py")]).await;
    let streamable =
        servers().iter().zip(told).filter(|(server, _)| server.transport == Transport::Streamable);
    for (server, told) in streamable {
        assert_eq!(told["revision"], newest_revision(server).await, "{}", server.path);
    }
}

#[tokio::test]
async fn the_typescript_client_works_at_every_server() {
    works_at_every_server("typescript-client", [tool("node_modules/.bin/node"), part_file("client.mjs")])
        .await;
}

/// The client says at each report that it has arrived, by the file that the tool waits for.
async fn works_at_every_server(name: &str, program: [String; 2]) -> Vec<Value> {
    let stack = stack();
    let mut client = Talk::with(name, &program, &[], &stack);
    let mut all = Vec::new();
    for server in servers() {
        let key = format!("{name}{}", server.path.replace('/', "-"));
        let asked = json!({
            "url": stack.internal.url(server.path),
            "legacy": server.transport == Transport::Legacy,
            "token": token(server).await,
            "key": stack.folder.join(&key),
            "name": key,
        });
        client.say(&asked.to_string());
        let told = client.hear();
        let what = format!("{name} at {}: {told}", server.path);
        assert_eq!(told["tools"], json!(["add", "announce", "count"]), "{what}");
        assert_eq!((&told["sum"], &told["counted"]), (&json!("5"), &json!("counted to 3")), "{what}");
        assert_eq!(told["steps"], json!([1, 2, 3]), "{what}");
        all.push(told);
    }
    all
}
