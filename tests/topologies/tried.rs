//! One MCP server in one topology: somebody signs in at the edge, and a client with the token goes through a whole session.

use std::time::Instant;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::{
    client::{Client, initialized},
    count::MOMENT,
    door::Door,
    events::{PATIENCE, answers},
    legacy::Legacy,
    person::Person,
    server::{Server, Transport},
    session::Session,
    stack::Stack,
    trial::{ended, progress, tools},
    way::Held,
};

const REVISION: &str = "2025-11-25";

/// What the server's tools are.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Tools {
    /// They add and count, for whoever comes: the server knows nothing of OAuth.
    Anybodys,
    /// One, which tells who calls: the server has verified that itself.
    WhoAmI,
}

/// `yes`, or where it ended. What does not come to an end is tried once more: see golang/go#40747.
pub(crate) async fn tried(stack: &Stack, server: &Server, tools: Tools) -> String {
    match gone_through(stack, server, tools).await {
        Ok(()) => "yes".to_owned(),
        Err(_) => gone_through(stack, server, tools).await.err().unwrap_or_else(|| "yes".to_owned()),
    }
}

pub(crate) async fn gone_through(stack: &Stack, server: &Server, tools: Tools) -> Result<(), String> {
    let (site, alice) = (&stack.internal, Person::named("alice", stack));
    let (resource, path) = if server.needs_the_origin() { ("", server.path) } else { ("/mcp", "/mcp") };
    let stranger = Door::new(site.issuer.clone(), path, None);
    let document = site.url(&format!("/.well-known/oauth-protected-resource{resource}"));
    is_told_where_to_get_a_token(&stranger, &document).await?;
    let held = Held::from(path, resource, site, &alice).await;
    let door = Door::new(site.issuer.clone(), path, Some(held.tokens.access));
    match server.transport {
        Transport::Streamable => {
            let mut client = Session::open(&door, REVISION).await?;
            works(&mut client, tools, &alice).await?;
            ends(&mut client).await
        }
        Transport::Legacy => {
            let mut client = Legacy::open(&door, REVISION).await?;
            works(&mut client, tools, &alice).await?;
            is_over_with_its_stream(&mut client).await
        }
    }
}

async fn is_told_where_to_get_a_token(stranger: &Door, document: &str) -> Result<(), String> {
    for method in [Method::GET, Method::POST] {
        let answer = stranger.request(method).send().await.unwrap();
        let challenge = answer.headers().get("WWW-Authenticate").map(|said| said.to_str().unwrap());
        let told = challenge.is_some_and(|said| said.contains(&format!("resource_metadata=\"{document}\"")));
        if answer.status() != 401 || !told {
            return Err(format!("no challenge ({})", answer.status().as_u16()));
        }
    }
    Ok(())
}

async fn works(client: &mut impl Client, its: Tools, person: &Person) -> Result<(), String> {
    match its {
        Tools::Anybodys => {
            is("tools", &tools(client).await, "yes")?;
            is("progress", &progress(client).await, "yes")
        }
        Tools::WhoAmI => knows(client, person).await,
    }
}

/// What comes in answer comes as events of a stream.
async fn knows(client: &mut impl Client, person: &Person) -> Result<(), String> {
    let list = client.request(1, "tools/list", json!({}));
    let listed = streamed(client, 1, list).await?;
    let names = listed["result"]["tools"].as_array().into_iter().flatten().map(|tool| &tool["name"]);
    is("tools", &json!(names.collect::<Vec<_>>()).to_string(), r#"["whoami"]"#)?;
    let call = client.call(2, "whoami", json!({}));
    let told = streamed(client, 2, call).await?;
    is("caller", told["result"]["structuredContent"]["email"].as_str().unwrap_or("nobody"), &person.address)
}

async fn streamed(client: &mut impl Client, id: u64, request: Value) -> Result<Value, String> {
    let events = client.ask(request).await.map_err(|status| format!("refused ({})", status.as_u16()))?;
    if events.is_json {
        return Err("no stream".to_owned());
    }
    events.message(answers(id)).await.ok_or_else(|| "no answer".to_owned())
}

/// And is gone then. A server that keeps no session has none to end, and says so.
async fn ends(client: &mut Session) -> Result<(), String> {
    let expected = if client.id.is_some() { "yes" } else { "405" };
    is("end", &ended(client).await, expected)
}

/// Nobody takes messages whose answers could go nowhere.
async fn is_over_with_its_stream(client: &mut Legacy) -> Result<(), String> {
    client.hang_up();
    let began = Instant::now();
    while client.tell(initialized()).await.is_success() {
        if began.elapsed() > PATIENCE {
            return Err("end: no".to_owned());
        }
        sleep(MOMENT).await;
    }
    Ok(())
}

fn is(what: &str, word: &str, expected: &str) -> Result<(), String> {
    if word == expected { Ok(()) } else { Err(format!("{what}: {word}")) }
}
