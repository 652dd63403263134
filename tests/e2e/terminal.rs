//! A program at a terminal: what it shows, and what a person types there.

use std::{
    fs,
    io::{Read, Write},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

const PATIENCE: Duration = Duration::from_mins(3);

#[derive(Debug)]
pub(crate) struct Terminal {
    child: Child,
    input: ChildStdin,
    shown: Arc<Mutex<Vec<u8>>>,
    /// So much of it was waited for already.
    read: usize,
}

impl Terminal {
    /// It ends with its handle, and with the thread of the test.
    pub(crate) fn start(line: &str, folder: &Path, environment: &[(&'static str, String)]) -> Self {
        let line = format!("stty rows 50 cols 200; exec setpriv --pdeathsig KILL {line}");
        let mut child = Command::new("setpriv")
            .args([
                "--pdeathsig",
                "KILL",
                "script",
                "--quiet",
                "--return",
                "--flush",
                "--command",
                &line,
                "/dev/null",
            ])
            .current_dir(folder)
            .env_clear()
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let shown = Arc::default();
        let (output, kept) = (child.stdout.take().unwrap(), Arc::clone(&shown));
        thread::spawn(move || keep(output, &kept));
        Self { input: child.stdin.take().unwrap(), child, shown, read: 0 }
    }

    /// Waits until it shows these words, after those that were waited for before.
    pub(crate) fn until(&mut self, words: &str) {
        self.read += self.wait(words, |rest| Some(rest.find(words)? + words.len()));
    }

    /// The word that has this in it, whole, for another one follows.
    pub(crate) fn word(&self, part: &str) -> String {
        self.wait(part, |rest| {
            let (words, _) = rest.rsplit_once(' ')?;
            words.split(' ').find(|word| word.contains(part)).map(str::to_owned)
        })
    }

    fn wait<T>(&self, what: &str, find: impl Fn(&str) -> Option<T>) -> T {
        let began = Instant::now();
        loop {
            let shown = plain(&self.shown.lock().unwrap());
            if let Some(found) = shown.get(self.read..).and_then(&find) {
                return found;
            }
            assert!(began.elapsed() < PATIENCE, "it does not show {what}: {shown}");
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// As a person does: no program takes it for something pasted, and the person looks at it before Return.
    pub(crate) fn enter(&mut self, text: &str) {
        for key in text.chars() {
            self.press(key, Duration::from_millis(20));
        }
        self.press('\r', Duration::from_secs(1));
    }

    /// At once, and then Return.
    pub(crate) fn paste(&mut self, text: &str) {
        write!(self.input, "{text}").unwrap();
        self.enter("");
    }

    fn press(&mut self, key: char, after: Duration) {
        thread::sleep(after);
        write!(self.input, "{key}").unwrap();
        self.input.flush().unwrap();
    }

    /// It ends by itself, and well.
    pub(crate) fn end(mut self) {
        let began = Instant::now();
        let shown = || plain(&self.shown.lock().unwrap());
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                assert!(status.success(), "{status}: {}", shown());
                return;
            }
            assert!(began.elapsed() < PATIENCE, "it goes on: {}", shown());
            thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Terminal {
    /// A program may outlive its terminal, and what it started may outlive it: they are one group, named after the first.
    fn drop(&mut self) {
        let children = format!("/proc/{0}/task/{0}/children", self.child.id());
        if let Some(group) = fs::read_to_string(children).ok().filter(|group| !group.is_empty()) {
            let _ = Command::new("sh").args(["-c", "kill -KILL -- -$0", group.trim()]).status();
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn keep(mut output: ChildStdout, shown: &Mutex<Vec<u8>>) {
    let mut piece = [0; 4096];
    while let Ok(length @ 1..) = output.read(&mut piece) {
        shown.lock().unwrap().extend_from_slice(&piece[..length]);
    }
}

/// The words alone: a program places them by the terminal's commands, which count as a blank.
fn plain(shown: &[u8]) -> String {
    let text = String::from_utf8_lossy(shown);
    let mut words = String::new();
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match c {
            '\u{1b}' => {
                skip_command(&mut rest);
                words.push(' ');
            }
            _ => words.push(c),
        }
    }
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// ECMA-48: `CSI … final`, `OSC … BEL`, and commands of one character.
fn skip_command(rest: &mut std::str::Chars) {
    match rest.next() {
        Some('[') => while rest.next().is_some_and(|c| !('@'..='~').contains(&c)) {},
        Some(']') => while rest.next().is_some_and(|c| c != '\u{7}' && c != '\\') {},
        _ => {}
    }
}
