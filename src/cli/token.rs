//! `token inspect`: what a token is, and why it would be refused here. It is never printed, nor a part of it.

use std::fmt::Write as _;
use std::io::{IsTerminal as _, Read as _};
use std::sync::Arc;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::keys::age;
use super::{CliError, Done, keys, site, wait_for};
use crate::clock::Timestamp;
use crate::config::Config;
use crate::flow::Authority;
use crate::flow::inspect::{self, Asked, Claims, Inspected, Kind, Reason, Verdict};
use crate::oauth::RedirectUri;
use crate::rules::Rules;
use crate::seal::unproven::Unproven;
use crate::server::StartError;
use crate::spent::Spent;

#[derive(Clone, Debug, Subcommand)]
pub enum TokenCommand {
    /// Say of the token on standard input what it is, and why it would be refused here
    ///
    /// Takes an access token, code, refresh token, `client_id` or question; never as an argument, which every process
    /// of the machine could read. It needs the configuration, the keys and the files of the server, and judges as the
    /// doors of each site would: who made it, until when, for whom, for which resource and scope, and what the deny
    /// file and the people file say. A Redis is asked whether its family is revoked; nothing is changed. What only the
    /// caller can show, its secret or its `code_verifier`, is not asked for.
    ///
    /// The token is not printed, nor any part of it. Of one that no key of ours sealed nothing is proven: the issuer
    /// and the end that it claims are marked so.
    ///
    /// Ends with 0 where a site would accept it, and with 1 where none would.
    #[command(after_long_help = EXAMPLE)]
    Inspect(InspectArgs),
}

const EXAMPLE: &str = r#"Example:
  mcp-auth-sidecar token inspect --site public < token.txt

JSON; what is not known is null, and `claims` is null where nothing is proven:
  {"kind": "access token", "accepted": false,
   "claims": {"issuer": "https://mcp.example.com",
              "sub": "1001", "email": "alice@example.com",
              "client": {"jti": "…", "name": "Claude", "minted": false},
              "redirect_uris": [], "scope": "mcp",
              "audience": "https://mcp.example.com/mcp",
              "iat": "2026-11-25T12:00:00Z", "exp": "2026-11-25T13:00:00Z",
              "auth_time": "2026-11-25T12:00:00Z"},
   "unproven": {"issuer": null, "exp": null},
   "revocation": "asked",
   "sites": [{"site": "public", "accepted": false,
              "refusals": ["it expired at 2026-11-25T13:00:00Z"], "later": []}]}

`revocation` is asked, away, memory (only the running replicas know) or null (it has no family)."#;

#[derive(Args, Clone, Debug)]
pub struct InspectArgs {
    /// Ask this site alone
    #[arg(long)]
    site: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// More than any header can carry.
const LONGEST: u64 = 128 * 1024;

pub(super) fn inspect(args: &InspectArgs, config: &Config, now: Timestamp) -> Result<Done, CliError> {
    let authorities = authorities(args.site.as_deref(), config)?;
    let spent = Spent::new(&config.store, config.lifetimes.access)?;
    let text = read("token inspect")?;
    let inspected = wait_for(inspect::inspect(&authorities, token_of(&text), &spent, now))?;
    let text = if args.json { json_of(&inspected).to_string() + "\n" } else { text_of(&inspected, now) };
    Ok(Done { text, exit_code: u8::from(!inspected.is_accepted()) })
}

fn authorities(named: Option<&str>, config: &Config) -> Result<Vec<Authority>, CliError> {
    let (keys, rules) = (keys(config)?, Arc::new(Rules::read(config)?));
    let authorities = match named {
        None => Authority::all(config, &keys, &rules),
        Some(name) => Authority::new(site(name, config)?.clone(), config, keys, rules).map(|one| vec![one]),
    };
    Ok(authorities.map_err(StartError::from)?)
}

/// For a command that somebody typed.
pub(super) fn read(command: &str) -> Result<String, CliError> {
    let mut bytes = Vec::new();
    if std::io::stdin().is_terminal() {
        eprintln!("paste the token, then press Enter and Ctrl-D");
    }
    std::io::stdin().take(LONGEST).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes).trim().to_owned();
    if text.is_empty() {
        return Err(CliError::Usage(format!("{command}: there is nothing on standard input")));
    }
    Ok(text)
}

/// As it stands in a header, too.
pub(super) fn token_of(text: &str) -> &str {
    let scheme = text.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    scheme.map_or(text, |(_, token)| token.trim())
}

fn text_of(inspected: &Inspected, now: Timestamp) -> String {
    let kind = inspected.kind.map_or("nothing that is issued here", Kind::name);
    let mut text = match &inspected.claims {
        Ok(claims) => format!("{kind}\n{}{}", claimed(claims, now), digest(inspected.kind)),
        Err(said) => {
            format!("{kind}, by what it says of itself; nothing of that is proven\n{}", unproven(said))
        }
    };
    for verdict in &inspected.sites {
        text.push_str(&judged(verdict));
    }
    if let Some((_, sentence)) = revocation(&inspected.asked) {
        // Writing to a string does not fail.
        let _ = writeln!(text, "revocation: {sentence}");
    }
    text
}

