//! What stands on the resource's side: seven verifiers by as many hands look at the same tokens.

use std::{collections::BTreeMap, fs};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::{
    client::Client,
    ground::{Ground, part_file, tool},
    haproxy,
    judge::Judge,
    table::Table,
};

const GOOD: &str = "good";

/// By the name of their kind; all but one are to be refused.
pub(crate) type Tokens = BTreeMap<&'static str, String>;
/// Was it accepted?
pub(crate) type Verdicts = BTreeMap<String, bool>;

pub(crate) async fn judge(ground: &Ground, table: &mut Table) {
    let tokens = match tokens(ground).await {
        Ok(tokens) => tokens,
        Err(why) => return table.add("verifiers", "accept and refuse tokens", Err(why)),
    };
    let given = ground.folder.join("tokens.json");
    let text = json!({
        "issuer": ground.public.issuer,
        "audience": ground.public.resource,
        "jwks_uri": format!("{}/oauth/jwks", ground.public.issuer),
        "tokens": tokens,
    });
    fs::write(&given, text.to_string()).unwrap();
    let given = given.display().to_string();

    for (name, program) in [
        ("verify.py", vec![tool(".venv/bin/python"), part_file("verify.py")]),
        ("verify.mjs", vec![tool("node_modules/.bin/node"), part_file("verify.mjs")]),
        ("go-oidc", vec![tool("bin/go-oidc")]),
    ] {
        match run(name, &[program, vec![given.clone()]].concat(), ground).await {
            Ok(verdicts) => verdicts.into_iter().for_each(|(library, verdicts)| {
                add(table, &library, &tokens, Ok(verdicts));
            }),
            Err(why) => add(table, name, &tokens, Err(why)),
        }
    }
    add(table, &haproxy::name(), &tokens, haproxy::verdicts(ground, &tokens).await);
}

fn add(table: &mut Table, library: &str, tokens: &Tokens, verdicts: Result<Verdicts, String>) {
    let must_say = format!("accepts 1, refuses {}", tokens.len() - 1);
    table.add(library, must_say.clone(), verdicts.and_then(|verdicts| judged(tokens, &verdicts, must_say)));
}

fn judged(tokens: &Tokens, verdicts: &Verdicts, as_it_must: String) -> Result<String, String> {
    let wrong = tokens.keys().filter_map(|kind| match (*kind, verdicts.get(*kind)) {
        (GOOD, Some(true)) => None,
        (GOOD, _) => Some("refuses the good one".to_owned()),
        (_, Some(false)) => None,
        (kind, _) => Some(format!("does not refuse: {kind}")),
    });
    let wrong: Vec<_> = wrong.collect();
    if wrong.is_empty() { Ok(as_it_must) } else { Err(wrong.join("; ")) }
}

/// By library.
async fn run(name: &str, program: &[String], ground: &Ground) -> Result<BTreeMap<String, Verdicts>, String> {
    let verdicts = Judge::start(name, program, &[], ground).verdict().await?.json()?;
    serde_json::from_value(verdicts).map_err(|error| error.to_string())
}

async fn tokens(ground: &Ground) -> Result<Tokens, String> {
    let (ours, theirs) =
        (Client::registered(&ground.public).await?, Client::registered(&ground.internal).await?);
    let resource = &ground.public.resource;
    let good = ours.tokens(resource).await?;
    let elsewhere = ours.tokens(&ground.public.other_resource).await?.access;
    Ok(Tokens::from([
        ("alg none", unsigned(&good.access)),
        ("edited payload", edited(&good.access)),
        ("flipped signature bit", flipped(&good.access)),
        ("zero signature", with_signature(&good.access, &[0; 64])),
        ("other audience", elsewhere),
        // The same audience, made by the other site.
        ("other site's issuer", theirs.tokens(resource).await?.access),
        ("code", ours.code(resource).await?),
        ("refresh token", good.refresh),
        ("client_id", ours.id),
        (GOOD, good.access),
    ]))
}

fn unsigned(token: &str) -> String {
    let header = json!({"alg": "none", "typ": "at+jwt"}).to_string();
    let [_, payload, _] = parts(token);
    format!("{}.{payload}.", URL_SAFE_NO_PAD.encode(header))
}

fn edited(token: &str) -> String {
    let [header, payload, signature] = parts(token);
    let mut claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap();
    claims["sub"] = json!("1002");
    format!("{header}.{}.{signature}", URL_SAFE_NO_PAD.encode(claims.to_string()))
}

fn flipped(token: &str) -> String {
    let mut signature = URL_SAFE_NO_PAD.decode(parts(token)[2]).unwrap();
    signature[7] ^= 1;
    with_signature(token, &signature)
}

fn with_signature(token: &str, signature: &[u8]) -> String {
    let [header, payload, _] = parts(token);
    format!("{header}.{payload}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn parts(token: &str) -> [&str; 3] {
    token.split('.').collect::<Vec<_>>().try_into().unwrap()
}
