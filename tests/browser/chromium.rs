//! One Chromium for all tests, told what to do by lines of JSON.

use std::{
    collections::HashMap,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::{Mutex, OnceLock},
    thread,
    time::Duration,
};

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use tokio::{sync::oneshot, time::timeout};

const PATIENCE: Duration = Duration::from_secs(30);
const TOOLS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/tools");
const PART: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/browser/parts/chromium.mjs");

/// A tab of its own context: nothing is shared with another one.
#[derive(Debug)]
pub(crate) struct Tab(u64);

/// What a person has before them, and what the browser did and said until now.
#[derive(Debug, Deserialize)]
pub(crate) struct Shown {
    pub text: String,
    /// The addresses of the frames in the page.
    pub frames: Vec<String>,
    /// Requests, failures and the console, in order.
    pub log: Vec<String>,
}

impl Tab {
    /// A browser whose owner switched scripts off.
    pub(crate) async fn without_scripts() -> Self {
        Self(ask("open", json!({"scripts": false})).await)
    }

    pub(crate) async fn with_scripts() -> Self {
        Self(ask("open", json!({"scripts": true})).await)
    }

    /// The same without scripts, with settings and a `bin/xdg-open` of its own.
    pub(crate) async fn of_profile(profile: &Path) -> Self {
        Self(ask("open", json!({"scripts": false, "profile": profile})).await)
    }

    /// Gives the status of the answer.
    pub(crate) async fn go(&self, url: &str) -> u16 {
        self.ask("go", json!({ "url": url })).await
    }

    pub(crate) async fn press(&self, name: &str) {
        self.tell("press", json!({"name": name, "clicks": 1})).await;
    }

    pub(crate) async fn press_twice(&self, name: &str) {
        self.tell("press", json!({"name": name, "clicks": 2})).await;
    }

    /// Waits until the address begins so.
    pub(crate) async fn arrive(&self, url: &str) {
        self.tell("arrive", json!({ "url": url })).await;
    }

    pub(crate) async fn back(&self) {
        self.tell("back", json!({})).await;
    }

    pub(crate) async fn shown(&self) -> Shown {
        self.ask("shown", json!({})).await
    }

    /// Waits until the browser's log has an entry with these words.
    pub(crate) async fn hear(&self, words: &str) -> Shown {
        until(words, async || {
            let shown = self.shown().await;
            shown.log.iter().any(|entry| entry.contains(words)).then_some(shown)
        })
        .await
    }

    pub(crate) async fn hit(&self, key: &str) {
        self.tell("hit", json!({ "key": key })).await;
    }

    /// What has the focus after each press of the tab key.
    pub(crate) async fn tour(&self, stops: usize) -> Vec<String> {
        self.ask("tour", json!({ "stops": stops })).await
    }

    /// The text of each element that the selector finds.
    pub(crate) async fn find(&self, selector: &str) -> Vec<String> {
        self.ask("find", json!({ "selector": selector })).await
    }

    /// Takes a picture and gives what axe finds, and what is wider than the screen.
    pub(crate) async fn look(&self, screen: &str, scheme: &str, file: &Path) -> Vec<String> {
        self.ask("look", json!({"screen": screen, "scheme": scheme, "file": file})).await
    }

    pub(crate) async fn close(self) {
        self.tell("close", json!({})).await;
    }

    async fn tell(&self, verb: &str, command: Value) {
        self.ask::<Value>(verb, command).await;
    }

    async fn ask<T: DeserializeOwned>(&self, verb: &str, mut command: Value) -> T {
        command["tab"] = json!(self.0);
        ask(verb, command).await
    }
}

impl Shown {
    pub(crate) fn requests(&self) -> Vec<&str> {
        let of_requests = |entry: &&str| entry.starts_with("GET ") || entry.starts_with("POST ");
        self.log.iter().map(String::as_str).filter(of_requests).collect()
    }
}

/// Polls until there is something to give.
pub(crate) async fn until<T>(what: &str, mut poll: impl AsyncFnMut() -> Option<T>) -> T {
    let found = async {
        loop {
            if let Some(found) = poll().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, found).await.unwrap_or_else(|_| panic!("waited in vain for {what}"))
}

async fn ask<T: DeserializeOwned>(verb: &str, command: Value) -> T {
    static CHROMIUM: OnceLock<Chromium> = OnceLock::new();
    let answer = CHROMIUM.get_or_init(Chromium::start).tell(verb, command);
    let answer = timeout(PATIENCE, answer).await.unwrap_or_else(|_| panic!("{verb}: no answer"));
    let mut answer = answer.unwrap_or_else(|_| panic!("{verb}: the browser ended"));
    assert!(answer["error"].is_null(), "{}", answer["error"].as_str().unwrap_or_default());
    serde_json::from_value(answer["value"].take()).unwrap()
}

/// The program that drives it. It ends when the tests do, because that closes its standard input.
struct Chromium {
    _program: Child,
    input: Mutex<ChildStdin>,
}

static WAITING: Mutex<Option<HashMap<u64, oneshot::Sender<Value>>>> = Mutex::new(None);

impl Chromium {
    fn start() -> Self {
        let node = format!("{TOOLS}/node_modules/.bin/node");
        assert!(Path::new(&node).exists(), "the test tools are missing: run `make tools`.");
        let mut program =
            Command::new(node).arg(PART).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (input, output) = (program.stdin.take().unwrap(), program.stdout.take().unwrap());
        *WAITING.lock().unwrap() = Some(HashMap::new());
        thread::spawn(move || hand_out(output));
        Self { _program: program, input: Mutex::new(input) }
    }

    fn tell(&self, verb: &str, mut command: Value) -> oneshot::Receiver<Value> {
        let (hear, answer) = oneshot::channel();
        let id = rand::random_range(0..1 << 50);
        if let Some(waiting) = WAITING.lock().unwrap().as_mut() {
            waiting.insert(id, hear);
        }
        command["id"] = json!(id);
        command["verb"] = json!(verb);
        // A browser that has ended is found out by the answer that never comes.
        let _ = writeln!(self.input.lock().unwrap(), "{command}");
        answer
    }
}

/// Ends with the browser; whoever waits still is told so by then.
fn hand_out(output: ChildStdout) {
    for line in BufReader::new(output).lines().map_while(Result::ok) {
        let answer: Value = serde_json::from_str(&line).unwrap();
        let mut waiting = WAITING.lock().unwrap();
        let hear = answer["id"].as_u64().and_then(|id| waiting.as_mut()?.remove(&id));
        let _ = hear.map(|hear| hear.send(answer));
    }
    *WAITING.lock().unwrap() = None;
}
