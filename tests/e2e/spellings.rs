//! Every way to write a header that has ever slipped past somebody's filter.

/// The value of every forged header: nobody else says that.
pub(crate) const FORGED: &str = "forged-by-the-client";

/// A header of the client's own, which may arrive with whatever was folded into its value.
pub(crate) const INNOCENT: &str = "x-innocent";

/// What speaks of identity or of the way, or is taken for it by some server.
pub(crate) const NAMES: [&str; 37] = [
    "X-Forwarded-User",
    "X-Forwarded-Email",
    "X-Forwarded-Scope",
    "X-Forwarded-Groups",
    "X-Forwarded-Preferred-Username",
    "X-Forwarded-Preferred-User",
    "X-Forwarded-Access-Token",
    "X-Forwarded-Id-Token",
    "X-Forwarded-Host",
    "X-Forwarded-Proto",
    "X-Forwarded-For",
    "X-Forwarded-Port",
    "X-Forwarded-Uri",
    "X-Forwarded-Prefix",
    "X-Forwarded-Method",
    "X-Forwarded-Server",
    "X-Forwarded-Anything",
    "X-Forwarded",
    "Forwarded",
    "X-Real-Ip",
    "X-Auth-Request-User",
    "X-Auth-Request-Email",
    "X-Auth-Request-Groups",
    "X-Auth-Request-Preferred-Username",
    "X-Auth-Request-Access-Token",
    "X-Auth-Request-Id-Token",
    "X-Auth-Request-Redirect",
    "X-Sidecar-Auth",
    "X-Sidecar-Anything",
    "GAP-Auth",
    "GAP-Signature",
    "X-Original-URL",
    "X-Original-Uri",
    "X-Rewrite-URL",
    "Cookie",
    "Proxy-Authorization",
    "Proxy-Connection",
];

/// What a client adds to a request to forge one header.
#[derive(Debug)]
pub(crate) struct Forgery {
    pub name: &'static str,
    pub spelling: &'static str,
    /// Right below the request line.
    pub first: String,
    pub lines: String,
    /// Behind the last chunk of the body; none: the body is not chunked.
    pub trailers: Option<String>,
}

/// The ones that count most, for a server that takes longer to answer.
pub(crate) const FIRST_NAMES: [&str; 6] = [
    "X-Forwarded-User",
    "X-Forwarded-Email",
    "X-Forwarded-Scope",
    "X-Forwarded-Groups",
    "X-Auth-Request-Email",
    "X-Sidecar-Auth",
];

