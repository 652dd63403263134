//! The rings on disk: `access.json`, `session.json` and `registration.json`, read whole, swapped at once.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use tracing::{error, info};

use super::keys_secret::{SecretError, SecretName};
use super::ring::{self, Purpose, Ring, RingError, Rings};
use crate::clock::{Seconds, Timestamp};
use crate::telemetry::Telemetry;

/// An unknown key makes the directory be read again, but not for every forged token.
const LOOK_AGAIN: Seconds = Seconds(1);
/// Who holds it may change the rings.
const LOCK: &str = ".lock";

/// The keys in force, shared by every site. A bad set on disk leaves the last good one in force.
#[derive(Clone)]
pub struct Keys(Arc<Shared>);

struct Shared {
    dir: Option<PathBuf>,
    current: RwLock<Arc<Rings>>,
    seen: Mutex<Seen>,
}

/// What was read last, right or wrong, and when somebody missed a key last.
#[derive(Default)]
struct Seen {
    texts: Option<[Vec<u8>; 3]>,
    missed: Option<Timestamp>,
    /// What came of that, until it is told.
    untold: Option<Result<(), KeysError>>,
}

impl Keys {
    pub fn fixed(rings: Rings) -> Self {
        Self::new(None, rings, Seen::default())
    }

    /// Reads and validates all three rings; one that is wrong fails them all.
    pub fn read(dir: &Path) -> Result<Self, KeysError> {
        let texts = texts(dir)?;
        let rings = parse(dir, &texts)?;
        Ok(Self::new(Some(dir.to_owned()), rings, Seen { texts: Some(texts), ..Seen::default() }))
    }

    pub fn current(&self) -> Arc<Rings> {
        Arc::clone(&self.0.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Looks whether the directory changed. A mistake is logged and counted once for each change.
    pub fn look(&self, telemetry: &Telemetry, now: Timestamp) {
        let untold = self.seen().untold.take();
        match self.changed().or(untold) {
            None => {}
            Some(Ok(())) => {
                telemetry.file_read("keys", now);
                info!(target: "audit", event = "keys reloaded");
            }
            Some(Err(reason)) => {
                telemetry.file_failed("keys");
                error!(%reason, "the key rings are broken; the last good ones stay in force");
            }
        }
    }

    /// Somebody named a key that is unknown: another replica may have been told of it before this one. Gives the
    /// rings if they changed; asks the disk at most once a second.
    pub(super) fn missed(&self, now: Timestamp) -> Option<Arc<Rings>> {
        let mut seen = self.seen();
        if seen.missed.is_some_and(|last| now.since(last) < LOOK_AGAIN) {
            return None;
        }
        seen.missed = Some(now);
        drop(seen);
        let changed = self.changed()?;
        let swapped = changed.is_ok().then(|| self.current());
        self.seen().untold = Some(changed);
        swapped
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn changed(&self) -> Option<Result<(), KeysError>> {
        let dir = self.0.dir.as_deref()?;
        // Before the directory is read: of two at once the one that read it last is right.
        let mut seen = self.seen();
        let texts = match texts(dir) {
            Ok(texts) => texts,
            // Unreadable is one state, however often it is looked at.
            Err(error) => return seen.texts.take().map(|_| Err(error)),
        };
        if seen.texts.as_ref() == Some(&texts) {
            return None;
        }
        let parsed = parse(dir, &texts);
        seen.texts = Some(texts);
        Some(parsed.map(|rings| {
            let rings = rings.count_on_from(&self.current());
            *self.0.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(rings);
        }))
    }

    fn new(dir: Option<PathBuf>, rings: Rings, seen: Seen) -> Self {
        Self(Arc::new(Shared { dir, current: RwLock::new(Arc::new(rings)), seen: Mutex::new(seen) }))
    }
}

/// What was read holds the private keys.
impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.current().fmt(f)
    }
}

/// The right to change the rings of a directory, held until it is dropped: two jobs at once take turns.
#[derive(Debug)]
pub struct Locked {
    dir: PathBuf,
    _lock: File,
}

impl Locked {
    pub fn new(dir: &Path) -> Result<Self, KeysError> {
        let unwritable = |error| KeysError::Unwritable(dir.to_owned(), error);
        let mut paths = Purpose::ALL.into_iter().map(|purpose| file(dir, purpose));
        if let Some(link) = paths.find(|path| path.is_symlink()) {
            return Err(KeysError::Link(link));
        }
        let options = File::options().create(true).truncate(false).write(true).mode(0o600).clone();
        let lock = options.open(dir.join(LOCK)).map_err(unwritable)?;
        lock.lock().map_err(unwritable)?;
        Ok(Self { dir: dir.to_owned(), _lock: lock })
    }

