//! The protocol's nouns, each impossible to hold in a wrong state: no HTTP, no keys, no time.

pub mod names;
pub mod pkce;
pub mod redirect_uri;
pub mod scope;

pub use names::{EmailAddress, EmailDomains, Issuer, Jti, Resource, Resources, Subject};
pub use pkce::{CodeChallenge, CodeVerifier};
pub use redirect_uri::RedirectUri;
pub use scope::{Catalogue, Scopes};
