//! What the MCP server answers reaches the client as it was said; what cannot, is visibly none of it.

use crate::harness::between::Between;
use crate::harness::{Answer, Ask};

const OK: &str = "HTTP/1.1 200 OK\r\n";

/// What is said to whom, and what arrives: a status, one header, which without a value is one that does not arrive,
/// and the body.
const ANSWERS: [(&str, &str, u16, &str, &str); 23] = [
    ("GET", "200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, "content-length: 5", "hello"),
    ("GET", "200 OK\r\nContent-Length: 0\r\n\r\n", 200, "content-length: 0", ""),
    ("POST", "202 Accepted\r\nContent-Length: 0\r\n\r\n", 202, "content-length: 0", ""),
    (
        "GET",
        "200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        200,
        "content-length: ",
        "ok",
    ),
    ("GET", "200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 200, "content-length: ", ""),
    (
        "GET",
        "200 OK\r\nTransfer-Encoding: Chunked\r\nContent-Length: 9\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        200,
        "content-length: ",
        "ok",
    ),
    (
        "GET",
        "200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n2\r\nok\r\n0\r\nX-T: 1\r\n\r\n",
        200,
        "trailer: ",
        "ok",
    ),
    ("GET", "200 OK\r\n\r\nto the end", 200, "content-type: ", "to the end"),
    ("HEAD", "200 OK\r\nContent-Length: 5\r\n\r\n", 200, "content-length: 5", ""),
    ("HEAD", "200 OK\r\nContent-Length: 0\r\n\r\n", 200, "content-length: 0", ""),
    ("HEAD", "200 OK\r\n\r\n", 200, "content-length: ", ""),
    ("HEAD", "200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", 200, "content-length: ", ""),
    ("DELETE", "204 No Content\r\n\r\n", 204, "content-length: ", ""),
    ("GET", "304 Not Modified\r\nETag: \"x\"\r\n\r\n", 304, "etag: \"x\"", ""),
    ("GET", "304 Not Modified\r\nContent-Length: 5\r\n\r\n", 304, "content-length: 5", ""),
    ("GET", "404 Gone\r\nContent-Length: 4\r\n\r\nlost", 404, "content-length: 4", "lost"),
    ("GET", "799 What\r\nContent-Length: 2\r\n\r\nok", 799, "content-length: 2", "ok"),
    (
        "GET",
        "200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1f\x01\x02\x03",
        200,
        "content-encoding: gzip",
        "\x1f\x01\x02\x03",
    ),
    ("GET", "200 OK\r\nConnection: X-Hop\r\nX-Hop: 1\r\nContent-Length: 2\r\n\r\nok", 200, "x-hop: ", "ok"),
    (
        "GET",
        "200 OK\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 2\r\n\r\nok",
        200,
        "upgrade: ",
        "ok",
    ),
    ("GET", "200 OK\r\nSet-Cookie: a=b\r\nContent-Length: 2\r\n\r\nok", 200, "set-cookie: ", "ok"),
    (
        "GET",
        "200 OK\r\nClear-Site-Data: \"*\"\r\nContent-Length: 2\r\n\r\nok",
        200,
        "clear-site-data: ",
        "ok",
    ),
    (
        "POST",
        "100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        200,
        "link: ",
        "ok",
    ),
];

/// RFC 9110 6.4, 8.6, 9.3.2, 15.2, RFC 9112 6.3: with a body or without, of a known length or of none
#[tokio::test]
async fn an_answer_arrives_as_it_was_said() {
    let between = Between::start().await;
    for (method, said, status, header, body) in ANSWERS {
        let request = between.server.request(method.parse().unwrap(), "/mcp").bearer_auth(&between.token);
        let says = async { drop(between.wire.says(format!("HTTP/1.1 {said}")).await) };
        let (answer, ()) = tokio::join!(request.answer(), says);
        assert_eq!((answer.status, answer.text().as_str()), (status, body), "{said:?}: {answer:?}");
        let (name, value) = header.split_once(": ").unwrap();
        assert_eq!(answer.header(name).unwrap_or_default(), value, "{said:?}: {answer:?}");
    }
}

/// RFC 9110 10.2.2: the MCP server knows only the name that it is called here, and clients would find themselves there
#[tokio::test]
async fn a_redirect_within_the_mcp_server_stays_at_the_site() {
    let between = Between::start().await;
    let here = between.wire.address();
    for (said, heard) in [
        (format!("http://{here}/mcp?x=1"), "https://mcp.example.com/mcp?x=1"),
        // As it is said by who believes `X-Forwarded-Proto`.
        (format!("https://{here}/mcp"), "https://mcp.example.com/mcp"),
        (format!("HTTP://{here}"), "https://mcp.example.com"),
        (format!("http://{here}//elsewhere.example/"), "https://mcp.example.com//elsewhere.example/"),
        (format!("http://{here}0/mcp"), format!("http://{here}0/mcp").as_str()),
        (format!("http://{here}@elsewhere.example/"), format!("http://{here}@elsewhere.example/").as_str()),
        (format!("ftp://{here}/mcp"), format!("ftp://{here}/mcp").as_str()),
        ("https://elsewhere.example/mcp".to_owned(), "https://elsewhere.example/mcp"),
        ("/mcp".to_owned(), "/mcp"),
    ] {
        let request = between.server.request("POST".parse().unwrap(), "/mcp/").bearer_auth(&between.token);
        let answer =
            format!("HTTP/1.1 307 Temporary Redirect\r\nLocation: {said}\r\nContent-Length: 0\r\n\r\n");
        let says = async { drop(between.wire.says(answer).await) };
        let (answer, ()) = tokio::join!(request.answer(), says);
        assert_eq!((answer.status, answer.header("location")), (307, Some(heard)), "{said}");
    }
}

/// RFC 9112 6.3, 9.3: whatever was answered, the next answer begins where it ends
#[tokio::test]
async fn a_connection_goes_on_after_any_answer() {
    let between = Between::start().await;
    for (method, said, body) in [
        ("GET", "200 OK\r\nContent-Length: 5\r\n\r\nhello", "hello"),
        ("GET", "200 OK\r\nContent-Length: 0\r\n\r\n", ""),
        ("GET", "200 OK\r\n\r\nok", "2\r\nok\r\n0\r\n\r\n"),
        ("GET", "200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "0\r\n\r\n"),
        ("POST", "202 Accepted\r\nContent-Length: 0\r\n\r\n", ""),
        ("HEAD", "200 OK\r\nContent-Length: 5\r\n\r\n", ""),
        ("HEAD", "200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", ""),
        ("HEAD", "200 OK\r\n\r\n", ""),
        ("DELETE", "204 No Content\r\n\r\n", ""),
        ("GET", "304 Not Modified\r\nContent-Length: 5\r\n\r\n", ""),
        ("GET", "HTTP", r#"{"error":"bad_gateway","error_description":"the upstream did not answer"}"#),
    ] {
        let client = between.client(between.head_of_many(method, "")).await;
        for _ in 0..=usize::from(said == "HTTP") {
            drop(between.wire.says(format!("HTTP/1.1 {said}")).await);
        }
        client.head().await;
        assert_eq!(client.up_to(body).await, body, "{method} {said:?}");
        client.say(between.head("GET", "")).await;
        drop(between.wire.says(format!("{OK}Content-Length: 2\r\n\r\nok")).await);
        let next = Answer::parse(&client.rest().await);
        assert_eq!((next.status, next.text().as_str()), (200, "ok"), "{method} {said:?}: {next:?}");
    }
}

/// RFC 9112 6.3: a body is whatever the MCP server says, also what the server itself says of no request
#[tokio::test]
async fn a_body_that_reads_like_a_refusal_is_a_body() {
    let between = Between::start().await;
    let refusal = "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n";
    let client = between.client(between.head_of_many("GET", "")).await;
    let line = between.wire.says(format!("{OK}Content-Length: {}\r\n\r\n", 2 * refusal.len())).await;
    client.head().await;
    for _ in 0..2 {
        line.say(refusal).await;
        assert_eq!(client.up_to(refusal).await, refusal);
    }
    client.say(between.head("GET", "")).await;
    line.head().await;
    line.say(format!("{OK}Content-Length: 2\r\n\r\nok")).await;
    let next = Answer::parse(&client.rest().await);
    assert_eq!((next.status, next.text().as_str()), (200, "ok"), "{next:?}");
}

/// RFC 9112 2.3: an MCP server may be old
#[tokio::test]
async fn an_answer_of_http_1_0_ends_with_its_connection() {
    let answer = Between::start().await.heard("GET", "HTTP/1.0 200 OK\r\n\r\nhello").await;
    assert_eq!(answer.header("transfer-encoding"), Some("chunked"));
    assert_eq!(answer.text(), "5\r\nhello\r\n0\r\n\r\n");
}

/// RFC 9112 6.1: so may a client, which knows no chunks
#[tokio::test]
async fn a_client_of_http_1_0_hears_no_chunks() {
    let between = Between::start().await;
    for (keeps, said, heard) in [
        ("keep-alive", "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", "hello"),
        ("keep-alive", "\r\nhello", "hello"),
        ("close", "\r\nhello", "hello"),
        ("close", "Content-Length: 5\r\n\r\nhello", "hello"),
        ("close", "Content-Length: 0\r\n\r\n", ""),
    ] {
        let request = between.head_of_many("GET", &format!("Connection: {keeps}\r\n"));
        let request = request.replace("HTTP/1.1", "HTTP/1.0");
        let client = between.client(request).await;
        drop(between.wire.says(format!("{OK}{said}")).await);
        let answer = Answer::parse(&client.rest().await);
        assert_eq!((answer.status, answer.text().as_str()), (200, heard), "{said:?}: {answer:?}");
        assert_eq!(answer.header("transfer-encoding"), None, "{said:?}");
    }
}

/// design 7: what an MCP server says in headers is its own matter
#[tokio::test]
async fn headers_may_be_large_and_many_and_in_any_alphabet() {
    let between = Between::start().await;
    let large = "a".repeat(16_000);
    let many = (0..90).fold(String::new(), |many, n| format!("{many}X-{n}: {n}\r\n"));
    let said = format!("{OK}X-Large: {large}\r\n{many}X-Name: jos\u{e9}\r\nContent-Length: 2\r\n\r\nok");
    let answer = between.heard("GET", said).await;
    assert_eq!((answer.status, answer.text().as_str()), (200, "ok"));
    assert_eq!(answer.header("x-large"), Some(large.as_str()));
    assert!((0..90).all(|n| answer.header(&format!("x-{n}")) == Some(n.to_string().as_str())), "{answer:?}");
    assert_eq!(answer.headers["x-name"].as_bytes(), "jos\u{e9}".as_bytes());
}

/// design 7: 502 in JSON, logged, counted; never 500, never 101
#[tokio::test]
async fn what_is_no_answer_is_a_bad_gateway() {
    let between = Between::start().await;
    let (huge, many) = ("a".repeat(1 << 20), "X: 1\r\n".repeat(1_000));
    let said: [&str; 21] = [
        "",
        "\r\n",
        "SSH-2.0-OpenSSH_9.2\r\n",
        "\0\0\u{12}\u{4}\0\0\0\0\0",
        "HTTP/1.1",
        "HTTP/1.1 200",
        "HTTP/1.1 200 OK\r\n",
        "HTTP/1.1 200 OK\r\nX: 1\r\n",
        "HTTP/1.1 099 Low\r\nContent-Length: 2\r\n\r\nok",
        "HTTP/1.1 abc OK\r\nContent-Length: 2\r\n\r\nok",
        "HTTP/2 200 OK\r\nContent-Length: 2\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nX\u{1}: 1\r\nContent-Length: 2\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nX : 1\r\nContent-Length: 2\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok!",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n\u{1}\u{2}",
        &format!("{OK}X: {huge}\r\n\r\n"),
        &format!("{OK}{many}\r\n"),
    ];
    for said in said {
        // What is not idempotent is asked but once.
        let answer = between.heard("POST", said).await;
        assert_eq!(answer.status, 502, "{said:.99}: {answer:?}");
        assert_eq!(answer.field("error"), "bad_gateway", "{said:.99}");
    }
    let counted = format!("error=\"bad_gateway\"}} {}", said.len());
    let metrics = between.server.admin("/metrics").answer().await.text();
    assert!(
        metrics.lines().any(|line| line.contains("status=\"502\"") && line.ends_with(&counted)),
        "{metrics}"
    );
}

/// RFC 9112 8: a cut answer ends before it is complete, and what came before the cut arrives
#[tokio::test]
async fn an_answer_that_is_cut_off_does_not_look_complete() {
    let between = Between::start().await;
    for (said, arrived) in [
        ("Content-Length: 9\r\n\r\nok", "ok"),
        ("Content-Length: 9\r\n\r\n", ""),
        ("Transfer-Encoding: chunked\r\n\r\n", ""),
        ("Transfer-Encoding: chunked\r\n\r\n5\r\nhel", "hel"),
        ("Transfer-Encoding: chunked\r\n\r\n5\r\nhello", "hello"),
        ("Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", "hello"),
        ("Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n", "hello"),
        ("Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nx\r\n", "hello"),
        ("Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nfffffffffffffffff\r\n", "hello"),
        ("Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n3\r\n!!", "!!"),
    ] {
        let answer = between.heard("GET", format!("{OK}{said}")).await;
        assert_eq!(answer.status, 200, "{said:?}");
        assert!(!is_complete(&answer), "{said:?}: {answer:?}");
        assert!(answer.text().contains(arrived), "{said:?}: {answer:?}");
    }
}

fn is_complete(answer: &Answer) -> bool {
    match answer.header("content-length") {
        Some(length) => answer.body.len() >= length.parse::<usize>().unwrap(),
        None => answer.text().ends_with("0\r\n\r\n"),
    }
}
