//! The person's answer: who may give it, from where, and how often it is asked for.

use crate::harness::person::person;
use crate::harness::verbs::STATE;
use crate::harness::{Answer, Ask, CLAUDE, INTERNAL, Person, TestServer, alice, bob, form, with};

/// AZ-61, AZ-62, AZ-70, AZ-71, T1, design 5.4: asked every time
#[tokio::test]
async fn a_person_is_asked_again_for_every_code() {
    let server = TestServer::spawn();
    let client = server.client().await;
    for _ in 0..2 {
        let page = server.authorize(&alice(), &client.request()).await;
        assert!(page.is_question() && !page.headers.contains_key("set-cookie"));
        assert!(server.consent(&page).await.param("code").is_some());
    }
}

/// AZ-64, AZ-74, design 5.4: bound to the person
#[tokio::test]
async fn nobody_answers_for_somebody_else() {
    let server = TestServer::spawn();
    let page = server.authorize(&alice(), &server.client().await.request()).await;
    for other in [bob(), person(bob().user, alice().email)] {
        for word in ["allow", "deny"] {
            assert_refused(&server.reply(&other, &page.question(), word).await, "another person");
        }
    }
    assert!(server.consent(&page).await.param("code").is_some());
}

/// AZ-64, design 5.4: bound to the site
#[tokio::test]
async fn a_question_of_one_site_is_none_of_the_other() {
    let server = TestServer::spawn();
    let page = server.authorize(&alice(), &server.client().await.request()).await;
    assert_refused(&server.internal().consent(&page).await, "another site");
}

/// AZ-64, design 4: ten minutes
#[tokio::test]
async fn a_question_is_good_for_ten_minutes() {
    let server = TestServer::spawn();
    let client = server.client().await;
    for (seconds, good) in [(590, true), (601, false)] {
        let page = server.authorize(&alice(), &client.request()).await;
        server.wait(seconds);
        let answer = server.consent(&page).await;
        assert_eq!(answer.param("code").is_some(), good, "after {seconds} s");
        assert!(good || answer.is_refusal_page(), "after {seconds} s: {answer:?}");
    }
}

/// AZ-64, AZ-65: only what this server sealed as a question is one
#[tokio::test]
async fn nothing_else_passes_as_a_question() {
    let server = TestServer::spawn();
    let client = server.client().await;
    let page = server.authorize(&alice(), &client.request()).await;
    let tokens = server.tokens(&client).await;
    let code = server.code(&client).await;
    let question = page.question();
    let changed = format!("{}{}", &question[..question.len() - 4], "AAAA");
    for (name, value) in [
        ("nothing", ""),
        ("nonsense", "nonsense"),
        ("a changed one", &changed),
        ("half of one", &question[..question.len() / 2]),
        ("a refresh token", &tokens.refresh),
        ("an access token", &tokens.access),
        ("a code", &code),
        ("a client_id", &client.id),
    ] {
        assert_refused(&server.reply(&alice(), value, "allow").await, name);
    }
}

/// AZ-64, AZ-65: the form says allow or deny, and nothing else counts
#[tokio::test]
async fn an_answer_is_allow_or_deny_and_given_once() {
    let server = TestServer::spawn();
    let page = server.authorize(&alice(), &server.client().await.request()).await;
    let question = page.question();
    for fields in [
        form([("question", &question)]),
        form([("question", &question), ("answer", "")]),
        form([("question", &question), ("answer", "perhaps")]),
        form([("question", &question), ("answer", "deny"), ("answer", "allow")]),
        form([("question", &question), ("question", &question), ("answer", "allow")]),
        form([("answer", "allow")]),
    ] {
        let answer = alice().sends(server.post("/oauth/consent").fields(&fields)).answer().await;
        assert_refused(&answer, &format!("{fields:?}"));
    }
    let tampered = form([
        ("question", &question),
        ("answer", "allow"),
        ("redirect_uri", "https://evil.example/cb"),
        ("scope", "admin"),
        ("state", "another"),
    ]);
    let answer = alice().sends(server.post("/oauth/consent").fields(&tampered)).answer().await;
    assert_eq!((answer.target(), answer.param("state").as_deref()), (Some(CLAUDE), Some(STATE)));
}

/// AZ-64, design 5.4
#[tokio::test]
async fn an_answer_comes_from_the_page_that_asked() {
    let server = TestServer::spawn();
    let page = server.authorize(&alice(), &server.client().await.request()).await;
    let fields = form([("question", &page.question()), ("answer", "allow")]);
    let (own, none) = (Some("https://mcp.example.com"), None);
    for (origin, fetch_site, good) in [
        (own, Some("same-origin"), true),
        (own, none, true),
        (Some("null"), Some("same-origin"), true),
        (none, Some("same-origin"), true),
        (none, none, true),
        (own, Some("cross-site"), false),
        (own, Some("same-site"), false),
        (Some("null"), none, false),
        (Some("null"), Some("cross-site"), false),
        (Some("null"), Some("none"), false),
        (none, Some("cross-site"), false),
        (none, Some("same-site"), false),
        (Some("https://evil.example"), none, false),
        (Some("https://evil.example"), Some("same-origin"), false),
        (Some("https://mcp.internal.example"), Some("cross-site"), false),
        (Some("http://mcp.example.com"), Some("same-origin"), false),
        (Some("https://mcp.example.com.evil.example"), none, false),
        (Some("https://mcp.example.com:8443"), none, false),
        (Some(""), none, false),
    ] {
        let mut request = alice().sends(server.post("/oauth/consent").fields(&fields));
        if let Some(origin) = origin {
            request = request.header("Origin", origin);
        }
        if let Some(fetch_site) = fetch_site {
            request = request.header("Sec-Fetch-Site", fetch_site);
        }
        let answer = request.answer().await;
        assert_eq!(answer.param("code").is_some(), good, "{origin:?} {fetch_site:?}: {answer:?}");
        if !good {
            assert_refused(&answer, &format!("{origin:?} {fetch_site:?}"));
        }
    }
}

