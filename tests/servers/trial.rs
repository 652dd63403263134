//! What is tried with a server in one revision, and what came of it: a word for each thing tried.

use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use serde_json::json;
use tokio::time::sleep;

use crate::{
    client::Client,
    count::{Count, MOMENT, reports},
    door::Door,
    events::{Events, PATIENCE, answers, is_notification},
    legacy::Legacy,
    server::Transport,
    session::Session,
    stateless::Stateless,
};

pub(crate) const TRIED: [&str; 7] =
    ["tools", "progress", "unasked", "resumed", "cancelled", "hang-up", "end"];

pub(crate) type Found = [String; TRIED.len()];

pub(crate) async fn tried(door: Door, transport: Transport, revision: &'static str) -> Found {
    let found = match (transport, revision) {
        (Transport::Streamable, "2026-07-28") => stateless(&door).await,
        (Transport::Streamable, _) => session(&door, revision).await,
        (Transport::Legacy, _) => legacy(&door, revision).await,
    };
    found.unwrap_or_else(|refusal| {
        std::array::from_fn(|at| if at == 0 { refusal.clone() } else { "-".to_owned() })
    })
}

async fn session(door: &Door, revision: &'static str) -> Result<Found, String> {
    let mut client = Session::open(door, revision).await?;
    Ok([
        tools(&mut client).await,
        progress(&mut client).await,
        on_the_stream(&mut client).await,
        resumed(&mut client).await,
        cancelled(&mut client).await,
        stream_is_free_again(&mut client).await,
        ended(&mut client).await,
    ])
}

async fn stateless(door: &Door) -> Result<Found, String> {
    let mut client = Stateless::discover(door).await?;
    Ok([
        tools(&mut client).await,
        progress(&mut client).await,
        to_a_listener(&mut client).await,
        resumable(&mut client).await,
        cancelled(&mut client).await,
        call_ends(&mut client).await,
        said(client.bare(Method::DELETE).send().await.unwrap().status()),
    ])
}

async fn legacy(door: &Door, revision: &'static str) -> Result<Found, String> {
    let mut client = Legacy::open(door, revision).await?;
    Ok([
        tools(&mut client).await,
        progress(&mut client).await,
        among_the_answers(&mut client).await,
        resumable(&mut client).await,
        cancelled(&mut client).await,
        call_ends(&mut client).await,
        said(client.end().await),
    ])
}

pub(crate) async fn tools(client: &mut impl Client) -> String {
    let list = client.request(1, "tools/list", json!({}));
    let Ok(events) = client.ask(list).await else { return no() };
    let listed = events.message(answers(1)).await.unwrap_or_default();
    let names: Vec<_> =
        listed["result"]["tools"].as_array().into_iter().flatten().map(|tool| &tool["name"]).collect();
    let complete = ["add", "count", "announce"].iter().all(|name| names.contains(&&json!(name)));
    let sum = client.text_of_call(2, "add", json!({"a": 2, "b": 3})).await;
    yes_if(complete && sum.as_deref() == Some("5"))
}

/// The tool takes a step only after the report of the one before has arrived: what comes late never comes.
pub(crate) async fn progress(client: &mut impl Client) -> String {
    let count = Count::of(3);
    let Ok(events) = client.ask(count.call(client)).await else { return no() };
    for step in 1..=3 {
        if events.message(reports(step)).await.is_none() {
            count.goes_on();
            return no();
        }
        count.takes(step);
    }
    let answer = events.message(answers(count.id)).await.unwrap_or_default();
    yes_if(answer["result"]["content"][0]["text"] == "counted to 3")
}

async fn on_the_stream(client: &mut Session) -> String {
    let response = client.listen(None).await;
    if response.status() != 200 {
        return said(response.status());
    }
    let mut stream = Events::of(response);
    client.text_of_call(4, "announce", json!({})).await;
    yes_if(stream.message(is_notification(CHANGED)).await.is_some())
}

