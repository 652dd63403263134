//! The MCP servers that tokens are for.

use serde::{Deserialize, Serialize};

use super::names::{NameError, web_url};

/// The canonical URI of an MCP server (RFC 8707 §2): no fragment, no query, no trailing slash.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Resource(String);

impl Resource {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Empty for a resource that is a bare origin.
    pub fn path(&self) -> &str {
        path_as_sent(&self.0)
    }

    pub fn origin(&self) -> &str {
        &self.0[..self.0.len() - self.path().len()]
    }

    /// Does the path of a request lie at this resource or below it?
    pub fn covers(&self, path: &str) -> bool {
        is_at_or_below(self.path(), path)
    }
}

impl TryFrom<String> for Resource {
    type Error = NameError;

    /// Scheme and host in any case; a trailing slash does not matter; nothing else is normalised.
    fn try_from(text: String) -> Result<Self, NameError> {
        let url = web_url(&text)?;
        let path = path_as_sent(&text);
        // The parser would pass over them.
        let has_blanks = text.contains(|c| c <= ' ');
        if has_blanks
            || url.query().is_some()
            || path.ends_with("//")
            || !(path.is_empty() || path == url.path())
        {
            return Err(NameError::Malformed);
        }
        Ok(Self(url.origin().ascii_serialization() + path.strip_suffix('/').unwrap_or(path)))
    }
}

impl From<Resource> for String {
    fn from(resource: Resource) -> Self {
        resource.0
    }
}

/// Does a path lie at that of a resource, or below it?
pub fn is_at_or_below(resource: &str, path: &str) -> bool {
    path.strip_prefix(resource).is_some_and(|below| below.is_empty() || below.starts_with('/'))
}

/// The MCP servers behind a site: at least one; the first is the default.
#[derive(Clone, Debug)]
pub struct Resources(Vec<Resource>);

impl Resources {
    /// What a request means by its `resource` parameters (RFC 8707 §2): one of ours, or the default when it
    /// names none. Two different ones would make a token for both; that is refused.
    pub fn select(&self, asked: &[String]) -> Result<&Resource, UnknownResource> {
        let Some((first, others)) = asked.split_first() else { return Ok(self.first()) };
        let chosen = self.find(first)?;
        if others.iter().all(|other| self.find(other) == Ok(chosen)) {
            Ok(chosen)
        } else {
            Err(UnknownResource)
        }
    }

    pub fn first(&self) -> &Resource {
        &self.0[0]
    }

    pub fn iter(&self) -> impl Iterator<Item = &Resource> {
        self.0.iter()
    }

    /// The only one, where there is only one.
    pub fn single(&self) -> Option<&Resource> {
        if let [only] = self.0.as_slice() { Some(only) } else { None }
    }

    fn find(&self, asked: &str) -> Result<&Resource, UnknownResource> {
        let asked = Resource::try_from(asked.to_owned()).map_err(|_| UnknownResource)?;
        self.0.iter().find(|ours| **ours == asked).ok_or(UnknownResource)
    }
}

impl TryFrom<Vec<Resource>> for Resources {
    type Error = NameError;

    fn try_from(resources: Vec<Resource>) -> Result<Self, NameError> {
        if resources.is_empty() { Err(NameError::Empty) } else { Ok(Self(resources)) }
    }
}

/// The resource is none of this site's, or several of them were asked for.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the resource must be one MCP server of this issuer")]
pub struct UnknownResource;

/// After `scheme://authority`.
fn path_as_sent(url: &str) -> &str {
    url.match_indices('/').nth(2).map_or("", |(slash, _)| &url[slash..])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resources() -> Resources {
        let all = ["https://h.example/mcp", "https://h.example/other/mcp", "https://bare.example"];
        Resources::try_from(all.map(|uri| Resource::try_from(uri.to_owned()).unwrap()).to_vec()).unwrap()
    }

    // AZ-41, AZ-42, AZ-44, AZ-45
    #[test]
    fn a_resource_is_found_in_any_spelling_of_its_origin_and_in_no_other_of_its_path() {
        let ours = resources();
        for (asked, found) in [
            (vec![], Some("https://h.example/mcp")),
            (vec!["HTTPS://H.example:443/mcp/"], Some("https://h.example/mcp")),
            (vec!["https://h.example/mcp", "https://h.example/mcp/"], Some("https://h.example/mcp")),
            (vec!["https://bare.example/"], Some("https://bare.example")),
            (vec!["https://h.example/mcp", "https://h.example/other/mcp"], None),
            (vec!["https://h.example/mcp", "https://elsewhere.example"], None),
            (vec!["https://h.example/MCP"], None),
            (vec!["https://h.example/x/../mcp"], None),
            (vec!["https://h.example/mcp#x"], None),
            (vec!["https://h.example/mcp?x=1"], None),
            (vec![" https://h.example/mcp"], None),
            (vec!["https://h.exam\tple/mcp"], None),
            (vec!["https://h.example"], None),
            (vec!["mcp"], None),
        ] {
            let asked: Vec<String> = asked.into_iter().map(str::to_owned).collect();
            assert_eq!(ours.select(&asked).ok().map(Resource::as_str), found, "{asked:?}");
        }
    }

    #[test]
    fn what_has_a_query_or_an_empty_segment_at_its_end_or_no_authority_is_no_resource() {
        for wrong in [
            "https://h.example?x=1",
            "https://h.example/?x=1",
            "https://h.example/mcp//",
            "https://h.example//",
            "https:h.example",
            "https:/h.example/mcp",
        ] {
            assert!(Resource::try_from(wrong.to_owned()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_resource_covers_its_path_and_what_lies_below() {
        let ours = Resource::try_from("https://h.example/mcp".to_owned()).unwrap();
        for (path, covered) in
            [("/mcp", true), ("/mcp/", true), ("/mcp/x", true), ("/mcpx", false), ("/", false)]
        {
            assert_eq!(ours.covers(path), covered, "{path}");
        }
        assert_eq!((ours.origin(), ours.path()), ("https://h.example", "/mcp"));
        assert_eq!(Resource::try_from("https://h.example/".to_owned()).unwrap().path(), "");
    }
}
