//! Documents that are fetched when a person comes with their URL.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::cache::Cache;
use super::{Document, DocumentError, DocumentUrl};
use crate::artifact::Client;
use crate::clock::Timestamp;
use crate::fetch::{Answer, FetchError, Outside, Reach};

/// The drafts name a media type of their own, and servers have the general one.
const ACCEPT: &str = "application/cimd+json, application/json";
const LARGEST: usize = 5 * 1024;

/// Fetches documents, and remembers their clients for a while. Nothing is remembered of a failure.
#[derive(Debug)]
pub struct Fetched {
    outside: Outside,
    cache: Mutex<Cache>,
}

impl Fetched {
    pub fn new(reach: Reach) -> Result<Self, FetchError> {
        Ok(Self { outside: Outside::new(reach)?, cache: Mutex::default() })
    }

    /// The client of a document that was fetched lately.
    pub fn find(&self, url: &str, now: Timestamp) -> Option<Arc<Client>> {
        self.cache().find(url, now).cloned()
    }

    /// Fetches a document, after which its client is known.
    pub async fn fetch(&self, url: &DocumentUrl, now: Timestamp) -> Result<(), Unread> {
        let Answer { document, fresh } = self.outside.json::<Document>(&url.0, ACCEPT, LARGEST).await?;
        if document.client_id != url.as_str() {
            return Err(DocumentError::OtherClient.into());
        }
        let client = document.client(false)?;
        self.cache().keep(url.as_str(), client, fresh, now);
        Ok(())
    }

    fn cache(&self) -> MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why a document was not read.
#[derive(Debug, thiserror::Error)]
pub enum Unread {
    #[error(transparent)]
    Document(#[from] DocumentError),
    #[error(transparent)]
    Fetch(#[from] FetchError),
}

impl Unread {
    /// In the metrics' words.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Document(_) | Self::Fetch(FetchError::Json(_)) => "invalid",
            Self::Fetch(FetchError::Inside | FetchError::Port) => "address",
            Self::Fetch(FetchError::MediaType | FetchError::Status(_) | FetchError::TooLarge) => "answer",
            Self::Fetch(FetchError::TimedOut | FetchError::Transport(_)) => "no_answer",
        }
    }
}
