//! `examples/resource-servers/`: MCP servers that verify by themselves, each asked at its own port, without an edge before it.

use std::{collections::BTreeMap, fs, os::unix::fs::symlink, path::Path};

use reqwest::{Client, Method, RequestBuilder, Response, header::WWW_AUTHENTICATE};
use serde_json::{Value, json};

use crate::{
    counterfeit::Mould,
    direct,
    mcp::{self, Mcp},
    part::Part,
    person::Person,
    ports::free_port,
    program::{Program, example, tool},
    stack::{Site, Stack},
    way::Held,
};

pub(crate) fn python_sdk(stack: &Stack) -> Program {
    Program::new([tool(".venv/bin/python"), example("python_sdk.py")], &stack.sites())
}

pub(crate) fn fastmcp(stack: &Stack) -> Program {
    Program::new([tool(".venv/bin/python"), example("fastmcp_server.py")], &stack.sites())
}

/// Node looks for packages from where the script lies.
pub(crate) fn typescript_sdk(stack: &Stack) -> Program {
    let script = stack.file("typescript_sdk.mjs");
    fs::copy(example("typescript_sdk.mjs"), &script).unwrap();
    symlink(tool("node_modules"), stack.file("node_modules")).unwrap();
    Program::new([tool("node_modules/.bin/node"), script], &stack.sites())
}

pub(crate) fn rmcp(stack: &Stack) -> Program {
    let built = Path::new(env!("CARGO_BIN_EXE_mcp-auth-sidecar")).with_file_name("examples/rmcp_server");
    assert!(built.exists(), "the example is not built: cargo build --example rmcp_server");
    Program::new([built.display().to_string()], &stack.sites())
}

#[tokio::test]
async fn one_on_the_official_python_sdk_lets_in_who_has_a_good_token_and_nobody_else() {
    Server::start("python_sdk", python_sdk).lets_in_who_has_a_good_token_and_nobody_else().await;
}

#[tokio::test]
async fn one_on_fastmcp_lets_in_who_has_a_good_token_and_nobody_else() {
    let server = Server::start("fastmcp", fastmcp);
    server.lets_in_who_has_a_good_token_and_nobody_else().await;
    server.publishes_what_the_sidecar_does().await;
}

#[tokio::test]
async fn one_on_the_official_typescript_sdk_lets_in_who_has_a_good_token_and_nobody_else() {
    Server::start("typescript_sdk", typescript_sdk).lets_in_who_has_a_good_token_and_nobody_else().await;
}

#[tokio::test]
async fn one_on_rmcp_lets_in_who_has_a_good_token_and_nobody_else() {
    Server::start("rmcp", rmcp).lets_in_who_has_a_good_token_and_nobody_else().await;
}

struct Server {
    stack: &'static Stack,
    /// Its own address, which is none of the sites'.
    at: Site,
    _part: Part,
}

impl Server {
    fn start(name: &'static str, program: fn(&Stack) -> Program) -> Self {
        let (stack, port) = (direct::stack(), free_port());
        let log = stack.folder.join(format!("{name}.log"));
        let mut started = Part::start(name, log, &program(stack).on(port), &[]);
        started.wait_until_it_answers(port, "/mcp").unwrap();
        Self { stack, at: Site { issuer: format!("http://127.0.0.1:{port}") }, _part: started }
    }

    async fn lets_in_who_has_a_good_token_and_nobody_else(&self) {
        let alice = Person::named("alice", self.stack);
        let Stack { internal, public, .. } = self.stack;
        let held = Held::after_the_whole_way(internal, &alice).await;
        let elsewhere = Held::after_the_whole_way(public, &alice).await;
        let mould = Mould::of(&held.tokens.access, self.stack);
        for (site, token) in
            [(internal, &held.tokens.access), (internal, &mould.same()), (public, &elsewhere.tokens.access)]
        {
            self.lets_in(site, token, &alice).await;
        }
        let code = held.a_code(&alice).await;
        let others = [
            ("nonsense", "nonsense".to_owned()),
            ("the other site's token", elsewhere.tokens.access),
            ("a code", code),
            ("a refresh token", held.tokens.refresh),
            ("a client_id", held.client_id),
        ];
        for (what, token) in others.into_iter().chain(counterfeits(&mould, internal, public)) {
            self.refuses(internal, Some(&token), (401, "invalid_token"), what).await;
        }
        for scope in ["", "files", "mcpx", "files.mcp"] {
            let token = mould.claim("scope", Some(json!(scope)));
            self.refuses(internal, Some(&token), (403, "insufficient_scope"), scope).await;
        }
        for site in [internal, public] {
            self.refuses(site, None, (401, ""), "no token").await;
        }
    }

