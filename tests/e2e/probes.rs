//! Requests that two readers could understand differently: sent on both roads, with a good token, with others and with none, each with somebody else's request behind it.

use std::{
    fmt,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use serde_json::{Value, json};

use crate::{
    echo::Seen,
    guarded::{Guarded, ROADS},
    wire::{WireReply, exchange, exchange_in_doubt, insist},
};

/// What stands in a probe for the lines with the token and with the name of the attempt.
pub(crate) const OWN: &str = "@OWN@";

#[derive(Clone, Debug)]
pub(crate) struct Probe {
    pub what: String,
    pub request: String,
    pub fate: Fate,
}

/// What may become of it with a good token; without one it never arrives.
#[derive(Clone, Debug)]
pub(crate) enum Fate {
    Arrives(Meaning),
    /// Where a reader understands it, it is so.
    May(Meaning),
    /// The sidecar refuses it; oauth2-proxy may make it plain, and then it is so.
    Mended(Meaning),
    Refused,
}

/// How the MCP server must see it.
#[derive(Clone, Debug)]
pub(crate) struct Meaning {
    pub target: String,
    pub body: String,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Token {
    Good,
    None,
    /// For the resource below.
    OfAdmin,
    /// For the one beside.
    OfOther,
}

/// A probe on one road with one token, and what was answered: to it, and to Bob, who asks right after it.
struct Attempt<'a> {
    probe: &'a Probe,
    road: &'static str,
    token: Token,
    name: String,
    replies: Vec<WireReply>,
    bobs: Vec<WireReply>,
}

/// How it went on one road.
pub(crate) struct Row {
    road: &'static str,
    tried: usize,
    arrived: usize,
    wrong: Vec<String>,
}

pub(crate) struct Report(pub [Row; 2]);

pub(crate) fn send_all(ground: &Guarded, of: &str, probes: &[Probe]) -> Report {
    let attempts = attempts(of, probes);
    let (next, made) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    // Most of the time they wait.
    thread::scope(|all| {
        for _ in 0..24 {
            all.spawn(|| {
                while let Some(attempt) = attempts.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let attempt = attempt.make(ground);
                    made.lock().unwrap().push(attempt);
                }
            });
        }
    });
    let (made, seen) = (made.into_inner().unwrap(), ground.echo.seen());
    Report(ROADS.map(|road| Row::of(road, made.iter().filter(|attempt| attempt.road == road), ground, &seen)))
}

fn attempts<'a>(of: &str, probes: &'a [Probe]) -> Vec<Attempt<'a>> {
    let mut attempts = Vec::new();
    for road in ROADS {
        for token in [Token::Good, Token::None, Token::OfAdmin, Token::OfOther] {
            for probe in probes {
                let name = format!("{of}-{}", attempts.len());
                attempts.push(Attempt { probe, road, token, name, replies: Vec::new(), bobs: Vec::new() });
            }
        }
    }
    attempts
}

impl Row {
    fn of<'a>(
        road: &'static str,
        attempts: impl Iterator<Item = &'a Attempt<'a>>,
        ground: &Guarded,
        seen: &[Seen],
    ) -> Self {
        let mut row = Self { road, tried: 0, arrived: 0, wrong: Vec::new() };
        for attempt in attempts {
            let seen: Vec<_> =
                seen.iter().filter(|seen| seen.values("x-probe").contains(&attempt.name.as_str())).collect();
            row.tried += 1;
            row.arrived += seen.len();
            if let Err(wrong) = attempt.judge(ground, &seen) {
                let Attempt { probe, token, replies, bobs, .. } = attempt;
                row.wrong.push(format!(
                    "{}, token {token:?}: {wrong}\n  seen {seen:?}\n  answered {replies:?}\n  bob {bobs:?}",
                    probe.what
                ));
            }
        }
        row
    }
}

