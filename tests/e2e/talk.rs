//! A client program that the test talks with, line by line over its standard input and output. It ends with its handle.

use std::{
    ffi::OsStr,
    fs::File,
    io::{BufRead, BufReader, Write},
    path::PathBuf,
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc::{Receiver, channel},
    thread,
    time::Duration,
};

use serde_json::Value;

use crate::{part, stack::Stack};

const PATIENCE: Duration = Duration::from_mins(3);

#[derive(Debug)]
pub(crate) struct Talk {
    child: Child,
    input: ChildStdin,
    lines: Receiver<String>,
    log: PathBuf,
}

impl Talk {
    /// What it says beside the talk goes into `{name}.log` in the stack's folder.
    pub(crate) fn with(
        name: &str,
        program: &[String],
        environment: &[(&str, &OsStr)],
        stack: &Stack,
    ) -> Self {
        let mut command = Command::new(&program[0]);
        command.args(&program[1..]).env_clear().envs(environment.iter().copied());
        Self::at(name, command, stack)
    }

    pub(crate) fn at(name: &str, mut command: Command, stack: &Stack) -> Self {
        let log = stack.folder.join(format!("{name}.log"));
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(File::create(&log).unwrap())
            .spawn()
            .unwrap();
        let (hear, lines) = channel();
        let output = BufReader::new(child.stdout.take().unwrap());
        thread::spawn(move || output.lines().map_while(Result::ok).try_for_each(|line| hear.send(line)));
        Self { input: child.stdin.take().unwrap(), child, lines, log }
    }

    pub(crate) fn say(&mut self, line: &str) {
        writeln!(self.input, "{line}").unwrap();
    }

    pub(crate) fn hear(&self) -> Value {
        let line = self.lines.recv_timeout(PATIENCE);
        let line = line.unwrap_or_else(|silence| {
            panic!("{silence}; {}:\n{}", self.log.display(), part::tail(&self.log))
        });
        serde_json::from_str(&line).unwrap_or_else(|_| panic!("not JSON: {line}"))
    }
}

impl Drop for Talk {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
