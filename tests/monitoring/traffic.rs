//! Two sidecars, one that remembers by itself and one with a Redis, and what people, assistants and strangers do there.

use std::f64::consts::TAU;
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::{join, join_all, join3};
use reqwest::{Method, RequestBuilder};
use serde_json::json;
use tempfile::TempDir;
use tokio::time::sleep;

use crate::figures::Figures;
use crate::harness::{Answer, Ask, CLAUDE, Client, Form, INTERNAL, alice, bob, browser, encoded, form, with};
use crate::mcp_server;
use crate::redis_server::Redis;
use crate::server::{Server, proxy};
use crate::walk::Walk;

/// Between two rounds of somebody at the quietest time; at the busiest it is a quarter of that.
const REST: Duration = Duration::from_millis(400);
const WALKERS: usize = 2;
const STREAMS: u32 = 3;

pub(crate) struct Traffic {
    pub(crate) alone: Server,
    pub(crate) sharing: Server,
    pub(crate) figures: Figures,
    deny_file: PathBuf,
    begun: Instant,
    long: Duration,
    callers: AtomicUsize,
    _redis: Redis,
    _home: TempDir,
}

impl Traffic {
    pub(crate) async fn prepared(long: Duration) -> Self {
        let (upstream, redis, home) = (mcp_server::start(), Redis::start(), TempDir::new().unwrap());
        let deny_file = home.path().join("deny");
        fs::write(&deny_file, "").unwrap();
        let limit = ("MCP_AUTH_REGISTER_PER_MINUTE", "60");
        let documents = ("MCP_AUTH_PUBLIC_CLIENT_DOCUMENTS", "fetch");
        let deny = ("MCP_AUTH_DENY_FILE", deny_file.to_str().unwrap());
        let alone = Server::start(&upstream, &[limit, documents, deny]).await;
        let sharing = Server::start(&upstream, &[limit, ("MCP_AUTH_STORE", &redis.url())]).await;
        Self {
            alone,
            sharing,
            figures: Figures::default(),
            deny_file,
            begun: Instant::now(),
            long,
            callers: AtomicUsize::default(),
            _redis: redis,
            _home: home,
        }
    }

    /// Everybody at once, until it is over.
    pub(crate) async fn flow(&self) {
        let both = [&self.alone, &self.sharing];
        let walkers = both.into_iter().flat_map(|server| (0..WALKERS).map(|_| self.walk(server)));
        let strangers = join_all([self.misbehave(&self.alone), self.misbehave(&self.sharing)]);
        let streams = join_all((0..STREAMS).map(|turn| self.listen(turn)));
        join(join_all(walkers), join3(strangers, streams, self.break_a_file())).await;
    }

    async fn walk(&self, server: &Server) {
        while !self.is_over() {
            self.one_who_behaves(server).whole().await;
            sleep(self.rest()).await;
        }
    }

    /// One stream after the other, each for a third of the time.
    async fn listen(&self, turn: u32) {
        sleep(self.long / 6 * turn).await;
        let walk = self.one_who_behaves(&self.alone);
        let client = walk.register().await.unwrap();
        let tokens = walk.sign_in(&client).await.unwrap();
        let request = self.alone.request(&walk.proxy, Method::GET, "/mcp").bearer_auth(&tokens.access);
        let stream = request.send().await.unwrap();
        sleep(self.long / 3).await;
        drop(stream);
    }

    /// What is answered to these does not matter.
    async fn misbehave(&self, server: &Server) {
        let stranger = Stranger { server, from: "203.0.113.7".to_owned() };
        let client = stranger.registered().await;
        while !self.is_over() {
            stranger.knocks().await;
            stranger.invents(&client).await;
            Stranger { server, from: self.somewhere() }.comes_again().await;
            sleep(self.rest()).await;
        }
    }

    /// The operator's, for a sixth of the time.
    async fn break_a_file(&self) {
        sleep(self.long / 3).await;
        fs::write(&self.deny_file, "persons bob@example.com\n").unwrap();
        sleep(self.long / 6).await;
        fs::write(&self.deny_file, "").unwrap();
    }

    fn one_who_behaves<'a>(&'a self, server: &'a Server) -> Walk<'a> {
        let person = [alice, bob][self.callers.load(Ordering::SeqCst) % 2]();
        Walk { server, figures: &self.figures, proxy: proxy(), person, from: self.somewhere() }
    }

    /// An address that nobody had before.
    fn somewhere(&self) -> String {
        let caller = self.callers.fetch_add(1, Ordering::SeqCst);
        format!("198.18.{}.{}", caller / 256 % 256, caller % 256)
    }

    fn is_over(&self) -> bool {
        self.begun.elapsed() > self.long
    }

    /// It comes in two waves.
    fn rest(&self) -> Duration {
        let gone = self.begun.elapsed().as_secs_f64() / self.long.as_secs_f64();
        REST.mul_f64(0.375f64.mul_add((gone * 2.0 * TAU).cos(), 0.625))
    }
}

/// One who may not do what they try, or not so often.
struct Stranger<'a> {
    server: &'a Server,
    from: String,
}

impl Stranger<'_> {
    /// Without a token, with a bad one, and more registrations than an address may have.
    async fn knocks(&self) {
        self.post("/mcp").answer().await;
        browser().post(format!("http://{}/mcp", self.server.address)).header("Host", INTERNAL).answer().await;
        self.post("/mcp").bearer_auth("invented").answer().await;
        for _ in 0..5 {
            self.post("/oauth/register").json(&json!({"redirect_uris": [CLAUDE]})).answer().await;
        }
    }

    /// A code, a callback, and a document that is nowhere.
    async fn invents(&self, client: &Client) {
        let elsewhere = json!({"redirect_uris": ["https://elsewhere.example/cb"]});
        self.post("/oauth/token").fields(&client.exchange("invented")).answer().await;
        self.post("/oauth/register").json(&elsewhere).answer().await;
        self.asks_for_consent(&with(&client.request(), "client_id", "https://app.invalid/client")).await;
    }

    /// With a code and a refresh token that were used before.
    async fn comes_again(&self) {
        let client = self.registered().await;
        let page = self.asks_for_consent(&client.request()).await;
        let fields = form([("question", &page.question()), ("answer", "allow")]);
        let consented = alice().sends(self.post("/oauth/consent").fields(&fields)).answer().await;
        let exchange = client.exchange(&consented.param("code").unwrap());
        let first = self.token(&exchange).await.tokens();
        let second = self.token(&client.refresh(&first.refresh)).await.tokens();
        self.token(&client.refresh(&second.refresh)).await.tokens();
        for again in [client.refresh(&first.refresh), exchange] {
            assert_eq!(self.token(&again).await.refusal(), (400, "invalid_grant".to_owned()));
        }
    }

    async fn registered(&self) -> Client {
        let answer = self.post("/oauth/register").json(&json!({"redirect_uris": [CLAUDE]})).answer().await;
        Client { id: answer.field("client_id"), redirect_uri: CLAUDE.to_owned() }
    }

    async fn asks_for_consent(&self, query: &Form) -> Answer {
        let path = format!("/oauth/authorize?{}", encoded(query));
        alice().sends(self.sends(Method::GET, &path)).answer().await
    }

    async fn token(&self, fields: &Form) -> Answer {
        self.post("/oauth/token").fields(fields).answer().await
    }

    fn post(&self, path: &str) -> RequestBuilder {
        self.sends(Method::POST, path)
    }

    fn sends(&self, method: Method, path: &str) -> RequestBuilder {
        self.server.request(browser(), method, path).header("X-Forwarded-For", &self.from)
    }
}
