//! Processes that end with the benchmark, and what they use.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::Outcome;
use crate::figures::between;

/// Python takes its time to start on a machine that has other work.
const PATIENCE: Duration = Duration::from_mins(1);

pub(crate) struct Process(pub(crate) Child);

impl Process {
    pub(crate) fn start(command: &mut Command) -> Outcome<Self> {
        let name = command.get_program().to_owned();
        let failed = |error| format!("{}: {error}", name.display());
        Ok(Self(command.stdin(Stdio::null()).spawn().map_err(failed)?))
    }

    /// CPU of its threads and those of its children so far, as the scheduler counts it. (`stat` counts ticks.)
    pub(crate) fn cpu(&self) -> Outcome<Duration> {
        let own = format!("/proc/{0}/task/{0}/children", self.0.id());
        let children = fs::read_to_string(own)?;
        let mut sum = threads_cpu(&self.0.id().to_string())?;
        for child in children.split_whitespace() {
            sum += threads_cpu(child)?;
        }
        Ok(sum)
    }

    pub(crate) fn memory_kib(&self) -> Outcome<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0.id()))?;
        Ok(between(&status, "VmRSS:", "kB")?.trim().parse()?)
    }

    pub(crate) fn signal(&self, name: &str) -> Outcome<()> {
        Command::new("kill").args([name, &self.0.id().to_string()]).status()?;
        Ok(())
    }
}

/// nginx must be asked, or its workers stay behind.
impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.signal("-TERM");
        let asked = Instant::now();
        while matches!(self.0.try_wait(), Ok(None)) && asked.elapsed() < PATIENCE {
            std::thread::sleep(Duration::from_millis(5));
        }
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// This process and whatever it starts from now on stay on one core, until this is dropped. What they wake one
/// another for then costs the same each time, wherever the rest of the machine's work happens to run.
pub(crate) struct OneCore {
    before: String,
}

impl OneCore {
    pub(crate) fn keep() -> Outcome<Self> {
        let status = fs::read_to_string("/proc/self/status")?;
        let before = between(&status, "Cpus_allowed_list:", "\n")?.trim().to_owned();
        let first = before.split([',', '-']).next().unwrap_or_default();
        keep_to(first)?;
        Ok(Self { before })
    }
}

impl Drop for OneCore {
    fn drop(&mut self) {
        let _ = keep_to(&self.before);
    }
}

fn keep_to(cores: &str) -> Outcome<()> {
    let own = std::process::id().to_string();
    let done =
        Command::new("taskset").args(["-a", "-c", "-p", cores, &own]).stdout(Stdio::null()).status()?;
    if done.success() { Ok(()) } else { Err(format!("taskset cannot keep this to core {cores}").into()) }
}

fn threads_cpu(process: &str) -> Outcome<Duration> {
    let mut sum = Duration::ZERO;
    for thread in fs::read_dir(format!("/proc/{process}/task"))? {
        sum += scheduled(&thread?.path().join("schedstat").display().to_string())?;
    }
    Ok(sum)
}

/// CPU of the thread that asks.
pub(crate) fn own_cpu() -> Outcome<Duration> {
    scheduled("/proc/thread-self/schedstat")
}

fn scheduled(path: &str) -> Outcome<Duration> {
    let text = fs::read_to_string(path)?;
    Ok(Duration::from_nanos(text.split(' ').next().unwrap_or_default().parse()?))
}

/// Asks again and again until there is an answer.
pub(crate) fn until<T>(what: &str, mut ask: impl FnMut() -> Outcome<T>) -> Outcome<T> {
    let began = Instant::now();
    loop {
        match ask() {
            Ok(answer) => return Ok(answer),
            Err(error) if began.elapsed() > PATIENCE => return Err(format!("{what}: {error}").into()),
            Err(_) => std::thread::sleep(Duration::from_millis(10)),
        }
    }
}
