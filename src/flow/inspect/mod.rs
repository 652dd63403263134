//! What a value is, and why a site would refuse it: for the operator who asks. The rules are those of the doors.

mod judge;
mod opened;

pub use judge::{Asked, Reason, Verdict};
pub use opened::{Claims, Kind};

use super::Authority;
use crate::artifact::Client;
use crate::clock::Timestamp;
use crate::oauth::Issuer;
use crate::seal::OpenError;
use crate::seal::unproven::Unproven;
use crate::spent::Spent;
use judge::Subject;
use opened::Opened;

/// Everything that is known of a text.
#[derive(Debug)]
pub struct Inspected {
    /// By its header; none: it is no kind that is issued here.
    pub kind: Option<Kind>,
    pub claims: Result<Claims, Unproven>,
    pub asked: Asked,
    pub sites: Vec<Verdict>,
}

impl Inspected {
    /// Would one of these sites take it?
    pub fn is_accepted(&self) -> bool {
        self.sites.iter().any(Verdict::is_accepted)
    }
}

/// Asks these authorities, which share their keys and rules. Changes nothing.
pub async fn inspect(authorities: &[Authority], text: &str, spent: &Spent, now: Timestamp) -> Inspected {
    let said = Unproven::of(text);
    let kind = Kind::of(text, said.typ.as_deref());
    match open(authorities, kind, text, now) {
        Ok((issuer, opened)) => {
            let asked = Asked::of(&opened, spent).await;
            let subject = Subject { issuer: issuer.as_ref(), opened: &opened, asked: &asked };
            let sites = authorities.iter().map(|authority| authority.judge(&subject, now)).collect();
            Inspected { kind, claims: Ok(Claims::of(issuer, opened)), asked, sites }
        }
        Err(error) => {
            let unopened = |site: &Authority| Verdict::unopened(&site.site.name, kind, error.clone(), &said);
            let sites = authorities.iter().map(unopened).collect();
            Inspected { kind, sites, claims: Err(said), asked: Asked::NotNeeded }
        }
    }
}

/// What a key of ours sealed, and for which issuer; nobody seals the document of a client.
fn open(
    authorities: &[Authority],
    kind: Option<Kind>,
    text: &str,
    now: Timestamp,
) -> Result<(Option<Issuer>, Opened), OpenError> {
    let (Some(authority), Some(kind)) = (authorities.first(), kind) else { return Err(OpenError::Kind) };
    match authority.rules.documents().find(text) {
        Some(client) => Ok((None, Opened::Client(Client::clone(client)))),
        None => kind.open(&authority.sealer, text, now).map(|(issuer, opened)| (Some(issuer), opened)),
    }
}