    async fn lets_in(&self, site: &Site, token: &str, person: &Person) {
        let headers = BTreeMap::from([("Host", site.host().to_owned())]);
        let mut mcp = Mcp::connect_with(&self.at, token, headers).await;
        let tools =
            mcp::read(mcp.post(&json!({"jsonrpc": "2.0", "id": 3, "method": "tools/list"})).await).await;
        assert_eq!(tools["result"]["tools"][0]["name"], "whoami", "{tools}");
        let told = mcp.call("whoami").await;
        assert_eq!((&told["email"], &told["iss"]), (&json!(person.address), &json!(site.issuer)));
    }

    async fn refuses(&self, site: &Site, token: Option<&str>, (status, error): (u16, &str), what: &str) {
        for method in [Method::POST, Method::GET, Method::DELETE] {
            let answer = self.ask(method, site, token).await;
            assert_eq!(answer.status(), status, "{what}");
            let challenges: Vec<_> = answer.headers().get_all(WWW_AUTHENTICATE).iter().collect();
            let [challenge] = challenges[..] else { panic!("{what}: {challenges:?}") };
            let challenge = challenge.to_str().unwrap();
            let document = site.url("/.well-known/oauth-protected-resource/mcp");
            assert!(challenge.starts_with("Bearer "), "{what}: {challenge}");
            for said in [format!("resource_metadata=\"{document}\""), "scope=\"mcp\"".to_owned()] {
                assert!(challenge.contains(&said), "{what}: {challenge}");
            }
            let says =
                challenge.split_once("error=\"").map_or("", |(_, rest)| rest.split_once('"').unwrap().0);
            assert_eq!(says, error, "{what}: {challenge}");
        }
    }

    async fn ask(&self, method: Method, site: &Site, token: Option<&str>) -> Response {
        let request = Client::new().request(method, self.at.url("/mcp")).header("Host", site.host());
        let request =
            request.header("Accept", "application/json, text/event-stream").json(&mcp::initialize());
        token.into_iter().fold(request, RequestBuilder::bearer_auth).send().await.unwrap()
    }

    /// An SDK's own copy of the resource's metadata is no harm as long as it says the same.
    async fn publishes_what_the_sidecar_does(&self) {
        const DOCUMENT: &str = "/.well-known/oauth-protected-resource/mcp";
        for site in [&self.stack.internal, &self.stack.public] {
            let request = Client::new().get(self.at.url(DOCUMENT)).header("Host", site.host());
            let its: Value = request.send().await.unwrap().json().await.unwrap();
            let ours: Value = reqwest::get(site.url(DOCUMENT)).await.unwrap().json().await.unwrap();
            for member in
                ["resource", "authorization_servers", "scopes_supported", "bearer_methods_supported"]
            {
                assert_eq!(its[member], ours[member], "{member}");
            }
        }
    }
}

/// Each as good as a token of the one site, but for one thing.
fn counterfeits(mould: &Mould, site: &Site, other: &Site) -> [(&'static str, String); 13] {
    [
        ("another audience", mould.claim("aud", Some(json!(site.url("/other"))))),
        ("the other site's audience", mould.claim("aud", Some(json!(other.url("/mcp"))))),
        ("no audience", mould.claim("aud", None)),
        ("the other site's issuer", mould.claim("iss", Some(json!(other.issuer)))),
        ("no issuer", mould.claim("iss", None)),
        ("expired", mould.claim("exp", Some(json!(1_700_000_000)))),
        ("no end", mould.claim("exp", None)),
        ("alg none", mould.unsigned()),
        ("the published key as a secret", mould.signed_with_what_is_published()),
        ("another key", mould.signed_by_another_key()),
        ("an unknown key", mould.header("kid", Some(json!("unknown")))),
        ("another typ", mould.header("typ", Some(json!("JWT")))),
        ("no typ", mould.header("typ", None)),
    ]
}
