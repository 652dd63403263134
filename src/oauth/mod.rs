//! The protocol's nouns, each impossible to hold in a wrong state: no HTTP, no keys, no time.

pub mod names;
pub mod person;
pub mod pkce;
pub mod redirect_uri;
pub mod resource;
pub mod scope;

pub use names::{Issuer, Jti};
pub use person::{EmailAddress, EmailDomains, Subject};
pub use pkce::{CodeChallenge, CodeVerifier};
pub use redirect_uri::RedirectUri;
pub use resource::{Resource, Resources};
pub use scope::{Catalogue, Scopes};