    /// The rings as they are now.
    pub fn rings(&self) -> Result<Rings, KeysError> {
        parse(&self.dir, &texts(&self.dir)?)
    }

    /// Puts a ring in the place of the old one: written aside, synced, renamed, so that a reader meets the old one
    /// or the new one, and one that dies half-way leaves the old.
    pub fn replace(&self, purpose: Purpose, ring: &Ring) -> Result<(), KeysError> {
        let path = file(&self.dir, purpose);
        let aside = self.dir.join(format!(".{}.new", purpose.name()));
        let replaced = fs::remove_file(&aside)
            .or_else(|error| if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) })
            .and_then(|()| write_new(&aside, &ring::to_json(ring.records())))
            .and_then(|()| keep_mode(&path, &aside))
            .and_then(|()| fs::rename(&aside, &path))
            .and_then(|()| File::open(&self.dir)?.sync_all());
        replaced.map_err(|error| KeysError::Unwritable(path, error))
    }
}

/// Makes the three ring files, readable by their owner alone, and their directory if need be. Refuses to overwrite any.
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

/// What the operator should know of who else may read the rings. Pods mount them for a group.
pub fn warning(dir: &Path) -> Option<String> {
    let others = |path: &Path, may: u32| fs::metadata(path).is_ok_and(|found| found.mode() & may != 0);
    let whole = dir.canonicalize().ok().filter(|whole| whole.ancestors().all(|dir| others(dir, 0o001)))?;
    let path =
        Purpose::ALL.map(|purpose| file(&whole, purpose)).into_iter().find(|path| others(path, 0o006))?;
    Some(format!(
        "MCP_AUTH_KEYS_DIR: everybody on this machine may read or write {}, and so make tokens; `chmod o=` ends that",
        path.display()
    ))
}

#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    #[error("{} exists already; nothing was changed", .0.display())]
    Exists(PathBuf),
    #[error("{} is a link, as in a mounted Secret: change what it was mounted from", .0.display())]
    Link(PathBuf),
    #[error("{}: {}", .0.display(), .1)]
    Ring(PathBuf, RingError),
    #[error("Secret {0}: {1}")]
    Secret(SecretName, SecretError),
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

/// All three files of one generation: a mounted Secret swaps the link that they lie behind, so that is followed
/// once, for all of them.
fn texts(dir: &Path) -> Result<[Vec<u8>; 3], KeysError> {
    let first = file(dir, Purpose::Access);
    let first = fs::canonicalize(&first).map_err(|error| KeysError::Unreadable(first, error))?;
    let generation = first.parent().unwrap_or(dir);
    let read = |purpose| {
        let path = file(generation, purpose);
        fs::read(&path).map_err(|error| KeysError::Unreadable(path, error))
    };
    Ok([read(Purpose::Access)?, read(Purpose::Session)?, read(Purpose::Registration)?])
}

fn parse(dir: &Path, [access, session, registration]: &[Vec<u8>; 3]) -> Result<Rings, KeysError> {
    let rings = Rings::each(|purpose| {
        let text = match purpose {
            Purpose::Access => access,
            Purpose::Session => session,
            Purpose::Registration => registration,
        };
        Ring::from_json(purpose, text).map_err(|error| KeysError::Ring(file(dir, purpose), error))
    })?;
    rings.apart().map_err(|(purpose, error)| KeysError::Ring(file(dir, purpose), error))
}

fn file(dir: &Path, purpose: Purpose) -> PathBuf {
    dir.join(purpose.file())
}

fn write_new(path: &Path, text: &str) -> io::Result<()> {
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// An operator may have let a group read the rings.
fn keep_mode(old: &Path, new: &Path) -> io::Result<()> {
    fs::set_permissions(new, fs::metadata(old)?.permissions())
}

#[cfg(test)]
mod tests;
