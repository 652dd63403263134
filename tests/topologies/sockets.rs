//! `deploy/sockets/`: no ports between oauth2-proxy, the sidecar and the MCP server, but sockets for whom they are meant.

use std::{
    collections::BTreeMap,
    fs::{self, Permissions},
    io::{Read, Write},
    os::unix::{
        fs::{MetadataExt, PermissionsExt},
        net::UnixStream,
    },
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
    thread,
    time::{Duration, Instant},
};

use reqwest::Client;

use crate::{
    examined, folder,
    mcp::Mcp,
    part::{Part, tail},
    person::Person,
    ports::{Ports, free_port},
    program::{test_file, tool},
    raw,
    stack::{SIDECAR, Stack},
    user::{self, User},
    way::{self, Held},
};

const PATIENCE: Duration = Duration::from_mins(1);
const PROXY: User = User::in_the_group(61_001);
const STRANGER: User = User::in_no_group(61_002);

fn stack() -> &'static Stack {
    static STACK: OnceLock<Result<Stack, String>> = OnceLock::new();
    STACK.get_or_init(start).as_ref().unwrap_or_else(|sentence| panic!("{sentence}"))
}

fn start() -> Result<Stack, String> {
    let mut stack =
        before(Stack::within(folder::for_everybody("sockets"), "sockets", Ports::behind_the_proxy())?)?;
    start_mcp_server(&mut stack);
    Ok(stack.shows_its_logs_when_a_test_fails())
}

/// All that stands before the MCP server.
pub(crate) fn before(mut stack: Stack) -> Result<Stack, String> {
    // As the page of the folder tells an operator to make them.
    for (name, group) in [("run/mcp-auth", user::group()), ("run/mcp", user::own_group())] {
        let folder = ["-d", "-g", &group.to_string(), "-m", "2750", &stack.file(name)];
        assert!(Command::new("install").args(folder).status().unwrap().success(), "{folder:?}");
    }
    let sockets =
        [("/run/mcp-auth/http.sock", stack.file(SHIPPED)), ("/run/mcp/server.sock", stack.file(MCP))];
    stack.start_sidecar(sockets.to_vec())?;
    start_proxy(&mut stack)?;
    Ok(stack)
}

const SHIPPED: &str = "run/mcp-auth/http.sock";
pub(crate) const MCP: &str = "run/mcp/server.sock";

fn start_mcp_server(stack: &mut Stack) {
    let program = [tool(".venv/bin/python"), test_file("topologies/parts/socket_server.py"), stack.file(MCP)];
    let part = Part::start("mcp-server", stack.folder.join("mcp-server.log"), &program, &[]);
    let began = Instant::now();
    while UnixStream::connect(stack.folder.join(MCP)).is_err() {
        assert!(began.elapsed() < PATIENCE, "{}", tail(&part.log));
        thread::sleep(Duration::from_millis(30));
    }
    stack.keep(part);
}

/// As a user of its own, with files of its own: a copy of the program too, wherever the checkout lies.
fn start_proxy(stack: &mut Stack) -> Result<(), String> {
    let alpha = vec![("0.0.0.0", "127.0.0.1".to_owned()), ("/run/mcp-auth/http.sock", stack.file(SHIPPED))];
    let mut program = stack.proxy(vec![], alpha);
    fs::copy(&program[0], stack.folder.join("oauth2-proxy")).unwrap();
    program[0] = stack.file("oauth2-proxy");
    for file in ["oauth2-proxy", "core.cfg", "alpha.yaml", "cookie-secret", "client-secret"] {
        PROXY.is_given(&stack.folder.join(file));
    }
    stack.start("oauth2-proxy", &PROXY.runs(&program), &[], (stack.ports.proxy, "/ping"))?;
    PROXY.is_running(&program[0]);
    fs::remove_file(&program[0]).unwrap();
    Ok(())
}