/// Each name in each spelling.
pub(crate) fn forgeries(names: &[&'static str]) -> Vec<Forgery> {
    names.iter().flat_map(|name| spellings(name)).collect()
}

fn spellings(name: &'static str) -> Vec<Forgery> {
    let named = names(name).into_iter().map(|(spelling, name)| (spelling, format!("{name}: {FORGED}\r\n")));
    let all = named.chain(several(name)).chain(odd(name)).chain(hop_by_hop(name));
    let lines = |(spelling, lines)| Forgery { name, spelling, first: String::new(), lines, trailers: None };
    let mut forgeries: Vec<_> = all.map(lines).collect();
    let header = format!("{name}: {FORGED}\r\n");
    let first =
        Forgery { first: format!(" {header}"), ..lines(("a blank before the first header", String::new())) };
    let trailer = |spelling, announced: String| Forgery {
        trailers: Some(header.clone()),
        ..lines((spelling, announced))
    };
    forgeries.extend([
        first,
        trailer("a trailer", String::new()),
        trailer("an announced trailer", format!("Trailer: {name}\r\n")),
    ]);
    forgeries
}

impl Forgery {
    /// For the request that forges nothing.
    pub(crate) fn nothing() -> Self {
        Self { name: "", spelling: "", first: String::new(), lines: String::new(), trailers: None }
    }

    /// The usual request, but for this.
    pub(crate) fn request(&self, target: &str, host: &str, usual: &str, body: &str) -> Vec<u8> {
        let Self { first, lines, trailers, .. } = self;
        let length = body.len();
        let (framing, body) = match trailers {
            None => (format!("Content-Length: {length}"), body.to_owned()),
            Some(trailers) => (
                "Transfer-Encoding: chunked".to_owned(),
                format!("{length:x}\r\n{body}\r\n0\r\n{trailers}\r\n"),
            ),
        };
        format!("POST {target} HTTP/1.1\r\n{first}Host: {host}\r\n{usual}{lines}Connection: close\r\n{framing}\r\n\r\n{body}").into_bytes()
    }
}

/// Other names that some server takes for this one.
pub(crate) fn names(name: &str) -> [(&'static str, String); 11] {
    let mixed = |upper: usize| {
        let swap = |(at, letter): (usize, char)| {
            if at % 2 == upper { letter.to_ascii_uppercase() } else { letter.to_ascii_lowercase() }
        };
        name.chars().enumerate().map(swap).collect::<String>()
    };
    let last = name.rsplit_once('-').map_or(name.to_owned(), |(start, end)| format!("{start}_{end}"));
    [
        ("as it is", name.to_owned()),
        ("lower case", name.to_lowercase()),
        ("upper case", name.to_uppercase()),
        ("mixed case", mixed(0)),
        ("mixed case, the other way", mixed(1)),
        ("underscores", name.replace('-', "_")),
        ("underscores in upper case", name.to_uppercase().replace('-', "_")),
        ("the first hyphen an underscore", name.replacen('-', "_", 1)),
        ("the last hyphen an underscore", last),
        ("dots", name.replace('-', ".")),
        ("other marks", name.replacen('-', "~", 1).replace('-', "|")),
    ]
}

fn several(name: &str) -> [(&'static str, String); 5] {
    let (lower, underscores) = (name.to_lowercase(), name.replace('-', "_"));
    [
        ("twice", format!("{name}: {FORGED}\r\n{name}: {FORGED}\r\n")),
        ("twice, in two cases", format!("{name}: {FORGED}\r\n{lower}: {FORGED}\r\n")),
        ("with an underscored twin", format!("{name}: {FORGED}\r\n{underscores}: {FORGED}\r\n")),
        (
            "three spellings at once",
            format!("{underscores}: {FORGED}\r\n{lower}: {FORGED}\r\n{name}: {FORGED}\r\n"),
        ),
        ("empty, then full", format!("{name}:\r\n{name}: {FORGED}\r\n")),
    ]
}

/// What a strict reader refuses and another one understands.
fn odd(name: &str) -> [(&'static str, String); 12] {
    [
        ("empty", format!("{name}:\r\n")),
        ("no blank behind the colon", format!("{name}:{FORGED}\r\n")),
        ("blanks and tabs around the value", format!("{name}: \t {FORGED} \t \r\n")),
        ("a blank before the colon", format!("{name} : {FORGED}\r\n")),
        ("a tab before the colon", format!("{name}\t: {FORGED}\r\n")),
        ("folded", format!("{name}:\r\n {FORGED}\r\n")),
        ("folded into another header", format!("X-Innocent: a\r\n {name}: {FORGED}\r\n")),
        ("behind a bare line feed", format!("X-Innocent: a\n{name}: {FORGED}\r\n")),
        ("behind a bare carriage return", format!("X-Innocent: a\r{name}: {FORGED}\r\n")),
        ("behind a NUL", format!("X-Innocent: a\0\r\n{name}: {FORGED}\r\n")),
        ("a NUL in the name", format!("{name}\0: {FORGED}\r\n")),
        ("an accent in the name", format!("{name}\u{e9}: {FORGED}\r\n")),
    ]
}

/// What stands between two neighbours, and could take away what is set between them.
fn hop_by_hop(name: &str) -> [(&'static str, String); 7] {
    let underscores = name.replace('-', "_");
    [
        ("named by Connection", format!("{name}: {FORGED}\r\nConnection: {name}\r\n")),
        (
            "named by Connection with underscores",
            format!("{name}: {FORGED}\r\nConnection: {underscores}\r\n"),
        ),
        ("taken away by Connection", format!("Connection: {name}\r\n")),
        ("taken away by Connection: close", format!("Connection: close, {}\r\n", name.to_lowercase())),
        ("in Keep-Alive", format!("Keep-Alive: timeout=5, {name}={FORGED}\r\n")),
        ("in TE", format!("TE: trailers, {FORGED}\r\nConnection: TE, {name}\r\n")),
        ("upgraded", format!("{name}: {FORGED}\r\nUpgrade: h2c\r\nConnection: upgrade, {name}\r\n")),
    ]
}
