//! A judge is a program that runs for as long as it may take; what it prints lies in the ground's folder.

use std::{
    fs::{self, File},
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::ground::Ground;

const PATIENCE: Duration = Duration::from_secs(45);

#[derive(Debug)]
pub(crate) struct Judge {
    child: Child,
    began: Instant,
    out: PathBuf,
}

#[derive(Debug)]
pub(crate) struct Verdict {
    pub is_content: bool,
    pub said: String,
}

impl Judge {
    /// It sees no variable but `PATH`, `HOME` (the ground's folder) and `environment`.
    pub(crate) fn start(
        name: &str,
        program: &[String],
        environment: &[(&str, String)],
        ground: &Ground,
    ) -> Self {
        let out = ground.folder.join(format!("{name}.out"));
        let child = Command::new(&program[0])
            .args(&program[1..])
            .current_dir(&ground.folder)
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", &ground.folder)
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(File::create(&out).unwrap())
            .stderr(File::create(ground.folder.join(format!("{name}.err"))).unwrap())
            .spawn()
            .unwrap();
        Self { child, began: Instant::now(), out }
    }

    /// What it prints on the way, as soon as `find` finds it.
    pub(crate) async fn hear<T>(&mut self, find: impl Fn(&str) -> Option<T>) -> Result<T, String> {
        loop {
            let has_ended = self.has_ended()?.is_some();
            match find(&self.said()) {
                Some(found) => return Ok(found),
                None if has_ended => return Err(format!("it ended early: {}", last_line(&self.said()))),
                None => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
    }

    pub(crate) async fn verdict(mut self) -> Result<Verdict, String> {
        loop {
            if let Some(is_content) = self.has_ended()? {
                return Ok(Verdict { is_content, said: self.said() });
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    fn has_ended(&mut self) -> Result<Option<bool>, String> {
        match self.child.try_wait().unwrap() {
            Some(status) => Ok(Some(status.success())),
            None if self.began.elapsed() > PATIENCE => Err(format!("it took longer than {PATIENCE:?}")),
            None => Ok(None),
        }
    }

    fn said(&self) -> String {
        fs::read_to_string(&self.out).unwrap()
    }
}

impl Drop for Judge {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Verdict {
    pub(crate) fn json(&self) -> Result<Value, String> {
        let json = serde_json::from_str(&self.said).ok().filter(|_| self.is_content);
        json.ok_or_else(|| format!("it broke down: {}", last_line(&self.said)))
    }
}

fn last_line(said: &str) -> &str {
    said.lines().last().unwrap_or("(nothing)")
}
