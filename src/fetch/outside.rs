//! Fetches what strangers name: nothing inside is reached, by whatever name or address.

use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs as _};
use std::sync::Arc;

use reqwest::Response;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{ACCEPT_ENCODING, CONTENT_TYPE};
use serde::de::DeserializeOwned;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::timeout;
use url::{Host, Url};

use super::address::is_public;
use super::freshness::freshness;
use super::{FetchError, WHOLE, body, builder, is_ok};
use crate::clock::Seconds;

/// So many are under way at once; the others wait for their turn.
const AT_ONCE: usize = 8;

/// Where a stranger's URL may lead.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Reach {
    /// To public addresses, port 443.
    Internet,
    /// Also to this machine, and to any port: for a server that is reached by nobody else.
    Loopback,
}

/// An outgoing client for URLs of strangers.
#[derive(Debug)]
pub struct Outside {
    client: reqwest::Client,
    reach: Reach,
    turns: Semaphore,
}

/// A document, and how long its server says that it holds.
#[derive(Debug)]
pub struct Answer<T> {
    pub document: T,
    pub fresh: Option<Seconds>,
}

impl Outside {
    pub fn new(reach: Reach) -> Result<Self, FetchError> {
        Self::resolving(reach, addresses)
    }

    fn resolving(reach: Reach, lookup: Lookup) -> Result<Self, FetchError> {
        let resolver = Arc::new(Resolver { reach, lookup });
        // Nothing is kept open to a stranger.
        let client = builder().https_only(true).pool_max_idle_per_host(0).dns_resolver(resolver).build()?;
        Ok(Self { client, reach, turns: Semaphore::new(AT_ONCE) })
    }

    /// Gives the document at `url` if the answer is 200, of a JSON media type and of at most `limit` bytes.
    pub async fn json<T: DeserializeOwned>(
        &self,
        url: &Url,
        accept: &str,
        limit: usize,
    ) -> Result<Answer<T>, FetchError> {
        self.reach.leads_to(url)?;
        let answer = async {
            let _turn = self.turns.acquire().await;
            let request = self.client.get(url.clone()).header("accept", accept);
            let response = request.header(ACCEPT_ENCODING, "identity").send().await?;
            is_ok(&response)?;
            is_json(&response)?;
            let fresh = freshness(response.headers());
            Ok(Answer { document: body(response, limit).await?, fresh })
        };
        timeout(WHOLE, answer).await.unwrap_or(Err(FetchError::TimedOut))
    }
}

impl Reach {
    fn admits(self, address: IpAddr) -> bool {
        is_public(address) || (self == Self::Loopback && address.is_loopback())
    }

    /// The port, and an address that stands there in place of a name: that one nobody resolves.
    fn leads_to(self, url: &Url) -> Result<(), FetchError> {
        let address = match url.host() {
            Some(Host::Ipv4(address)) => Some(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => Some(IpAddr::V6(address)),
            Some(Host::Domain(_)) | None => None,
        };
        if address.is_some_and(|address| !self.admits(address)) {
            return Err(FetchError::Inside);
        }
        if self == Self::Internet && url.port_or_known_default() != Some(443) {
            return Err(FetchError::Port);
        }
        Ok(())
    }
}

/// Resolves a name once; the connection goes to what was judged here and nowhere else.
struct Resolver {
    reach: Reach,
    lookup: Lookup,
}

type Lookup = fn(&str) -> io::Result<Vec<IpAddr>>;

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (reach, lookup) = (self.reach, self.lookup);
        Box::pin(async move {
            let found = spawn_blocking(move || lookup(name.as_str())).await??;
            // One of them is enough: who mixes them wants to be asked at the other.
            if !found.iter().all(|address| reach.admits(*address)) {
                return Err(Inside.into());
            }
            let found: Addrs = Box::new(found.into_iter().map(|address| SocketAddr::new(address, 0)));
            Ok(found)
        })
    }
}

#[derive(Debug, thiserror::Error)]
#[error("the name leads to an address that is not one of the public internet")]
pub(super) struct Inside;

fn addresses(name: &str) -> io::Result<Vec<IpAddr>> {
    Ok((name, 0).to_socket_addrs()?.map(|address| address.ip()).collect())
}

