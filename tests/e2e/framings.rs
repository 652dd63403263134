//! Where does a request end? Ones that say it twice, or badly, each with a second one hidden behind it.

use crate::probes::{Fate, Meaning, OWN, Probe};

pub(crate) const TARGET: &str = "/mcp/framed";
/// It has no token, and says that it is somebody.
const HIDDEN: &str = "/mcp/hidden";

pub(crate) fn framings(host: &str) -> Vec<Probe> {
    let ground = Ground {
        host,
        hidden: format!(
            "GET {HIDDEN} HTTP/1.1\r\nHost: {host}\r\nX-Forwarded-Email: admin@example.com\r\n\r\n"
        ),
    };
    [ground.lengths(), ground.encodings(), ground.chunks(), ground.lines(), ground.beginnings()].concat()
}

pub(crate) struct Ground<'a> {
    pub host: &'a str,
    pub hidden: String,
}

impl Ground<'_> {
    /// The usual request, but for these lines and what stands behind the empty one.
    pub(crate) fn framed(&self, lines: &str, body: &str, fate: Fate) -> Probe {
        self.probe(
            &format!("POST {TARGET} HTTP/1.1\r\nHost: {}\r\n{OWN}{lines}\r\n\r\n{body}", self.host),
            fate,
        )
    }

    pub(crate) fn probe(&self, request: &str, fate: Fate) -> Probe {
        let what = format!("{:?}", request.replace(&self.hidden, "…"));
        Probe { what, request: request.to_owned(), fate }
    }

    fn lengths(&self) -> Vec<Probe> {
        let (hidden, all) = (&self.hidden, self.hidden.len());
        let mut probes = Vec::new();
        for (length, fate) in [
            ("5", arrives("abcde")),
            ("\t5 \t", may("abcde")),
            ("00005", may("abcde")),
            ("5\r\nContent-Length: 5", mended("abcde")),
            ("5, 5", mended("abcde")),
            ("\r\n 5", mended("abcde")),
            ("5\r\nConnection: Content-Length", may("abcde")),
            ("5\r\nExpect: 100-continue", may("abcde")),
            ("5\r\nExpect: 200-ok", may("abcde")),
            ("5\r\nUpgrade: websocket\r\nConnection: upgrade", may("abcde")),
            (
                "5\r\nUpgrade: h2c\r\nConnection: upgrade, http2-settings\r\nHTTP2-Settings: AAMAAABk",
                may("abcde"),
            ),
            ("5\r\nContent_Length: 500", arrives("abcde")),
            ("5\r\nContent.Length: 0", arrives("abcde")),
            ("5\r\nX-Content-Length: 0", arrives("abcde")),
            ("5\r\nX-HTTP-Method-Override: CONNECT", arrives("abcde")),
        ]
        .into_iter()
        .chain(REFUSED_LENGTHS.map(|length| (length, Fate::Refused)))
        {
            probes.push(self.framed(&format!("Content-Length: {length}"), &format!("abcde{hidden}"), fate));
        }
        for length in [
            format!("0\r\nContent-Length: {all}"),
            format!("{all}\r\nContent-Length: 0"),
            format!("0, {all}"),
            format!("{all}, 0"),
        ] {
            probes.push(self.framed(&format!("Content-Length: {length}"), hidden, Fate::Refused));
        }
        for (lines, fate) in [
            ("X-No-Length: 0", arrives("")),
            ("Content-Length: 0", arrives("")),
            ("X: y\r\n Content-Length: 5", mended("")),
            ("Content-Length : 5", Fate::Refused),
            ("Content-Length\t: 5", Fate::Refused),
            ("Content-Length\0: 5", Fate::Refused),
        ] {
            probes.push(self.framed(lines, hidden, fate));
        }
        probes.push(self.framed(&format!("Content-Length: {all}"), hidden, arrives(hidden)));
        probes.push(self.framed("Content-Length: 500", "abc", may("abc")));
        probes
    }

    fn encodings(&self) -> Vec<Probe> {
        let whole = format!("5\r\nabcde\r\n0\r\n\r\n{}", self.hidden);
        let mut probes = Vec::new();
        for (lines, fate) in [
            ("Transfer-Encoding: chunked", arrives("abcde")),
            ("Transfer-Encoding: CHUNKED", may("abcde")),
            ("Transfer-Encoding:chunked ", may("abcde")),
            ("Transfer-Encoding:\t chunked\t", may("abcde")),
            ("Transfer-Encoding:\r\n chunked", mended("abcde")),
            ("Transfer-Encoding: chunked\r\nConnection: Transfer-Encoding", may("abcde")),
            ("Transfer-Encoding: chunked\r\nTrailer: X-Forwarded-User", may("abcde")),
            ("Transfer-Encoding: chunked\r\nTE: trailers, chunked", may("abcde")),
            ("Transfer-Encoding: chunked\r\nTransfer_Encoding: identity", may("abcde")),
            ("Transfer-Encoding: chunked\r\nContent_Length: 0", may("abcde")),
            ("Transfer-Encoding: chunked\r\nContent-Length: 5", mended("abcde")),
            ("Transfer-Encoding: chunked\r\nContent-Length: 0", mended("abcde")),
            ("Content-Length: 5\r\nTransfer-Encoding: chunked", mended("abcde")),
            ("Transfer_Encoding: chunked", may("")),
            ("X: y\r\n Transfer-Encoding: chunked", mended("")),
        ]
        .into_iter()
        .chain(REFUSED_ENCODINGS.map(|lines| (lines, Fate::Refused)))
        {
            probes.push(self.framed(lines, &whole, fate));
        }
        let old = format!(
            "POST {TARGET} HTTP/1.0\r\nHost: {}\r\n{OWN}Transfer-Encoding: chunked\r\n\r\n{whole}",
            self.host
        );
        probes.push(self.probe(&old, mended("")));
        probes
    }

    fn chunks(&self) -> Vec<Probe> {
        let (hidden, all) = (&self.hidden, self.hidden.len());
        let mut probes = Vec::new();
        for (body, fate) in [
            (format!("{all:x}\r\n{hidden}\r\n0\r\n\r\n{hidden}"), arrives(hidden)),
            (format!("5;ext=1;other=\"a b\"\r\nabcde\r\n0;last\r\n\r\n{hidden}"), may("abcde")),
            (format!("0005\r\nabcde\r\n000\r\n\r\n{hidden}"), may("abcde")),
            (format!("5 \r\nabcde\r\n0\r\n\r\n{hidden}"), may("abcde")),
            (
                format!("5\r\nabcde\r\n0\r\nX-Forwarded-User: admin\r\nContent-Length: 500\r\n\r\n{hidden}"),
                may("abcde"),
            ),
            (format!("5\r\nabcde\r\n0\r\n{hidden}"), may("abcde")),
            (format!("5\nabcde\r\n0\r\n\r\n{hidden}"), may("abcde")),
            (format!("5\r\nabcde\n0\r\n\r\n{hidden}"), may("abcde")),
            (format!("5\r\nabcde\r\n0\n\n{hidden}"), may("abcde")),
            ("5\r\nabcde\r\n".to_owned(), may("abcde")),
            ("5\r\nab".to_owned(), may("ab")),
            ("500\r\nabc".to_owned(), may("abc")),
            (
                format!("ffffffffffffffff\r\nabcde\r\n0\r\n\r\n{hidden}"),
                may(&format!("abcde\r\n0\r\n\r\n{hidden}")),
            ),
        ]
        .into_iter()
        .chain(BROKEN_CHUNKS.map(|start| (format!("{start}abcde\r\n0\r\n\r\n{hidden}"), may(""))))
        .chain(BROKEN_REST.map(|rest| (format!("5\r\nabcde{rest}\r\n0\r\n\r\n{hidden}"), may("abcde"))))
        {
            probes.push(self.framed("Transfer-Encoding: chunked", &body, fate));
        }
        probes
    }
}

