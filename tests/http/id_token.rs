//! Identity by the provider's own word: the ID token that the proxy passes on.

use crate::harness::person::person;
use crate::harness::provider::{AUDIENCE, Provider, es256, hs256, rs256, token};
use crate::harness::{Answer, Person, TestServer, alice, bob};
use serde_json::{Value, json};

/// PX-07, design 3: an algorithm of the provider's key set
#[tokio::test]
async fn the_providers_word_is_enough_beside_the_secret() {
    let (provider, server) = start().await;
    for signed in [rs256(), &es256("first", 7)] {
        let id_token = signed.sign(&provider.claims(&alice(), server.now()));
        let answer = ask(&server, &alice().also("X-Forwarded-Id-Token", &id_token)).await;
        assert!(answer.is_question(), "{:?}: {answer:?}", signed.algorithm);
    }
}

/// AT-07, design 3: identity comes from the token alone
#[tokio::test]
async fn what_the_token_says_is_who_the_person_is() {
    let (provider, server) = start().await;
    let client = server.client().await;
    let vouched = provider.vouches(&alice(), server.now());
    let page = server.authorize(&vouched, &client.request()).await;
    let answer = server.reply(&vouched, &page.question(), "allow").await;
    let tokens = server.token(&client.exchange(&answer.param("code").unwrap())).await.tokens();
    let claims = server.claims(&tokens.access).await;
    assert_eq!((&claims["sub"], &claims["email"]), (&json!(alice().user), &json!(alice().email)));
}

/// design 3: every proof that is configured must hold
#[tokio::test]
async fn every_proof_must_hold() {
    let (provider, server) = start().await;
    let vouched = provider.vouches(&alice(), server.now());
    assert_unknown(&ask(&server, &alice()).await, "no ID token");
    let mut unproven = vouched.clone();
    unproven.proofs.retain(|(name, _)| *name != "X-Sidecar-Auth");
    assert_unknown(&ask(&server, &unproven).await, "no secret");
    let wrong = unproven.also("X-Sidecar-Auth", "not-the-secret-but-as-long-as-the-secret");
    assert_unknown(&ask(&server, &wrong).await, "a wrong secret");
    assert!(ask(&server, &vouched).await.is_question());
}

/// design 3: a secret is not needed where the provider's word is the only proof
#[tokio::test]
async fn the_providers_word_may_be_the_only_proof() {
    let provider = Provider::start().await;
    let server = TestServer::spawn_with([
        ("MCP_AUTH_PROXY_SECRET_FILE", ""),
        ("MCP_AUTH_ID_TOKEN_ISSUER", &provider.issuer),
        ("MCP_AUTH_ID_TOKEN_AUDIENCE", AUDIENCE),
    ]);
    let mut vouched = provider.vouches(&alice(), server.now());
    vouched.proofs.retain(|(name, _)| *name == "X-Forwarded-Id-Token");
    assert!(ask(&server, &vouched).await.is_question());
    vouched.proofs.clear();
    assert_unknown(&ask(&server, &vouched).await, "no ID token");
}

/// design 3, T13: the same token but for one claim
#[tokio::test]
async fn a_token_that_is_wrong_in_one_claim_is_refused() {
    let (provider, server) = start().await;
    let good = provider.claims(&alice(), server.now());
    for (name, value) in [
        ("iss", json!("https://evil.example")),
        ("iss", json!(format!("{}/", provider.issuer))),
        ("iss", Value::Null),
        ("aud", json!("somebody-else")),
        ("aud", json!(["somebody-else", "another"])),
        ("aud", json!([AUDIENCE, "another"])),
        ("aud", json!("")),
        ("aud", Value::Null),
        ("sub", Value::Null),
        ("sub", json!("")),
        ("sub", json!(bob().user)),
        ("email", Value::Null),
        ("email", json!("bob@example.com")),
        ("email", json!("alice@evil.example")),
        ("email_verified", json!(false)),
        ("email_verified", json!("false")),
        ("email_verified", Value::Null),
        ("iat", Value::Null),
        ("iat", json!(server.now() + 3_600)),
        ("iat", json!("now")),
        ("nbf", json!(server.now() + 3_600)),
        ("azp", json!("somebody-else")),
    ] {
        let mut claims = good.clone();
        claims[name] = value.clone();
        if value.is_null() {
            claims.as_object_mut().unwrap().remove(name);
        }
        let vouched = alice().also("X-Forwarded-Id-Token", &rs256().sign(&claims));
        assert_unknown(&ask(&server, &vouched).await, &format!("{name}={value}"));
    }
}

