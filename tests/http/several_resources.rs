//! A site with several MCP servers, beside and inside one another: a token opens the one it was asked for.

use crate::gateway::challenge;
use crate::harness::upstream::Upstream;
use crate::harness::{Ask, TestServer, with};

/// The paths of the resources, each with an MCP server of its own and a token for it.
struct Ground {
    server: TestServer,
    doors: Vec<Door>,
}

struct Door {
    resource: &'static str,
    upstream: Upstream,
    token: String,
}

/// T11, RS-06, design 7: beside one another, inside one another, under a bare origin, in any order
#[tokio::test]
async fn a_token_opens_its_own_resource_and_no_other() {
    for resources in [
        vec!["/mcp", "/other/mcp"],
        vec!["/mcp", "/mcp/admin", "/mcp/admin/audit", "/other"],
        vec!["/mcp/admin/audit", "/other", "/mcp/admin", "/mcp"],
        vec!["", "/mcp", "/mcp/admin"],
        vec!["/mcp", ""],
    ] {
        let ground = Ground::of(&resources).await;
        for resource in &resources {
            for below in ["", "/", "/x", "/x/mcp", "?access=1", "/administrator", "/.x"] {
                if !resource.is_empty() || below.starts_with('/') {
                    ground.only_the_token_of(resource, &format!("{resource}{below}")).await;
                }
            }
        }
    }
}

/// design 3: one MCP server behind all of them; it is the token that tells them apart
#[tokio::test]
async fn one_mcp_server_may_stand_behind_all_and_the_token_still_decides() {
    let upstream = Upstream::start().await;
    let server = server(&["/mcp", "/mcp/admin"], &upstream.url);
    let (outer, inner) = (token(&server, "/mcp").await, token(&server, "/mcp/admin").await);
    for (path, token, status) in [
        ("/mcp", &outer, 200),
        ("/mcp/admin", &outer, 401),
        ("/mcp/admin/", &outer, 401),
        ("/mcp/admin/x", &outer, 401),
        ("/mcp/admin?x", &outer, 401),
        ("/mcp/administrator", &outer, 200),
        ("/mcp/admin/x", &inner, 200),
        ("/mcp", &inner, 401),
        ("/mcp/administrator", &inner, 401),
    ] {
        let before = upstream.seen().len();
        assert_eq!(server.get(path).bearer_auth(token).answer().await.status, status, "{path}");
        assert_eq!(upstream.seen().len() - before, usize::from(status == 200), "{path}");
    }
}

/// T11, PX-04, design 7: what is guarded is what the MCP server reads
#[tokio::test]
async fn a_path_that_another_reader_finds_deeper_is_refused() {
    let upstream = Upstream::start().await;
    let server = server(&["/mcp", "/mcp/admin", "/mcp/caf%C3%A9"], &upstream.url);
    let tokens = [token(&server, "/mcp").await, token(&server, "/mcp/admin").await];
    for path in [
        "/mcp/%61dmin",
        "/mcp/%61dmin/x",
        "/mcp/a%64min?x=1",
        "/mcp/%61%64%6d%69%6e/",
        "/mcp/ADMIN",
        "/mcp/Admin/x",
        "/mcp/%41dmin",
        "/mcp/admin;x",
        "/mcp/admin;x=1/y",
        "/mcp/ADMIN;x",
        "/mcp/caf%c3%a9",
        "/mcp/caf%C3%89/x",
    ] {
        for token in &tokens {
            let headers = format!("Authorization: Bearer {token}\r\n");
            let answer = server.raw("GET", path, &headers).await;
            assert_eq!(answer.status, 400, "{path}: {answer:?}");
            let answer = server.raw("GET", &format!("/oauth/verify{path}"), &headers).await;
            assert_eq!(answer.status, 403, "asked for {path}: {answer:?}");
        }
    }
    assert!(upstream.seen().is_empty(), "{:?}", upstream.seen());
    for path in ["/mcp/xadmin", "/mcp/admi", "/mcp/x/admin", "/mcp/ADMINS", "/mcp/%61", "/mcp/x;admin"] {
        assert_eq!(server.get(path).bearer_auth(&tokens[0]).answer().await.status, 200, "{path}");
    }
}

/// the same under a bare origin, where every path has a guard
#[tokio::test]
async fn under_a_bare_origin_no_spelling_leads_into_another_resource() {
    let ground = Ground::of(&["", "/mcp"]).await;
    for path in ["/%6dcp", "/MCP", "/Mcp/x", "/mcp;x", "/mcp;x/y", "/%4dcp"] {
        for door in &ground.doors {
            let headers = format!("Authorization: Bearer {}\r\n", door.token);
            let answer = ground.server.raw("GET", path, &headers).await;
            assert_eq!(answer.status, 400, "{path} with the token of {:?}: {answer:?}", door.resource);
        }
    }
    assert_eq!(ground.seen(), 0);
}

