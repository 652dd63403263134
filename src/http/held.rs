//! Connections on which the gateway has something to say: whatever the MCP server says, and nothing for as long as that
//! one likes.

use std::cell::Cell;
use std::rc::Rc;

use actix_web::HttpRequest;

/// How often one connection is held, and how often it was so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Holds(Rc<Cell<(u64, u64)>>);

impl Holds {
    /// Its streams may be silent for days.
    pub(crate) fn are_any(&self) -> bool {
        self.0.get().0 > 0
    }

    pub(crate) fn so_far(&self) -> u64 {
        self.0.get().1
    }

    pub(crate) fn hold(&self) -> Held {
        let (now, so_far) = self.0.get();
        self.0.set((now + 1, so_far + 1));
        Held(self.clone())
    }
}

/// A hold on one connection, until it is dropped.
#[derive(Debug)]
pub(crate) struct Held(Holds);

impl Held {
    /// The connection of this request, held from now on.
    pub(super) fn by(request: &HttpRequest) -> Self {
        request.conn_data::<Holds>().cloned().unwrap_or_default().hold()
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let (now, so_far) = self.0.0.get();
        self.0.0.set((now - 1, so_far));
    }
}
