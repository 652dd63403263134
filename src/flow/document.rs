//! Clients by their documents: known beforehand, or fetched for a person who is signed in.

use std::sync::Arc;

use super::authorize::{AuthorizeParams, NoReply};
use super::{Authority, UnknownClient};
use crate::artifact::Client;
use crate::clock::Timestamp;
use crate::document::{DocumentUrl, Unread};
use crate::oauth::RedirectUri;

impl Authority {
    /// The document that has to be fetched before a request can be judged. None is fetched for a request that is
    /// refused whatever its document says.
    pub fn unread(&self, params: &AuthorizeParams, now: Timestamp) -> Result<Option<DocumentUrl>, NoReply> {
        let url = params.client_id.as_deref().filter(|url| self.document(url, now).is_none());
        let Some(url) = url.and_then(|url| self.fetchable(url)) else { return Ok(None) };
        params.leave_no_doubt()?;
        let uri = params.redirect_uri.clone().map(RedirectUri::try_from).transpose();
        let uri = uri.map_err(|_| NoReply::Unregistered)?;
        self.may_be_answered(&url.unread(), true, uri.as_ref(), now)?;
        Ok(Some(url))
    }

    /// Fetches it; what it says is known from then on.
    pub async fn fetch(&self, url: &DocumentUrl, now: Timestamp) -> Result<(), Unread> {
        match &self.fetched {
            Some(fetched) => fetched.fetch(url, now).await,
            None => Ok(()),
        }
    }

    /// The client of a document that is known now. What the operator says of it goes before what it says itself.
    pub(super) fn document(&self, url: &str, now: Timestamp) -> Option<Arc<Client>> {
        let pinned = self.rules.documents().find(url).filter(|_| self.site.knows_documents());
        pinned.cloned().or_else(|| self.fetched.as_ref()?.find(url, now))
    }

    /// The client of a document that nobody fetches for its sake: whoever names it at the token endpoint may be
    /// anybody, and a code or refresh token knows its client by the URL alone.
    pub(super) fn unread_client(&self, url: &str) -> Option<Client> {
        self.fetchable(url).map(|url| url.unread())
    }

    fn fetchable(&self, url: &str) -> Option<DocumentUrl> {
        self.fetched.as_ref()?;
        DocumentUrl::try_from(url).ok()
    }
}

impl From<Unread> for NoReply {
    fn from(unread: Unread) -> Self {
        Self::ClientUnknown(UnknownClient::Unread(unread))
    }
}