async fn to_a_listener(client: &mut Stateless) -> String {
    let listen =
        client.request(4, "subscriptions/listen", json!({"notifications": {"toolsListChanged": true}}));
    let mut listener = client.another();
    let stream = match listener.ask(listen).await {
        Ok(stream) => stream,
        Err(status) => return said(status),
    };
    if stream.message(is_notification("notifications/subscriptions/acknowledged")).await.is_none() {
        return no();
    }
    client.text_of_call(5, "announce", json!({})).await;
    yes_if(stream.message(is_notification(CHANGED)).await.is_some())
}

async fn among_the_answers(client: &mut Legacy) -> String {
    let announce = client.call(4, "announce", json!({}));
    let Ok(events) = client.ask(announce).await else { return no() };
    yes_if(events.message(is_notification(CHANGED)).await.is_some())
}

/// The connection is lost in the middle of a call; a new one brings what was missed, and the answer.
async fn resumed(client: &mut Session) -> String {
    let count = Count::of(2);
    let mut last_id = count.reached(client).await;
    client.hang_up();
    let mut missed = false;
    let began = Instant::now();
    while let Some(id) = last_id.clone().filter(|_| began.elapsed() < PATIENCE) {
        let response = client.listen(Some(&id)).await;
        count.takes(1);
        // Conflict: the server has not noticed yet that the old connection is gone.
        if ![StatusCode::OK, StatusCode::CONFLICT].contains(&response.status()) {
            return said(response.status());
        }
        let mut stream = Events::of(response);
        while let Some(message) =
            stream.message(|message| reports(2)(message) || answers(count.id)(message)).await
        {
            if answers(count.id)(&message) {
                return yes_if(missed);
            }
            missed = true;
            count.takes(2);
        }
        last_id = stream.last_id.or(last_id);
        sleep(MOMENT).await;
    }
    count.goes_on();
    no()
}

/// Is there an event that one could go on after?
async fn resumable(client: &mut impl Client) -> String {
    let count = Count::of(1);
    let last_id = count.reached(client).await;
    count.goes_on();
    count.ended().await;
    yes_if(last_id.is_some())
}

async fn cancelled(client: &mut impl Client) -> String {
    let count = Count::of(1);
    count.reached(client).await;
    let _open = client.set_aside();
    let params = json!({"requestId": count.id, "reason": "no longer wanted"});
    client.tell(json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": params})).await;
    // Whoever answers this has read what was sent before it.
    client.text_of_call(8, "add", json!({"a": 2, "b": 3})).await;
    count.goes_on();
    yes_if(count.ended().await == Some("cancelled"))
}

/// A session has one stream; another one is refused until the server notices that the first is gone.
async fn stream_is_free_again(client: &mut Session) -> String {
    let first = client.listen(None).await;
    if first.status() != 200 || client.listen(None).await.status() == 200 {
        return call_ends(client).await;
    }
    drop(first);
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        if client.listen(None).await.status() == 200 {
            return yes();
        }
        sleep(MOMENT).await;
    }
    no()
}

async fn call_ends(client: &mut impl Client) -> String {
    let count = Count::of(1);
    count.reached(client).await;
    client.hang_up();
    let began = Instant::now();
    while !count.left("cancelled") && began.elapsed() < WHILE {
        sleep(MOMENT).await;
    }
    count.goes_on();
    yes_if(count.ended().await == Some("cancelled"))
}

pub(crate) async fn ended(client: &mut Session) -> String {
    let status = client.end().await;
    if !status.is_success() {
        return said(status);
    }
    let list = client.request(10, "tools/list", json!({}));
    yes_if(client.ask(list).await.is_err_and(|status| status == 404))
}

const CHANGED: &str = "notifications/tools/list_changed";
/// Many times what a server takes that does notice.
const WHILE: Duration = Duration::from_secs(8);

fn yes() -> String {
    "yes".to_owned()
}

fn no() -> String {
    "no".to_owned()
}

fn yes_if(so: bool) -> String {
    if so { yes() } else { no() }
}

fn said(status: StatusCode) -> String {
    status.as_u16().to_string()
}