/// OpenID Connect Core §3.1.3.7: several audiences, and the one that asked for the token is ours
#[tokio::test]
async fn a_token_for_several_is_good_where_it_was_made_for_us() {
    let (provider, server) = start().await;
    let good = provider.claims(&alice(), server.now());
    for (aud, azp, is_ours) in [
        (json!([AUDIENCE]), Value::Null, true),
        (json!(["another", AUDIENCE]), json!(AUDIENCE), true),
        (json!(["another", AUDIENCE]), Value::Null, false),
        (json!(["another", AUDIENCE]), json!("another"), false),
    ] {
        let mut claims = good.clone();
        (claims["aud"], claims["azp"]) = (aud.clone(), azp.clone());
        let vouched = alice().also("X-Forwarded-Id-Token", &rs256().sign(&claims));
        assert_eq!(ask(&server, &vouched).await.is_question(), is_ours, "{aud} {azp}");
    }
}

/// Signing in again would help nobody: the clocks differ.
#[tokio::test]
async fn a_token_from_the_future_is_not_called_old() {
    let (provider, server) = start().await;
    for (claim, ahead, good) in
        [("iat", 50, true), ("iat", 3_600, false), ("nbf", 50, true), ("nbf", 3_600, false)]
    {
        let mut claims = provider.claims(&alice(), server.now());
        claims[claim] = json!(server.now() + ahead);
        let answer = ask(&server, &alice().also("X-Forwarded-Id-Token", &rs256().sign(&claims))).await;
        assert_eq!(answer.is_question(), good, "{claim} {ahead}: {answer:?}");
        assert!(good || !answer.text().contains("too long ago"), "{claim} {ahead}: {answer:?}");
        assert!(good || answer.text().contains("clock"), "{claim} {ahead}: {answer:?}");
    }
}

/// design 3, T13: never `none`, never a shared secret, never a key of somebody else's
#[tokio::test]
async fn a_token_that_the_provider_did_not_sign_is_refused() {
    let (provider, server) = start().await;
    let claims = provider.claims(&alice(), server.now());
    let (header, signed) = (rs256().header(), rs256().sign(&claims));
    let none = json!({"alg": "none", "typ": "JWT"});
    let shared = json!({"alg": "HS256", "typ": "JWT", "kid": "rsa"});
    let modulus = rs256().public["n"].as_str().unwrap();
    let mut edited = claims.clone();
    edited["groups"] = json!(["admin"]);
    let signature = signed.rsplit('.').next().unwrap().to_owned();
    let edited = format!("{}{signature}", token(&header, &edited, b""));
    for (name, id_token) in [
        ("none", token(&none, &claims, b"")),
        ("None", token(&json!({"alg": "None"}), &claims, b"")),
        ("none with a key", token(&json!({"alg": "none", "kid": "rsa"}), &claims, b"x")),
        ("a shared secret", hs256(&shared, &claims, modulus.as_bytes())),
        ("an empty shared secret", hs256(&shared, &claims, b"")),
        ("no signature", token(&header, &claims, b"")),
        ("zeroes", token(&header, &claims, &[0; 256])),
        ("somebody else's key", es256("first", 9).sign(&claims)),
        ("an unknown key", es256("unknown", 9).sign(&claims)),
        ("another content", edited),
        ("half a token", signed[..signed.len() / 2].to_owned()),
        ("nonsense", "nonsense".to_owned()),
        ("nothing", String::new()),
        ("two", format!("{signed},{signed}")),
    ] {
        let vouched = alice().also("X-Forwarded-Id-Token", &id_token);
        assert_unknown(&ask(&server, &vouched).await, name);
    }
    let twice = alice().also("X-Forwarded-Id-Token", &signed).also("X-Forwarded-Id-Token", &signed);
    assert_unknown(&ask(&server, &twice).await, "the header twice");
}

/// design 3: the identity headers must agree with the token
#[tokio::test]
async fn headers_that_say_something_else_than_the_token_are_refused() {
    let (provider, server) = start().await;
    let vouched = provider.vouches(&alice(), server.now());
    for (user, email) in [(bob().user, alice().email), (alice().user, bob().email)] {
        let other = Person { user, email, ..vouched.clone() };
        assert_unknown(&ask(&server, &other).await, email);
    }
    let stranger = provider.vouches(&person("1", "mallory@evil.example"), server.now());
    assert_unknown(&ask(&server, &stranger).await, "another domain");
}

/// design 3: the proxy goes on sending a token that has expired
#[tokio::test]
async fn an_expired_token_is_good_while_it_is_young() {
    let (provider, server) = start().await;
    let now = server.now();
    for age in [0, 3_601, 7_190] {
        let answer = ask(&server, &provider.vouches(&alice(), now - age)).await;
        assert!(answer.is_question(), "{age} s old: {answer:?}");
    }
}

