//! The whole server over real HTTP, one file per endpoint.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that meets what it did not expect stops there"
)]

mod harness;

mod access_token;
mod any_request;
mod any_sealed;
mod any_value;
mod authorize;
mod authorize_door;
mod connections;
mod consent;
mod consent_answer;
mod consent_page;
mod deny;
mod documents;
mod fetched;
mod fetched_kept;
mod fetched_reach;
mod gateway;
mod gateway_answers;
mod gateway_ends;
mod gateway_headers;
mod gateway_origins;
mod gateway_paths;
mod gateway_requests;
mod gateway_streams;
mod grants;
mod id_token;
mod identity;
mod inspected;
mod jwks;
mod landing;
mod limits;
mod manners;
mod metadata;
mod minted;
mod never_kept;
mod observed;
mod people;
mod redirect_uris;
mod refresh;
mod refresh_generations;
mod register;
mod register_limits;
mod revoke;
mod rotation;
mod several_resources;
mod token;
mod token_client;
mod verify;