/// design 3: a resource that nothing stands behind is not served by what lies around it
#[tokio::test]
async fn a_resource_without_an_mcp_server_is_not_there() {
    let upstream = Upstream::start().await;
    let server = server(&["/mcp", "/mcp/admin"], &format!("/mcp={}", upstream.url));
    for resource in ["/mcp", "/mcp/admin"] {
        let token = token(&server, resource).await;
        for path in ["/mcp/admin", "/mcp/admin/x"] {
            assert_eq!(server.get(path).bearer_auth(&token).answer().await.status, 404, "{path}");
        }
    }
    assert!(upstream.seen().is_empty());
}

/// design 7: the same path on another origin is another MCP server
#[tokio::test]
async fn the_origin_of_a_resource_counts_as_well_as_its_path() {
    let upstream = Upstream::start().await;
    let resources = "https://mcp.example.com/mcp,https://tools.example.com/mcp";
    let server = TestServer::spawn_with([
        ("MCP_AUTH_UPSTREAM", upstream.url.as_str()),
        ("MCP_AUTH_PUBLIC_RESOURCES", resources),
    ]);
    let client = server.client().await;
    for (resource, status) in [("https://mcp.example.com/mcp", 200), ("https://tools.example.com/mcp", 401)] {
        let token = server.tokens_of(&client, &with(&client.request(), "resource", resource)).await.access;
        assert_eq!(server.post("/mcp").bearer_auth(&token).answer().await.status, status, "{resource}");
        let there = server.at("tools.example.com").post("/mcp").bearer_auth(&token).answer().await;
        assert_eq!(there.status, 421, "{resource}");
    }
    assert_eq!(upstream.seen().len(), 1);
}

impl Ground {
    async fn of(resources: &[&'static str]) -> Self {
        let mut doors = Vec::new();
        for &resource in resources {
            doors.push(Door { resource, upstream: Upstream::start().await, token: String::new() });
        }
        let pairs: Vec<_> =
            doors.iter().map(|door| format!("{}/={}", door.resource, door.upstream.url)).collect();
        let server = server(resources, &pairs.join(","));
        for door in &mut doors {
            door.token = token(&server, door.resource).await;
        }
        Self { server, doors }
    }

    /// Nobody else's, and who comes without it is told where to get it.
    async fn only_the_token_of(&self, guard: &str, path: &str) {
        for Door { resource, upstream, token } in &self.doors {
            let before = self.seen();
            let headers = format!("Authorization: Bearer {token}\r\n");
            let answer = self.server.raw("GET", path, &headers).await;
            let verified = self.server.raw("GET", &format!("/oauth/verify{path}"), &headers).await;
            assert_eq!(verified.status, answer.status, "asked for {path} with the token of {resource:?}");
            let opens = *resource == guard;
            assert_eq!(
                answer.status,
                if opens { 200 } else { 401 },
                "{path} with the token of {resource:?}: {answer:?}"
            );
            assert_eq!(self.seen() - before, usize::from(opens), "{path} with the token of {resource:?}");
            if opens {
                assert_eq!(upstream.last().target, path);
            } else {
                let challenge = challenge(&answer);
                assert!(challenge.contains("error=\"invalid_token\""), "{path}: {challenge}");
                assert!(challenge.contains(&document(guard)), "{path}: {challenge}");
            }
        }
        let challenge = challenge(&self.server.raw("GET", path, "").await);
        assert!(challenge.contains(&document(guard)) && !challenge.contains("error"), "{path}: {challenge}");
    }

    fn seen(&self) -> usize {
        self.doors.iter().map(|door| door.upstream.seen().len()).sum()
    }
}

fn server(resources: &[&str], upstream: &str) -> TestServer {
    let resources: Vec<_> = resources.iter().map(|path| format!("https://mcp.example.com{path}")).collect();
    let resources = resources.join(",");
    TestServer::spawn_with([
        ("MCP_AUTH_UPSTREAM", upstream),
        ("MCP_AUTH_PUBLIC_RESOURCES", resources.as_str()),
    ])
}

async fn token(server: &TestServer, resource: &str) -> String {
    let client = server.client().await;
    let resource = format!("{}{resource}", server.issuer());
    server.tokens_of(&client, &with(&client.request(), "resource", &resource)).await.access
}

fn document(resource: &str) -> String {
    format!("resource_metadata=\"https://mcp.example.com/.well-known/oauth-protected-resource{resource}\"")
}
