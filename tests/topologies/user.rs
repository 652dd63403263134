//! Somebody on this machine, by number. Root may be anybody; whoever else runs the tests is everybody.

use std::{
    fs,
    os::unix::fs::{MetadataExt, chown},
    path::Path,
    process::Command,
};

/// The one that shares sockets.
const GROUP: u32 = 61_000;
const EACCES: i32 = 13;

#[derive(Clone, Copy, Debug)]
pub(crate) struct User {
    id: u32,
    group: Option<u32>,
}

impl User {
    pub(crate) const fn in_the_group(id: u32) -> Self {
        Self { id, group: Some(GROUP) }
    }

    pub(crate) const fn in_no_group(id: u32) -> Self {
        Self { id, group: None }
    }

    /// The command line that runs the program as this user.
    pub(crate) fn runs(&self, program: &[String]) -> Vec<String> {
        if !is_root() {
            return program.to_vec();
        }
        let id = self.id;
        let group = self.group.map_or("--clear-groups".to_owned(), |group| format!("--groups={group}"));
        let setpriv = ["setpriv".to_owned(), format!("--reuid={id}"), format!("--regid={id}"), group];
        [&setpriv, program].concat()
    }

    pub(crate) const fn of_the_group(self) -> Self {
        Self::in_the_group(self.id)
    }

    pub(crate) fn is_given(&self, file: &Path) {
        if is_root() {
            chown(file, Some(self.id), Some(self.id)).unwrap();
        }
    }

    /// And not, after all, as whoever started it.
    pub(crate) fn is_running(&self, program: &str) {
        let processes = fs::read_dir("/proc").unwrap().flatten().map(|process| process.path());
        let its = processes.filter(|process| {
            let command = fs::read(process.join("cmdline")).unwrap_or_default();
            command.starts_with(format!("{program}\0").as_bytes())
        });
        let expected = if is_root() { self.id } else { own(MetadataExt::uid) };
        let users: Vec<_> = its.map(|process| fs::metadata(process).unwrap().uid()).collect();
        assert_eq!(users, [expected], "{program}");
    }

    /// Does the kernel let this user through to whoever listens there?
    pub(crate) fn may_connect(&self, socket: &Path) -> bool {
        const CONNECT: &str = "use Socket; socket(S, PF_UNIX, SOCK_STREAM, 0) or die; \
            exit(connect(S, sockaddr_un($ARGV[0])) ? 0 : $!)";
        let perl = ["perl", "-e", CONNECT, socket.to_str().unwrap()].map(str::to_owned);
        let program = self.runs(&perl);
        let ended = Command::new(&program[0]).args(&program[1..]).current_dir("/").output().unwrap();
        match ended.status.code() {
            Some(0) => true,
            Some(EACCES) => false,
            _ => panic!("{program:?}: {ended:?}"),
        }
    }
}

pub(crate) fn is_root() -> bool {
    own(MetadataExt::uid) == 0
}

/// The group that two programs of the tests share.
pub(crate) fn group() -> u32 {
    if is_root() { GROUP } else { own_group() }
}

pub(crate) fn own_group() -> u32 {
    own(MetadataExt::gid)
}

fn own(number: impl Fn(&fs::Metadata) -> u32) -> u32 {
    number(&fs::metadata("/proc/self").unwrap())
}
