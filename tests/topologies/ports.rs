//! Where each part listens.

use std::net::{Ipv4Addr, TcpListener};

#[derive(Debug)]
pub(crate) struct Ports {
    pub internal: u16,
    pub public: u16,
    pub proxy: u16,
    pub sidecar: u16,
    pub admin: u16,
    pub provider: u16,
    pub mcp_server: u16,
}

impl Ports {
    /// Bound all at once, so that they differ.
    pub(crate) fn behind_an_edge() -> Self {
        let held: [_; 7] = std::array::from_fn(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap());
        let [internal, public, proxy, sidecar, admin, provider, mcp_server] =
            held.map(|listener| listener.local_addr().unwrap().port());
        Self { internal, public, proxy, sidecar, admin, provider, mcp_server }
    }

    /// Both sites by the proxy's own door.
    pub(crate) fn behind_the_proxy() -> Self {
        let ports = Self::behind_an_edge();
        Self { internal: ports.proxy, public: ports.proxy, ..ports }
    }
}

pub(crate) fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}