fn claimed(claims: &Claims, now: Timestamp) -> String {
    let time = |at: Timestamp| format!("{at} ({})", ago(now.since(at).0));
    let person = claims.person.as_ref();
    let uris: Vec<&str> = claims.redirect_uris.iter().map(RedirectUri::as_str).collect();
    let minted = claims.minted.then(|| "minted by an operator".to_owned());
    [
        ("made by", claims.issuer.as_ref().map(|issuer| issuer.as_str().to_owned())),
        ("sub", person.map(|person| person.sub.as_str().to_owned())),
        ("email", person.map(|person| person.email.as_str().to_owned())),
        ("client", claims.client_jti.as_ref().map(ToString::to_string)),
        ("name", claims.client_name.clone()),
        ("client is", minted),
        ("redirects", Some(uris.join(" ")).filter(|uris| !uris.is_empty())),
        ("scope", claims.scope.as_ref().map(|scope| scope.as_str().to_owned())),
        ("audience", claims.audience.as_ref().map(|audience| audience.as_str().to_owned())),
        ("iat", claims.iat.map(time)),
        ("exp", claims.exp.map(time)),
        ("auth_time", claims.auth_time.map(time)),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some(format!("  {name:<10} {}\n", printable(&value?))))
    .collect()
}

/// What cannot be known of a code and a refresh token.
fn digest(kind: Option<Kind>) -> &'static str {
    match kind {
        Some(Kind::AuthorizationCode | Kind::RefreshToken) => {
            "  client     only its digest is inside, so rules of the deny file about clients are not asked\n"
        }
        _ => "",
    }
}

fn unproven(said: &Unproven) -> String {
    let issuer = said.iss.clone().map(|issuer| format!("  it says that {issuer} made it (unproven)\n"));
    let end = said.exp.map(|exp| format!("  it says that it ends at {exp} (unproven)\n"));
    [issuer, end].into_iter().flatten().collect()
}

fn judged(verdict: &Verdict) -> String {
    let mut text =
        format!("{}: {}\n", verdict.site, if verdict.is_accepted() { "accepted" } else { "refused" });
    for reason in &verdict.refusals {
        let _ = writeln!(text, "  - {}", printable(&reason.to_string()));
    }
    for reason in &verdict.later {
        let _ = writeln!(text, "  - and will be refused later: {}", printable(&reason.to_string()));
    }
    text
}

/// Was the store asked? For scripts a word, for people a sentence.
fn revocation(asked: &Asked) -> Option<(&'static str, &'static str)> {
    match asked {
        Asked::Answered(_) => Some(("asked", "Redis was asked")),
        Asked::Away => Some(("away", "Redis does not answer, so it is not known here")),
        Asked::Memory => Some((
            "memory",
            "not asked, because with MCP_AUTH_STORE=memory only the running replicas know; the deny file was",
        )),
        Asked::NotNeeded => None,
    }
}

fn ago(secs: i64) -> String {
    if secs < 0 { format!("in {}", age(-secs)) } else { format!("{} ago", age(secs)) }
}

/// What others chose does not steer a terminal.
fn printable(text: &str) -> String {
    text.replace(char::is_control, " ")
}

fn json_of(inspected: &Inspected) -> Value {
    let (claims, said) = match &inspected.claims {
        Ok(claims) => (Some(json_of_claims(claims)), &Unproven::default()),
        Err(said) => (None, said),
    };
    let sentences = |reasons: &[Reason]| reasons.iter().map(ToString::to_string).collect::<Vec<_>>();
    let site = |verdict: &Verdict| {
        json!({
            "site": verdict.site,
            "accepted": verdict.is_accepted(),
            "refusals": sentences(&verdict.refusals),
            "later": sentences(&verdict.later),
        })
    };
    json!({
        "kind": inspected.kind.map(Kind::name),
        "accepted": inspected.is_accepted(),
        "claims": claims,
        "unproven": {"issuer": said.iss, "exp": time(said.exp)},
        "revocation": revocation(&inspected.asked).map(|(word, _)| word),
        "sites": inspected.sites.iter().map(site).collect::<Vec<_>>(),
    })
}

/// As RFC 3339 writes it.
fn time(at: Option<Timestamp>) -> Option<String> {
    at.map(|at| at.to_string())
}

fn json_of_claims(claims: &Claims) -> Value {
    json!({
        "issuer": claims.issuer,
        "sub": claims.person.as_ref().map(|person| &person.sub),
        "email": claims.person.as_ref().map(|person| &person.email),
        "client": {"jti": claims.client_jti, "name": claims.client_name, "minted": claims.minted},
        "redirect_uris": claims.redirect_uris,
        "scope": claims.scope,
        "audience": claims.audience,
        "iat": time(claims.iat),
        "exp": time(claims.exp),
        "auth_time": time(claims.auth_time),
    })
}
