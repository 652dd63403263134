//! Documents that are known beforehand: the shipped ones, and the operator's own.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;

use super::{Document, DocumentError};
use crate::artifact::Client;

/// The documents of assistants as they were seen, so that nothing has to be fetched.
const SHIPPED: &str = include_str!("pinned.json");

/// The clients that are known here, by the URL of their document.
#[derive(Debug)]
pub struct Pinned(HashMap<String, Arc<Client>>);

impl Pinned {
    /// The shipped ones, and the operator's own (every `.json` of a folder), which win.
    pub fn read(dir: Option<&Path>) -> Result<Self, String> {
        let shipped: Shipped = serde_json::from_str(SHIPPED).map_err(|error| error.to_string())?;
        let mut known = Self(HashMap::new());
        for document in shipped.documents {
            known.add(document).map_err(|error| error.to_string())?;
        }
        for (name, text) in dir.map(texts).transpose()?.unwrap_or_default() {
            let document = serde_json::from_str(&text).map_err(|error| format!("{name}: {error}"))?;
            known.add(document).map_err(|error| format!("{name}: {error}"))?;
        }
        Ok(known)
    }

    pub fn find(&self, client_id: &str) -> Option<&Arc<Client>> {
        self.0.get(client_id)
    }

    fn add(&mut self, document: Document) -> Result<(), DocumentError> {
        let url = document.client_id.clone();
        self.0.insert(url, Arc::new(document.client(true)?));
        Ok(())
    }
}

#[derive(Deserialize)]
struct Shipped {
    documents: Vec<Document>,
}

fn texts(dir: &Path) -> Result<Vec<(String, String)>, String> {
    let shown = |error: std::io::Error| format!("{} cannot be read: {error}", dir.display());
    let mut texts = Vec::new();
    for entry in fs::read_dir(dir).map_err(shown)? {
        let path = entry.map_err(shown)?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            texts.push((path.display().to_string(), fs::read_to_string(&path).map_err(shown)?));
        }
    }
    Ok(texts)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    // CIMD-12, CIMD-30
    #[test]
    fn the_shipped_documents_are_all_in_order() {
        let known = Pinned::read(None).unwrap();
        assert_eq!(known.0.len(), 5);
        let claude_code = known.find("https://claude.ai/oauth/claude-code-client-metadata").unwrap();
        for (uri, admitted) in
            [("http://localhost:53124/callback", true), ("http://localhost:53124/callback2", false)]
        {
            assert_eq!(claude_code.admits(&uri.to_owned().try_into().unwrap()), admitted, "{uri}");
        }
    }

    // CIMD-03, CIMD-04
    #[test]
    fn a_document_is_found_by_the_very_text_of_its_url() {
        let dir = tempfile::tempdir().unwrap();
        let document = json!({
            "client_id": "https://app.example/oauth/client.json",
            "client_name": "App",
            "redirect_uris": ["https://app.example/cb"],
        });
        fs::write(dir.path().join("one.json"), document.to_string()).unwrap();
        fs::write(dir.path().join("README"), "not JSON").unwrap();
        let known = Pinned::read(Some(dir.path())).unwrap();
        assert_eq!(known.find("https://app.example/oauth/client.json").unwrap().name.as_deref(), Some("App"));
        for other in [
            "https://App.example/oauth/client.json",
            "https://app.example/oauth/client.json?",
            "https://app.example:443/oauth/client.json",
        ] {
            assert!(known.find(other).is_none(), "{other}");
        }
    }
}
