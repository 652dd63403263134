//! Every MCP server in every topology, as `docs/topologies.md` shows it: a line for each server and transport, a column for each topology.
//!
//! The files of a topology stay as they stand: the servers take turns where its one MCP server is. Only for the one whose
//! paths are not below `/mcp` there is a second resource, and a second location where the edge has such.

use std::{
    fmt::Write as _,
    fs,
    io::{self, Write as _},
    net::{Ipv4Addr, Shutdown, TcpStream},
    os::unix::net::{UnixListener, UnixStream},
    path::Path,
    sync::Mutex,
    thread,
};

use tokio::runtime;

use crate::{
    caddy, direct, folder, gateway, nginx,
    part::Part,
    ports::{Ports, free_port},
    program::Program,
    resource_servers,
    server::{self, Server, servers},
    sockets,
    stack::Stack,
    tried::{Tools, gone_through, tried},
};

const TOPOLOGIES: [&str; 5] = ["gateway", "sockets", "direct", "nginx", "caddy"];
const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/topologies.md");

/// The words of one topology, in the order of the servers.
type Column = Vec<String>;

/// The port of a server; none where there is no such server.
type Place = Option<u16>;

/// A server that was started, and where it answers.
type Behind = (Part, u16, &'static str);

#[test]
fn the_page_shows_which_server_works_in_which_topology() {
    let table = table(&columns());
    // Past the test harness, which keeps what a test prints.
    let _ = write!(io::stdout(), "\n{table}\n");
    let page = fs::read_to_string(PAGE).unwrap();
    assert!(page.contains(&table), "docs/topologies.md shows another table than the one above");
}

fn table(columns: &[Column]) -> String {
    let mut table = format!("| server | transport | {} |\n", TOPOLOGIES.join(" | "));
    writeln!(table, "|{}", "---|".repeat(2 + TOPOLOGIES.len())).unwrap();
    for (line, server) in servers().iter().enumerate() {
        let words: Vec<_> = columns.iter().map(|column| &*column[line]).collect();
        writeln!(table, "| {} | {} |", server.label(), words.join(" | ")).unwrap();
    }
    table
}

/// All topologies at once, the servers started once for them all.
fn columns() -> Vec<Column> {
    let behind = Mutex::new(server::start(&folder::of_our_own("servers"), |_| "/mcp"));
    thread::scope(|scope| {
        let begin = |topology: &'static str| {
            let named = thread::Builder::new().name(topology.to_owned());
            let behind = &behind;
            named.spawn_scoped(scope, move || column(topology, behind)).unwrap()
        };
        TOPOLOGIES.map(begin).map(|column| column.join().unwrap()).to_vec()
    })
}

fn column(topology: &'static str, behind: &Mutex<Vec<Behind>>) -> Column {
    let mut stack = before(topology).unwrap_or_else(|sentence| panic!("{sentence}"));
    let (places, tools) = if topology == "direct" {
        (verifying(&mut stack), Tools::WhoAmI)
    } else {
        (knowing_nothing(&mut behind.lock().unwrap()), Tools::Anybodys)
    };
    let stack = stack.shows_its_logs_when_a_test_fails();
    let here = runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let word = |(server, place): (&Server, Place)| {
        let Some(port) = place else { return "-".to_owned() };
        stack.wire.leads_to(port);
        here.block_on(tried(&stack, server, tools))
    };
    let words = servers().iter().zip(places).map(word).collect();
    stack.wire.leads_to(free_port());
    let nobody = here.block_on(gone_through(&stack, &servers()[0], tools));
    assert!(nobody.is_err(), "{topology}: the words say nothing of the server");
    stack.the_logs_keep_secrets();
    words
}

/// A topology of our own, since its MCP server is not always the same; but for that server it is whole.
fn before(topology: &'static str) -> Result<Stack, String> {
    let of_our_own = || folder::of_our_own(&format!("servers/{topology}"));
    let (folder, ports) = match topology {
        "sockets" => (folder::for_everybody(topology), Ports::behind_the_proxy()),
        "gateway" => (of_our_own(), Ports::behind_the_proxy()),
        _ => (of_our_own(), Ports::behind_an_edge()),
    };
    let mut stack = Stack::within(folder, topology, ports)?;
    stack.origin_is_a_resource = topology != "direct";
    match topology {
        "gateway" => gateway::before(stack),
        "direct" => direct::before(stack),
        "nginx" => nginx::before(stack),
        "caddy" => caddy::before(stack),
        _ => {
            let stack = sockets::before(stack)?;
            leads_to(&stack.folder.join(sockets::MCP), stack.wire.port);
            Ok(stack)
        }
    }
}

/// Once they answer.
fn knowing_nothing(behind: &mut [Behind]) -> Vec<Place> {
    for (part, port, path) in behind {
        part.wait_until_it_answers(*port, path).unwrap_or_else(|sentence| panic!("{sentence}"));
    }
    servers().iter().map(|server| Some(server.port)).collect()
}

/// Those of `examples/resource-servers/`, which know this topology's sites.
fn verifying(stack: &mut Stack) -> Vec<Place> {
    let mut place = |name, program: fn(&Stack) -> Program| {
        let (program, port) = (program(stack), free_port());
        stack
            .start(name, &program.on(port), &[], (port, "/mcp"))
            .unwrap_or_else(|sentence| panic!("{sentence}"));
        Some(port)
    };
    servers()
        .iter()
        .map(|server| match server.path {
            "/python" => place("python-sdk", resource_servers::python_sdk),
            "/fastmcp" => place("fastmcp", resource_servers::fastmcp),
            "/typescript" => place("typescript-sdk", resource_servers::typescript_sdk),
            "/rust" => place("rust-sdk", resource_servers::rmcp),
            _ => None,
        })
        .collect()
}

/// A socket in place of a port, for servers that have no sockets.
fn leads_to(socket: &Path, port: u16) {
    let listener = UnixListener::bind(socket).unwrap();
    thread::spawn(move || {
        for caller in listener.incoming().flatten() {
            thread::spawn(move || carry(&caller, port));
        }
    });
}

fn carry(caller: &UnixStream, port: u16) -> io::Result<()> {
    let server = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    let (mut answers, mut back) = (server.try_clone()?, caller.try_clone()?);
    thread::spawn(move || {
        let _ = io::copy(&mut answers, &mut back);
        back.shutdown(Shutdown::Write)
    });
    io::copy(&mut &*caller, &mut &server)?;
    server.shutdown(Shutdown::Write)
}
