//! A time during which something is away on purpose.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Odd while it lasts.
#[derive(Default)]
pub(crate) struct Spell(AtomicUsize);

impl Spell {
    pub(crate) fn turn(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }

    pub(crate) fn mark(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }

    /// Did it last at the mark, or at any time since?
    pub(crate) fn touched_since(&self, mark: usize) -> bool {
        mark % 2 == 1 || self.mark() != mark
    }
}
