//! x
pub mod clock;
pub mod oauth;
pub mod seal;