impl Attempt<'_> {
    fn make(&self, ground: &Guarded) -> Self {
        let port = ground.port(self.road);
        let (mut name, mut replies) = (self.name.clone(), Vec::new());
        if matches!(self.probe.fate, Fate::Arrives(_)) && self.token == Token::Good {
            replies = exchange(port, &self.request(ground, &name));
            // Another attempt where oauth2-proxy cut the answer off, see `mcp.rs`.
            if replies.is_empty() {
                name.push_str("-again");
                replies = exchange(port, &self.request(ground, &name));
            }
        } else {
            replies.extend(exchange_in_doubt(port, &self.request(ground, &name)));
        }
        Self { name, replies, bobs: self.bob_asks(ground), ..*self }
    }

    fn request(&self, ground: &Guarded, name: &str) -> Vec<u8> {
        let token = match self.token {
            Token::Good => Some(&ground.tokens.mcp),
            Token::None => None,
            Token::OfAdmin => Some(&ground.tokens.admin),
            Token::OfOther => Some(&ground.tokens.other),
        };
        let token = token.map(|token| format!("Authorization: Bearer {token}\r\n")).unwrap_or_default();
        self.probe.request.replace(OWN, &format!("{token}X-Probe: {name}\r\n")).into_bytes()
    }

    fn bob_asks(&self, ground: &Guarded) -> Vec<WireReply> {
        let (host, token, target) = (&ground.host, &ground.tokens.of_bob, self.bobs_target());
        let lines = format!("Host: {host}\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n");
        insist(ground.port(self.road), format!("GET {target} HTTP/1.1\r\n{lines}").as_bytes())
    }

    fn bobs_target(&self) -> String {
        format!("/mcp/bob?after={}", self.name.trim_end_matches("-again"))
    }

    fn judge(&self, ground: &Guarded, seen: &[&Seen]) -> Result<(), &'static str> {
        let good: Vec<_> = self.replies.iter().filter(|reply| said(reply)["target"].is_string()).collect();
        let arrives = matches!(self.probe.fate, Fate::Arrives(_)) && self.token == Token::Good;
        match self.meaning() {
            None if !seen.is_empty() => Err("it got past the guard"),
            None if !good.is_empty() => Err("it was answered"),
            Some(_) if seen.len() > 1 || good.len() > 1 => Err("it was more than one request"),
            Some(meaning) if !seen.iter().all(|seen| meaning.is_of(ground, seen, good.is_empty())) => {
                Err("it arrived as something else")
            }
            Some(meaning) if !good.iter().all(|reply| is_answer(reply, &meaning.target, "alice")) => {
                Err("the answer is to something else")
            }
            _ if arrives && (seen.len(), good.len()) != (1, 1) => Err("it did not arrive"),
            _ if self.road == ROADS[0] && self.replies.iter().any(|reply| reply.status >= 500) => {
                Err("the sidecar takes the blame")
            }
            _ if self.bobs.len() != 1 || !is_answer(&self.bobs[0], &self.bobs_target(), "bob") => {
                Err("Bob got something else")
            }
            _ => Ok(()),
        }
    }

    fn meaning(&self) -> Option<&Meaning> {
        match &self.probe.fate {
            _ if self.token != Token::Good => None,
            Fate::Arrives(meaning) | Fate::May(meaning) => Some(meaning),
            Fate::Mended(meaning) => Some(meaning).filter(|_| self.road != ROADS[0]),
            Fate::Refused => None,
        }
    }
}

impl Meaning {
    /// A torn body is that of a request which was not answered.
    fn is_of(&self, ground: &Guarded, seen: &Seen, may_be_torn: bool) -> bool {
        let whole = seen.body == self.body || (may_be_torn && self.body.starts_with(&seen.body));
        let token = format!("Bearer {}", ground.tokens.mcp);
        let once = [
            ("authorization", token.as_str()),
            ("x-forwarded-email", "alice@example.com"),
            ("x-forwarded-user", "1001"),
        ];
        whole
            && seen.target == self.target
            && seen.trailers.is_empty()
            && once.iter().all(|(name, value)| seen.values(name) == [*value])
    }
}

/// By the MCP server; nothing that the gateway says has a target.
fn said(reply: &WireReply) -> Value {
    serde_json::from_str(&reply.body).unwrap_or_default()
}

fn is_answer(reply: &WireReply, target: &str, name: &str) -> bool {
    let said = said(reply);
    reply.status == 200 && said["target"] == target && said["email"] == json!([format!("{name}@example.com")])
}

impl Report {
    pub(crate) fn wrong(&self) -> Vec<String> {
        self.0.iter().flat_map(|row| row.wrong.clone()).collect()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "requests                tried  arrived  wrong")?;
        self.0.iter().try_for_each(|Row { road, tried, arrived, wrong }| {
            writeln!(f, "{road:<22} {tried:>6} {arrived:>8} {:>6}", wrong.len())
        })
    }
}
