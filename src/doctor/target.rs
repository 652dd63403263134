//! What is examined: an MCP server's address as an assistant gets it.

use url::Url;

use crate::oauth::names::NameError;
use crate::oauth::{Issuer, Resource};

/// An address that people give to their assistants.
#[derive(Clone, Debug)]
pub struct Target {
    url: Url,
    resource: Resource,
    text: String,
}

impl Target {
    /// As it was given: assistants compare it as text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    pub(super) fn url(&self) -> &Url {
        &self.url
    }

    /// Without the slash that some leave at its end.
    pub(super) fn resource(&self) -> &Resource {
        &self.resource
    }

    pub(super) fn path(&self) -> &str {
        self.resource.path()
    }

    /// A path of the same origin.
    pub(super) fn at(&self, path: &str) -> Url {
        let mut url = self.url.clone();
        url.set_path(path);
        url
    }

    pub(super) fn origin(&self) -> &str {
        self.resource.origin()
    }

    /// The same place with https, if it is http that was typed.
    pub(super) fn with_tls(&self) -> Option<Url> {
        let port = self.url.port_or_known_default().filter(|_| self.url.scheme() == "http");
        let mut url = self.url.clone();
        url.set_scheme("https").ok()?;
        url.set_port(Some(port?)).ok()?;
        Some(url)
    }

    /// Tokens would travel in the clear, so no assistant goes there.
    pub(super) fn is_plain(&self) -> bool {
        matches!(Issuer::try_from(self.origin().to_owned()), Err(NameError::PlainHttp))
    }
}

impl TryFrom<String> for Target {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        let resource = Resource::try_from(text.clone())?;
        let url = Url::parse(&text).map_err(|_| NameError::Malformed)?;
        Ok(Self { url, resource, text })
    }
}

/// Host and port as `Host` carries them.
pub(super) fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_kept_as_it_was_given() {
        for (text, path, is_plain) in [
            ("https://mcp.example.com/mcp", "/mcp", false),
            ("https://mcp.example.com/mcp/", "/mcp", false),
            ("https://mcp.example.com", "", false),
            ("http://mcp.example.com/mcp", "/mcp", true),
            ("http://127.0.0.1:4180/mcp", "/mcp", false),
        ] {
            let target = Target::try_from(text.to_owned()).unwrap();
            assert_eq!((target.as_str(), target.path(), target.is_plain()), (text, path, is_plain));
        }
        for wrong in [
            "",
            "mcp.example.com/mcp",
            "ftp://h/mcp",
            "https://h/mcp?x",
            "https://u@h/mcp",
            "https://h/mcp#x",
        ] {
            assert!(Target::try_from(wrong.to_owned()).is_err(), "{wrong}");
        }
    }
}
