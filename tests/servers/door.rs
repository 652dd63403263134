//! A way to a server: straight, or through proxy and gateway with a token for its resource.

use reqwest::{Client, Method, RequestBuilder};

use crate::server::Server;

#[derive(Clone, Debug)]
pub(crate) struct Door {
    pub origin: String,
    pub path: String,
    pub token: Option<String>,
    http: Client,
}

impl Door {
    /// As the server itself listens: what works here is what must work behind the gateway.
    pub(crate) fn straight(server: &Server) -> Self {
        Self::new(server.origin(), server.path, None)
    }

    pub(crate) fn new(origin: String, path: &str, token: Option<String>) -> Self {
        // What is kept for the next request, uvicorn lets go after five seconds: just when that is sent, on a busy machine.
        let http = Client::builder().pool_max_idle_per_host(0).build().unwrap();
        Self { origin, path: path.to_owned(), token, http }
    }

    pub(crate) fn request(&self, method: Method) -> RequestBuilder {
        self.request_at(method, &self.path)
    }

    /// At another path of the same server.
    pub(crate) fn request_at(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.origin));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }
}
