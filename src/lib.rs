//! The OAuth 2.1 authorization server that stands beside an MCP server and keeps no database.
//!
//! People sign in through oauth2-proxy; assistants register, get codes and short-lived tokens; the MCP server
//! verifies those by the JWKS, or lets the gateway do it. Registrations, codes and tokens are signed values.
//!
//! The rooms, in reading order, which is the order of dependence: each may use anything above it and nothing
//! below. `tests/layers.rs` reads this list.
//!
//! * [`clock`]: the one place that asks what time it is
//! * [`telemetry`]: metrics: one function per event
//! * [`watch`]: files of the operator's that are read again when they change
//! * [`fetch`]: the one outgoing HTTP client: time-outs, sizes, no redirects, nothing inside for strangers
//! * [`oauth`]: the protocol's nouns, each impossible to hold in a wrong state
//! * [`seal`]: turns claims into signed and encrypted text and back; the key rings
//! * [`artifact`]: what this server issues
//! * [`site`]: one origin, one issuer, one policy
//! * [`config`]: the environment, parsed once
//! * [`provider`]: the OIDC provider behind the proxy: its keys, its ID tokens
//! * [`document`]: what clients say of themselves at a URL: known beforehand, or fetched
//! * [`spent`]: spent codes, and how far each family of refresh tokens has come
//! * [`rules`]: what the operator says in files: denials, people, known clients, the proxy's secrets
//! * [`flow`]: what this server decides; functions of (values, now)
//! * [`http`]: the doors, one file per endpoint; they decide nothing
//! * [`server`]: binds, then runs
//! * [`doctor`]: walks a deployment from outside, one file per assistant's way
//! * [`cli`]: the commands beside `serve`
//! * [`fuzzing`]: what strangers can send, thrown at its readers; built for tests and fuzzers alone
//!
//! Each heavy crate has its home, and no other room names it:
//!
//! * `josekit`: seal, provider
//! * `p256`: seal
//! * `envy`: config
//! * `reqwest`: fetch, doctor
//! * `hyper`: http/gateway
//! * `hyper_util`: http/gateway
//! * `hyper_tls`: http/gateway
//! * `native_tls`: http/gateway
//! * `redis`: spent
//! * `actix_web`: http, server, main, fuzzing
//! * `actix_http`: server
//! * `askama`: http
//! * `clap`: cli, main
//! * `clap_complete`: cli
//! * `clap_mangen`: cli
//! * `prometheus_client`: telemetry
//! * `governor`: http

pub mod artifact;
pub mod cli;
pub mod clock;
pub mod config;
pub mod doctor;
pub mod document;
pub mod fetch;
pub mod flow;
#[cfg(any(doc, fuzzing, test))]
pub mod fuzzing;
mod http;
pub mod oauth;
pub mod provider;
pub mod rules;
pub mod seal;
pub mod server;
pub mod site;
pub mod spent;
pub mod telemetry;
pub mod watch;