const REFUSED_LENGTHS: [&str; 21] = [
    "0\r\nContent-Length: 5",
    "5\r\nContent-Length: 0",
    "0, 5",
    "5, 0",
    "+5",
    "-5",
    "0x5",
    "5 5",
    "5;",
    "5.0",
    "5e0",
    "\"5\"",
    "5\u{b}",
    "5\u{c}",
    "5\0",
    "\u{ff15}",
    "five",
    "99999999999999999999",
    "18446744073709551616",
    "",
    ",5",
];

const REFUSED_ENCODINGS: [&str; 22] = [
    "Transfer-Encoding: chunked, chunked",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
    "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked",
    "Transfer-Encoding: identity\r\nContent-Length: 5",
    "Transfer-Encoding: identity, chunked",
    "Transfer-Encoding: gzip, chunked",
    "Transfer-Encoding: chunked, gzip",
    "Transfer-Encoding: xchunked\r\nContent-Length: 5",
    "Transfer-Encoding: chunkedx",
    "Transfer-Encoding: chunked;q=1",
    "Transfer-Encoding: \"chunked\"",
    "Transfer-Encoding: 'chunked'",
    "Transfer-Encoding: \u{b}chunked\r\nContent-Length: 5",
    "Transfer-Encoding: chunked\u{b}\r\nContent-Length: 5",
    "Transfer-Encoding: chunked\0\r\nContent-Length: 5",
    "Transfer-Encoding: ,chunked",
    "Transfer-Encoding: \r\nContent-Length: 5",
    "Transfer-Encoding : chunked\r\nContent-Length: 5",
    "Transfer-Encoding\t: chunked\r\nContent-Length: 5",
    "Transfer-Encoding\0: chunked\r\nContent-Length: 5",
    "X: y\rTransfer-Encoding: chunked\r\nContent-Length: 5",
];

/// The line of a chunk's size.
const BROKEN_CHUNKS: [&str; 15] = [
    "-5\r\n",
    "+5\r\n",
    "0x5\r\n",
    " 5\r\n",
    "\r\n",
    "g\r\n",
    "5g\r\n",
    "5 5\r\n",
    "5\r",
    "5\0\r\n",
    "5;a\nb\r\n",
    "5;a\rb\r\n",
    "5;a=\"\r\n0\r\n\r\n\"\r\n",
    "f0000000000000005\r\n",
    "10000000000000005\r\n",
];

/// What stands behind a chunk.
const BROKEN_REST: [&str; 6] = ["", "f", "fghij\r\n5\r\n", "\r\r\n", "\n", "\r"];

fn arrives(body: &str) -> Fate {
    Fate::Arrives(meaning(body))
}

pub(crate) fn may(body: &str) -> Fate {
    Fate::May(meaning(body))
}

fn mended(body: &str) -> Fate {
    Fate::Mended(meaning(body))
}

pub(crate) fn meaning(body: &str) -> Meaning {
    Meaning { target: TARGET.to_owned(), body: body.to_owned() }
}
