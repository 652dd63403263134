//! Revocation (RFC 7009): ends a whole family, by any token of it.

use super::Authority;
use super::exchange::Authenticated;
use super::refusal::Refusal;
use crate::artifact::{AccessToken, RefreshToken, Unredeemed};
use crate::clock::Timestamp;
use crate::oauth::{Jti, Subject};
use crate::seal::Sealed;
use crate::spent::Spent;

/// What was ended, for the log.
#[derive(Debug)]
pub struct Revoked {
    pub sub: Subject,
    pub sid: Jti,
}

impl Authority {
    /// Ends the family of a token that was issued to this client. What is no token of ours is as good as revoked
    /// (RFC 7009 §2.2); another client's is refused (§2.1). A hint could only make the search slower.
    pub async fn revoke(
        &self,
        client: &Authenticated,
        token: &str,
        spent: &Spent,
        now: Timestamp,
    ) -> Result<Option<Revoked>, Refusal> {
        let family = match self.sealer.open(&Sealed::<RefreshToken>::new(token), now) {
            Ok(refresh) => {
                let refresh = refresh.redeem(client.id())?;
                Some((refresh.grant.sid, refresh.grant.person.sub, refresh.exp))
            }
            Err(_) => self.family_of_access_token(client, token, now)?,
        };
        let Some((sid, sub, end)) = family else { return Ok(None) };
        spent.revoke(&sid, &sub, end, now).await?;
        Ok(Some(Revoked { sub, sid }))
    }

    fn family_of_access_token(
        &self,
        client: &Authenticated,
        token: &str,
        now: Timestamp,
    ) -> Result<Option<(Jti, Subject, Timestamp)>, Refusal> {
        let Ok(access) = self.sealer.open(&Sealed::<AccessToken>::new(token), now) else { return Ok(None) };
        if access.client_id != client.id().as_str() {
            return Err(Unredeemed::OtherClient.into());
        }
        // It does not say when its code was redeemed, so the last moment counts at which its family can end.
        let end = access.auth_time + self.lifetimes.code + self.lifetimes.family();
        Ok(Some((access.sid, access.person.sub, end.max(access.exp))))
    }
}