/// AZ-64: of two words about where it comes from neither is believed
#[tokio::test]
async fn an_answer_says_once_where_it_comes_from() {
    let server = TestServer::spawn();
    let page = server.authorize(&alice(), &server.client().await.request()).await;
    let fields = form([("question", &page.question()), ("answer", "allow")]);
    let (own, evil) = ("https://mcp.example.com", "https://evil.example");
    for (name, values) in [
        ("Origin", [own, evil]),
        ("Origin", [evil, own]),
        ("Sec-Fetch-Site", ["same-origin", "cross-site"]),
        ("Sec-Fetch-Site", ["cross-site", "same-origin"]),
    ] {
        let request = alice().sends(server.post("/oauth/consent").fields(&fields));
        let answer = request.header(name, values[0]).header(name, values[1]).answer().await;
        assert_refused(&answer, &format!("{name}: {values:?}"));
    }
}

/// AZ-64, T15: what nobody signed in sends is no answer
#[tokio::test]
async fn only_somebody_signed_in_answers() {
    let server = TestServer::spawn();
    let page = server.authorize(&alice(), &server.client().await.request()).await;
    let fields = form([("question", &page.question()), ("answer", "allow")]);
    let anonymous = server.post("/oauth/consent").fields(&fields).answer().await;
    assert_refused(&anonymous, "nobody");
    let unproven = Person { proofs: Vec::new(), ..alice() };
    assert_refused(&server.reply(&unproven, &page.question(), "allow").await, "no proof");
}

/// AZ-73, design 5.4: what the proxy makes of a POST whose session ran out
#[tokio::test]
async fn a_look_at_the_answers_address_is_a_page_that_says_to_start_again() {
    let server = TestServer::spawn();
    let page = server.authorize(&alice(), &server.client().await.request()).await;
    let query = crate::harness::encoded(&form([("question", &page.question()), ("answer", "allow")]));
    for path in ["/oauth/consent".to_owned(), format!("/oauth/consent?{query}")] {
        let answer = alice().sends(server.get(&path)).answer().await;
        assert!(answer.status == 405 && answer.is_refusal_page(), "{answer:?}");
        assert!(answer.header("allow").is_some_and(|allow| allow.contains("POST")), "{answer:?}");
        assert!(answer.text().contains("again"), "{}", answer.text());
    }
}

/// AZ-01, AZ-05, design 5.13
#[tokio::test]
async fn no_page_of_another_origin_may_read_the_answer() {
    let server = TestServer::spawn();
    let page = server.authorize(&alice(), &server.client().await.request()).await;
    let fields = form([("question", &page.question()), ("answer", "allow")]);
    let request = alice().sends(server.post("/oauth/consent").fields(&fields));
    let answer = request.header("Origin", server.issuer()).answer().await;
    let preflight = server.options("/oauth/consent").header("Origin", "https://evil.example");
    let preflight = preflight.header("Access-Control-Request-Method", "POST").answer().await;
    for answer in [answer, preflight] {
        let cors = answer.headers.keys().any(|name| name.as_str().starts_with("access-control-"));
        assert!(!cors, "{answer:?}");
    }
}

///
#[tokio::test]
async fn an_answer_is_a_form_of_bearable_size() {
    let server = TestServer::spawn();
    let page = server.authorize(&alice(), &server.client().await.request()).await;
    let json = serde_json::json!({"question": page.question(), "answer": "allow"});
    assert_refused(&alice().sends(server.post("/oauth/consent").json(&json)).answer().await, "JSON");
    let large = form([("question", &"a".repeat(1 << 20)), ("answer", "allow")]);
    let answer = alice().sends(server.post("/oauth/consent").fields(&large)).answer().await;
    assert_refused(&answer, "a megabyte");
    for state in ["a".repeat(4_000), "a".repeat(60_000), "\0".repeat(20_000)] {
        let long = with(&server.client().await.request(), "state", &state);
        let page = server.authorize(&alice(), &long).await;
        let answer = server.consent(&page).await;
        assert!(answer.param("code").is_some(), "a question holds a state of {}: {answer:?}", state.len());
    }
}

/// T1: what one site was allowed opens nothing at another
#[tokio::test]
async fn a_page_names_its_own_site() {
    let server = TestServer::spawn().internal();
    let page = server.authorize(&alice(), &server.client().await.request()).await;
    assert!(page.text().contains(INTERNAL), "{}", page.text());
}

fn assert_refused(answer: &Answer, case: &str) {
    assert!((400..500).contains(&answer.status), "{case}: {answer:?}");
    assert!(answer.is_refusal_page(), "{case}: {answer:?}");
}