/// `application/json`, or a type that is JSON below its own name (RFC 6839 §3.1).
fn is_json(response: &Response) -> Result<(), FetchError> {
    let sent = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let sent = sent.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let subtype = sent.strip_prefix("application/").unwrap_or_default();
    if subtype == "json" || subtype.ends_with("+json") { Ok(()) } else { Err(FetchError::MediaType) }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use serde_json::Value;
    use tokio::net::TcpListener;

    use super::*;

    async fn asked(outside: &Outside, url: &str) -> FetchError {
        let url = Url::parse(url).unwrap();
        outside.json::<Value>(&url, "application/json", 1).await.unwrap_err()
    }

    // CIMD-13, T17
    #[tokio::test]
    async fn a_name_that_leads_inside_is_not_followed() {
        let inside = |name: &str| -> io::Result<Vec<IpAddr>> {
            Ok(match name {
                "loopback.example" => vec!["127.0.0.1".parse().unwrap()],
                "mapped.example" => vec!["::ffff:127.0.0.1".parse().unwrap()],
                "six.example" => vec!["::1".parse().unwrap()],
                "metadata.example" => vec!["169.254.169.254".parse().unwrap()],
                "pod.example" => vec!["10.1.2.3".parse().unwrap()],
                "nat64.example" => vec!["64:ff9b::a01:203".parse().unwrap()],
                "mixed.example" => vec!["192.0.0.8".parse().unwrap(), "8.8.8.8".parse().unwrap()],
                _ => vec!["8.8.8.8".parse().unwrap(), "fd00::1".parse().unwrap()],
            })
        };
        let outside = Outside::resolving(Reach::Internet, inside).unwrap();
        for name in ["loopback", "mapped", "six", "metadata", "pod", "nat64", "mixed", "also-mixed"] {
            let error = asked(&outside, &format!("https://{name}.example/c")).await;
            assert!(matches!(error, FetchError::Inside), "{name}: {error:?}");
        }
        let here = Outside::resolving(Reach::Loopback, inside).unwrap();
        for name in ["mapped", "metadata", "pod", "nat64", "mixed"] {
            let error = asked(&here, &format!("https://{name}.example/c")).await;
            assert!(matches!(error, FetchError::Inside), "{name}: {error:?}");
        }
    }

    // CIMD-13, T17
    #[tokio::test]
    async fn an_address_in_place_of_a_name_is_judged_the_same_way() {
        let nobody = |_: &str| -> io::Result<Vec<IpAddr>> { panic!("there is no name") };
        let outside = Outside::resolving(Reach::Internet, nobody).unwrap();
        for address in [
            "127.0.0.1",
            "2130706433",
            "0x7f.1",
            "0177.0.0.1",
            "127.1",
            "0",
            "10.0.0.1",
            "169.254.169.254",
            "[::1]",
            "[::]",
            "[::ffff:127.0.0.1]",
            "[::ffff:7f00:1]",
            "[::127.0.0.1]",
            "[64:ff9b::169.254.169.254]",
            "[2002:7f00:1::]",
            "[2001:0:7f00:1::]",
            "[fe80::1]",
            "[fd00:ec2::254]",
        ] {
            let error = asked(&outside, &format!("https://{address}/c")).await;
            assert!(matches!(error, FetchError::Inside), "{address}: {error:?}");
        }
    }

    // CIMD-16
    #[tokio::test]
    async fn only_the_port_of_https_is_asked_on_the_internet() {
        let outside = Outside::resolving(Reach::Internet, |_| Ok(Vec::new())).unwrap();
        for (url, refused) in [
            ("https://a.example:8443/c", true),
            ("https://a.example:80/c", true),
            ("https://a.example/c", false),
        ] {
            assert_eq!(matches!(asked(&outside, url).await, FetchError::Port), refused, "{url}");
        }
        let here = Outside::resolving(Reach::Loopback, |_| Ok(Vec::new())).unwrap();
        assert!(!matches!(asked(&here, "https://a.example:8443/c").await, FetchError::Port));
    }

    // CIMD-13: what a second look-up would say, nobody hears
    #[tokio::test]
    async fn a_name_is_looked_up_once_and_its_address_is_the_one_that_is_called() {
        static ASKED: AtomicUsize = AtomicUsize::new(0);
        let first_here_then_inside = |_: &str| -> io::Result<Vec<IpAddr>> {
            let first = ASKED.fetch_add(1, Ordering::SeqCst) == 0;
            Ok(vec![if first { "127.0.0.1" } else { "10.0.0.1" }.parse().unwrap()])
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let outside = Outside::resolving(Reach::Loopback, first_here_then_inside).unwrap();
        let url = format!("https://rebinding.example:{port}/c");
        let called = timeout(3 * WHOLE, async { drop(listener.accept().await.unwrap()) });
        let (called, error) = tokio::join!(called, asked(&outside, &url));
        assert!(called.is_ok(), "nobody called");
        assert!(matches!(error, FetchError::Transport(_)), "{error:?}");
        assert_eq!(ASKED.load(Ordering::SeqCst), 1);
    }
}
