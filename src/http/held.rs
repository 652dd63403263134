//! Connections on which nothing may be said for as long as anybody likes.

use std::rc::Rc;

use actix_web::HttpRequest;

/// A hold on one connection: while the gateway has one, its streams may be silent for days.
#[derive(Clone, Debug, Default)]
pub(crate) struct Held(Rc<()>);

impl Held {
    /// The connection of this request, held from now on.
    pub(super) fn by(request: &HttpRequest) -> Self {
        request.conn_data().cloned().unwrap_or_default()
    }

    /// By anybody but the connection and its data.
    pub(crate) fn by_anybody(&self) -> bool {
        Rc::strong_count(&self.0) > 2
    }
}