/// design 3: a refused age is a page with a link that signs in again
#[tokio::test]
async fn a_token_that_is_too_old_leads_to_another_sign_in() {
    let (provider, server) = start().await;
    let answer = ask(&server, &provider.vouches(&alice(), server.now() - 7_300)).await;
    assert_unknown(&answer, "too old");
    assert!(answer.text().contains("href=\"/oauth2/"), "{}", answer.text());
    let mut young = provider.claims(&alice(), server.now() - 7_300);
    young["exp"] = json!(server.now() + 3_600);
    let vouched = alice().also("X-Forwarded-Id-Token", &rs256().sign(&young));
    assert_unknown(&ask(&server, &vouched).await, "too old, whatever it says of its end");
}

/// Each the one that helps: an answer cannot be repeated after signing in, and who is unknown starts anew.
#[tokio::test]
async fn a_page_shows_the_way_on_to_whom_there_is_one() {
    let (provider, server) = start().await;
    let client = server.client().await;
    let stranger = provider.vouches(&person("1", "mallory@evil.example"), server.now());
    let old = provider.vouches(&alice(), server.now() - 7_300);
    for (person, status, title, way) in [
        (stranger, 403, "This account has no access", Some("/oauth2/sign_out?rd=")),
        (old, 401, "Please sign in again", Some("/oauth2/start?rd=")),
        (alice(), 401, "You are not signed in", None),
    ] {
        let asked = server.authorize(&person, &client.request()).await;
        let answered = server.reply(&person, "a question", "allow").await;
        for page in [&asked, &answered] {
            assert_eq!(page.status, status, "{title}: {page:?}");
            assert!(page.text().contains(title), "{title}: {page:?}");
        }
        assert_eq!(way.is_some_and(|way| asked.text().contains(way)), way.is_some(), "{title}: {asked:?}");
        assert_eq!(asked.text().contains("/oauth2/"), way.is_some(), "{title}: {asked:?}");
        assert!(!answered.text().contains("/oauth2/"), "{title}: {answered:?}");
    }
}

/// design 3
#[tokio::test]
async fn the_age_is_a_setting() {
    let provider = Provider::start().await;
    let server = TestServer::spawn_with([
        ("MCP_AUTH_ID_TOKEN_ISSUER", &provider.issuer),
        ("MCP_AUTH_ID_TOKEN_AUDIENCE", AUDIENCE),
        ("MCP_AUTH_ID_TOKEN_MAX_AGE_SECS", "600"),
    ]);
    let (young, old) = (server.now() - 590, server.now() - 700);
    assert!(ask(&server, &provider.vouches(&alice(), young)).await.is_question());
    assert_unknown(&ask(&server, &provider.vouches(&alice(), old)).await, "too old");
}

/// T13: a provider changes its keys without telling anybody
#[tokio::test]
async fn a_new_key_of_the_providers_is_fetched_when_it_is_met() {
    let (provider, server) = start().await;
    assert!(ask(&server, &provider.vouches(&alice(), server.now())).await.is_question());
    let next = es256("second", 11);
    provider.publish(&[&next]);
    server.wait(600);
    let vouched = alice().also("X-Forwarded-Id-Token", &next.sign(&provider.claims(&alice(), server.now())));
    for _ in 0..100 {
        if ask(&server, &vouched).await.is_question() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("five seconds later the new key is still unknown");
}

/// design 3: a provider that cannot be asked vouches for nobody
#[tokio::test]
async fn a_provider_that_is_away_lets_nobody_in() {
    let provider = Provider::start().await;
    let closed = "http://127.0.0.1:1";
    let server = TestServer::spawn_with([
        ("MCP_AUTH_ID_TOKEN_ISSUER", closed),
        ("MCP_AUTH_ID_TOKEN_AUDIENCE", AUDIENCE),
    ]);
    let mut claims = provider.claims(&alice(), server.now());
    claims["iss"] = json!(closed);
    let answer = ask(&server, &alice().also("X-Forwarded-Id-Token", &rs256().sign(&claims))).await;
    assert!(answer.is_refusal_page(), "{answer:?}");
}

async fn start() -> (Provider, TestServer) {
    let provider = Provider::start().await;
    let server = TestServer::spawn_with([
        ("MCP_AUTH_ID_TOKEN_ISSUER", provider.issuer.as_str()),
        ("MCP_AUTH_ID_TOKEN_AUDIENCE", AUDIENCE),
    ]);
    (provider, server)
}

async fn ask(server: &TestServer, person: &Person) -> Answer {
    server.authorize(person, &server.client().await.request()).await
}

fn assert_unknown(answer: &Answer, case: &str) {
    assert!([401, 403].contains(&answer.status), "{case}: {answer:?}");
    assert!(answer.is_refusal_page(), "{case}: {answer:?}");
}
