//! The rings on disk: `access.json`, `session.json` and `registration.json`, read whole.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::ring::{self, Purpose, Ring, RingError, Rings};
use crate::clock::Timestamp;

/// The keys in force, shared by every site.
#[derive(Clone, Debug)]
pub struct Keys(Arc<Rings>);

impl Keys {
    pub fn fixed(rings: Rings) -> Self {
        Self(Arc::new(rings))
    }

    /// Reads and validates all three rings; one that is wrong fails them all.
    pub fn read(dir: &Path) -> Result<Self, KeysError> {
        let ring = |purpose| {
            let path = file(dir, purpose);
            match fs::read(&path) {
                Ok(text) => Ring::from_json(purpose, &text).map_err(|error| KeysError::Ring(path, error)),
                Err(error) => Err(KeysError::Unreadable(path, error)),
            }
        };
        Rings::each(ring).map(Self::fixed)
    }

    pub fn current(&self) -> Arc<Rings> {
        Arc::clone(&self.0)
    }
}

/// Makes the three ring files, readable by their owner alone. Refuses to overwrite any.
pub fn init(dir: &Path, now: Timestamp) -> Result<Vec<PathBuf>, KeysError> {
    let paths = Purpose::ALL.map(|purpose| file(dir, purpose));
    if let Some(existing) = paths.iter().find(|path| path.exists()) {
        return Err(KeysError::Exists(existing.clone()));
    }
    fs::create_dir_all(dir).map_err(|error| KeysError::Unwritable(dir.to_owned(), error))?;
    for (purpose, path) in Purpose::ALL.into_iter().zip(&paths) {
        write_new(path, &ring::fresh(purpose, now))
            .map_err(|error| KeysError::Unwritable(path.clone(), error))?;
    }
    Ok(paths.to_vec())
}

#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    #[error("{} exists already; nothing was changed", .0.display())]
    Exists(PathBuf),
    #[error("{}: {}", .0.display(), .1)]
    Ring(PathBuf, RingError),
    #[error("{} cannot be read: {}", .0.display(), .1)]
    Unreadable(PathBuf, io::Error),
    #[error("{} cannot be written: {}", .0.display(), .1)]
    Unwritable(PathBuf, io::Error),
}

impl KeysError {
    /// Nothing is there at all, as on the first day.
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Unreadable(_, error) if error.kind() == io::ErrorKind::NotFound)
    }
}

fn file(dir: &Path, purpose: Purpose) -> PathBuf {
    dir.join(format!("{}.json", purpose.name()))
}

fn write_new(path: &Path, text: &str) -> io::Result<()> {
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}
