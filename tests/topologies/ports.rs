//! Where each part listens.

use std::{
    array,
    collections::BTreeSet,
    net::{Ipv4Addr, TcpListener},
    sync::Mutex,
};

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
    pub(crate) fn behind_an_edge() -> Self {
        let [internal, public, proxy, sidecar, admin, provider, mcp_server] = array::from_fn(|_| free_port());
        Self { internal, public, proxy, sidecar, admin, provider, mcp_server }
    }

    /// Both sites by the proxy's own door.
    pub(crate) fn behind_the_proxy() -> Self {
        let ports = Self::behind_an_edge();
        Self { internal: ports.proxy, public: ports.proxy, ..ports }
    }
}

/// Never the same twice in one run: whoever was given one may take seconds to listen there.
pub(crate) fn free_port() -> u16 {
    static GIVEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());
    let mut given = GIVEN.lock().unwrap();
    loop {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        if given.insert(port) {
            return port;
        }
    }
}