/// The shipped one's twin, but for these settings; an empty value takes one away. It ends with its handle.
fn twin(name: &'static str, changes: &[(&str, &str)]) -> (Part, PathBuf) {
    let (stack, admin) = (stack(), free_port());
    let socket = stack.folder.join(format!("run/mcp-auth/{name}.sock"));
    let sockets = vec![
        ("/run/mcp-auth/http.sock", socket.display().to_string()),
        ("/run/mcp/server.sock", stack.file(MCP)),
    ];
    let mut environment: BTreeMap<_, _> = stack.environment(sockets).into_iter().collect();
    environment.insert("MCP_AUTH_ADMIN_LISTEN".to_owned(), format!("127.0.0.1:{admin}"));
    environment.extend(changes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    let environment: Vec<_> = environment.into_iter().filter(|(_, value)| !value.is_empty()).collect();
    let log = stack.folder.join(format!("{name}.log"));
    let mut part = Part::start(name, log, &[SIDECAR.to_owned()], &environment);
    part.wait_until_it_answers(admin, "/readyz").unwrap();
    (part, socket)
}

/// Past the proxy, as whoever may write to the socket.
fn straight(
    socket: &Path,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> (u16, String) {
    let headers = [&[("Host", stack().internal.host())], headers].concat();
    let (mut stream, mut answer) = (UnixStream::connect(socket).unwrap(), String::new());
    stream.write_all(&raw::request(method, target, &headers, body.as_bytes())).unwrap();
    stream.read_to_string(&mut answer).unwrap();
    (answer["HTTP/1.1 ".len()..][..3].parse().unwrap(), answer)
}

#[tokio::test]
async fn nothing_is_wrong_as_seen_from_outside() {
    examined::finds_nothing(stack()).await;
}

#[tokio::test]
async fn an_assistant_goes_the_whole_way_on_either_site() {
    let stack = stack();
    let alice = Person::named("alice", stack);
    for (site, host) in [(&stack.internal, "localhost"), (&stack.public, "127.0.0.1")] {
        let held = Held::after_the_whole_way(site, &alice).await;
        // A browser that is signed in: the proxy says so on this request, too.
        let cookies = BTreeMap::from([("Cookie", alice.cookies(host))]);
        let mut mcp = Mcp::connect_with(site, &held.tokens.access, cookies).await;
        let told = mcp.call("whoami").await;
        assert_eq!(
            (&told["x-forwarded-email"], &told["x-forwarded-user"]),
            (&alice.address.as_str().into(), &"1001".into())
        );
        for absent in ["cookie", "x-forwarded-id-token"] {
            assert!(told.get(absent).is_none(), "the MCP server saw {absent}");
        }
        assert_eq!(mcp.open_stream().await, 200);
    }
    stack.the_logs_keep_secrets();
}

/// PX-08: the kernel is the proof: of two strangers that differ in their group alone it lets in one
#[test]
fn the_proxys_user_is_let_in_and_a_stranger_is_not() {
    let stack = stack();
    let (socket, mcp_server) = (stack.folder.join(SHIPPED), stack.folder.join(MCP));
    let found = fs::metadata(&socket).unwrap();
    assert_eq!((found.mode() & 0o777, found.gid()), (0o660, user::group()));
    assert!(PROXY.may_connect(&socket) && STRANGER.of_the_group().may_connect(&socket));
    // Only root can be somebody else.
    let strangers = if user::is_root() { vec![STRANGER] } else { vec![] };
    for stranger in strangers {
        assert!(!stranger.may_connect(&socket), "{stranger:?} at the sidecar");
        assert!(!stranger.may_connect(&mcp_server) && !PROXY.may_connect(&mcp_server), "at the MCP server");
        // The socket's own mode is enough.
        fs::set_permissions(socket.parent().unwrap(), Permissions::from_mode(0o2755)).unwrap();
        assert!(!stranger.may_connect(&socket), "{stranger:?} in an open folder");
        fs::set_permissions(&socket, Permissions::from_mode(0o666)).unwrap();
        assert!(stranger.may_connect(&socket), "who was refused was refused for the mode");
    }
    for (path, mode) in [(&*socket, 0o660), (socket.parent().unwrap(), 0o2750)] {
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }
}

/// PX-08: hence the ID token as a second proof, and a group that the proxy has for itself
#[tokio::test]
async fn who_may_write_to_the_socket_is_believed_but_for_the_id_token() {
    let stack = stack();
    let url = way::authorize_url(&stack.internal).await;
    let target = url.strip_prefix(&stack.internal.issuer).unwrap();
    let (_part, trusting) =
        twin("trusting", &[("MCP_AUTH_ID_TOKEN_ISSUER", ""), ("MCP_AUTH_ID_TOKEN_AUDIENCE", "")]);
    let claims = [("X-Forwarded-User", "1002"), ("X-Forwarded-Email", "bob@example.com")];
    for (socket, said, status) in [
        (&stack.folder.join(SHIPPED), &claims[..], 401),
        (&trusting, &claims[..], 200),
        (&trusting, &claims[..1], 401),
        (&trusting, &[], 401),
    ] {
        let (answered, page) = straight(socket, "GET", target, said, "");
        assert_eq!(answered, status, "{}: {said:?}: {page}", socket.display());
        assert_eq!(
            page.contains("bob@example.com") && page.contains("name=\"question\""),
            status == 200,
            "{page}"
        );
        assert_eq!(straight(socket, "POST", "/mcp", said, "").0, 401, "a token is a token here, too");
    }
}

/// PX-12: the socket's peer has no address; what counts is what the edge wrote before the proxy's own entry
#[tokio::test]
async fn each_caller_has_limits_of_its_own() {
    let stack = stack();
    let fails = async |forwarded: &str| {
        let request =
            Client::new().post(stack.public.url("/oauth/token")).header("X-Forwarded-For", forwarded);
        let request = request.header("Content-Type", "application/x-www-form-urlencoded");
        let form = "grant_type=refresh_token&client_id=invented&refresh_token=invented";
        request.body(form).send().await.unwrap().status().as_u16()
    };
    let mut tries = 0..1000;
    while fails(&format!("198.51.100.{}, 203.0.113.7", tries.len() % 256)).await != 429 {
        tries.next().expect("a caller is never told to wait");
    }
    assert_eq!(fails("203.0.113.8").await, 401);
}

#[tokio::test]
async fn with_one_hop_the_last_entry_is_the_caller() {
    let one = [("MCP_AUTH_FORWARDED_HOPS", "1"), ("MCP_AUTH_REGISTER_PER_MINUTE", "1")];
    let (_part, socket) = twin("one-hop", &one);
    let metadata = r#"{"redirect_uris": ["http://localhost/callback"]}"#;
    for (forwarded, status) in [
        ("203.0.113.7", 201),
        ("203.0.113.7", 429),
        ("198.51.100.1, 203.0.113.7", 429),
        ("203.0.113.7, 203.0.113.8", 201),
    ] {
        let headers = [("Content-Type", "application/json"), ("X-Forwarded-For", forwarded)];
        let (answered, text) = straight(&socket, "POST", "/oauth/register", &headers, metadata);
        assert_eq!(answered, status, "{forwarded}: {text}");
    }
}
