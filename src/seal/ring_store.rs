//! Where the rings lie and are changed: a directory, or a Kubernetes Secret.

use std::path::PathBuf;

use super::keys_dir::{KeysError, Locked};
use super::keys_secret::Secret;
use super::ring::{Purpose, Ring, Rings};

#[derive(Debug)]
pub enum RingStore {
    Directory(PathBuf),
    Secret(Secret),
}

/// What became of the rings: those that changed, and what there is to say.
#[derive(Debug, Default)]
pub struct Turned<S> {
    pub rings: Vec<(Purpose, Ring)>,
    pub said: S,
}

impl RingStore {
    /// Puts what `turn` makes of the rings in their place, and gives what it said. Two at once do not undo one
    /// another: `turn` may be asked again, about newer rings.
    pub fn turn<S, E: From<KeysError>>(&self, turn: impl Fn(&Rings) -> Result<Turned<S>, E>) -> Result<S, E> {
        match self {
            Self::Directory(dir) => {
                let locked = Locked::new(dir)?;
                let turned = turn(&locked.rings()?)?;
                for (purpose, ring) in &turned.rings {
                    locked.replace(*purpose, ring)?;
                }
                Ok(turned.said)
            }
            Self::Secret(secret) => secret.turn(turn),
        }
    }
}
