//! x
pub mod artifact;
pub mod clock;
pub mod config;
pub mod fetch;
pub mod flow;
pub mod oauth;
pub mod provider;
pub mod seal;
pub mod site;
pub mod spent;
