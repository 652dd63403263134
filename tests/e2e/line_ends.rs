//! Where does a line end, and what may stand in it? The same for the first one.

use crate::{
    framings::{Ground, TARGET, may, meaning},
    probes::{Fate, OWN, Probe},
};

impl Ground<'_> {
    /// What separates lines, and what may stand in one.
    pub(crate) fn lines(&self) -> Vec<Probe> {
        let (host, hidden) = (self.host, &self.hidden);
        let ending = |crlf: &str, end: &str| {
            format!("POST {TARGET} HTTP/1.1{crlf}Host: {host}{crlf}{OWN}Content-Length: 5{end}abcde{hidden}")
        };
        let mut probes = vec![
            self.probe(&ending("\n", "\n\n"), may("abcde")),
            self.probe(&ending("\r\n", "\n\n"), may("abcde")),
            self.probe(&ending("\r\n", "\r\n\n"), may("abcde")),
            self.probe(&ending("\r", "\r\r"), Fate::Refused),
            self.probe(&ending("\r\r\n", "\r\n\r\n"), Fate::Refused),
            self.probe(&ending("\r\n", "\r\r\n\r\n"), Fate::Refused),
        ];
        for (line, fate) in [
            (format!("X: a\n\n{hidden}"), may("")),
            (format!("X: a\r\r{hidden}"), Fate::Refused),
            (format!("X: a\r\n\r{hidden}"), Fate::Refused),
            ("X: a\0b".to_owned(), Fate::Refused),
            ("X\0: a".to_owned(), Fate::Refused),
            ("X : a".to_owned(), Fate::Refused),
            (": a".to_owned(), Fate::Refused),
            ("no colon".to_owned(), Fate::Refused),
            ("X: a\u{7f}b".to_owned(), Fate::Refused),
            ("(X): a".to_owned(), Fate::Refused),
            ("X: \u{e9}".to_owned(), may("abcde")),
        ] {
            probes.push(self.framed(
                &format!("{line}\r\nContent-Length: 5"),
                &format!("abcde{hidden}"),
                fate,
            ));
        }
        probes
    }

    /// The first line, and what comes before it.
    pub(crate) fn beginnings(&self) -> Vec<Probe> {
        let (host, hidden) = (self.host, &self.hidden);
        let usual = format!(" {TARGET} HTTP/1.1");
        let own = || meaning("abcde");
        let mut probes = Vec::new();
        for (line, fate) in [
            (format!("\r\nPOST{usual}"), Fate::May(own())),
            (format!("PUT{usual}"), Fate::Arrives(own())),
            (format!("DELETE{usual}"), Fate::Arrives(own())),
            (format!("GET{usual}"), Fate::Arrives(own())),
            (format!("BREW{usual}"), Fate::May(own())),
            (format!("TRACE{usual}"), Fate::May(own())),
            (format!("POST {TARGET} HTTP/1.0"), Fate::May(own())),
            (format!("CONNECT{usual}"), Fate::Refused),
            (format!("CONNECT {host} HTTP/1.1"), Fate::Refused),
            (format!(" POST{usual}"), Fate::Refused),
            (format!("POST {usual}"), Fate::Refused),
            (format!("POST\t{TARGET}\tHTTP/1.1"), Fate::Refused),
            (format!("POST {TARGET}"), Fate::Refused),
            (format!("POST {TARGET} HTTP/1.2"), Fate::Mended(own())),
            (format!("POST {TARGET} HTTP/2.0"), Fate::Refused),
            (format!("POST {TARGET} HTTP/1.10"), Fate::Refused),
            (format!("POST {TARGET} http/1.1"), Fate::Refused),
            (format!("POST {TARGET} HTTP/1,1"), Fate::Refused),
            (format!("POST {TARGET} HTTP/ 1.1"), Fate::Refused),
            (format!("POST {TARGET} HTTP/1.1 x"), Fate::Refused),
            (format!("POST {TARGET} x HTTP/1.1"), Fate::Refused),
            (format!("PO ST {TARGET} HTTP/1.1"), Fate::Refused),
            (format!("P\0ST {TARGET} HTTP/1.1"), Fate::Refused),
            ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(), Fate::Refused),
        ] {
            probes.push(self.probe(
                &format!("{line}\r\nHost: {host}\r\n{OWN}Content-Length: 5\r\n\r\nabcde{hidden}"),
                fate,
            ));
        }
        probes
    }
}
