//! Start-up: command line, environment, log, keys, bind, run.

use std::io::{Write as _, stderr};
use std::process::ExitCode;

use clap::Parser as _;
use mcp_auth_sidecar::cli::{self, Cli, CliError, Command, Vars};
use mcp_auth_sidecar::clock::Clock;
use mcp_auth_sidecar::config::{Config, LogFormat};
use mcp_auth_sidecar::server::Server;
use tracing::{error, info, warn};
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

fn main() -> ExitCode {
    let command = match Cli::try_parse() {
        Ok(cli) => cli.command,
        Err(said) => return answered(said),
    };
    let done = match command {
        None | Some(Command::Serve) => serve(environment()).map(|()| 0),
        Some(command) => run(&command, &environment()),
    };
    match done {
        Ok(code) => code.into(),
        Err(error) => {
            eprintln!("mcp-auth-sidecar: {error}");
            ExitCode::from(error.exit_code())
        }
    }
}

/// A mistake on the command line, or the help or the version that was asked for.
fn answered(said: clap::Error) -> ExitCode {
    let code = if said.use_stderr() { CliError::USAGE } else { 0 };
    let _ = cli::discreet(said).print();
    code.into()
}

/// Once, or again and again until it fails or is told to end.
fn run(command: &Command, vars: &Vars) -> Result<u8, CliError> {
    loop {
        let done = cli::run(command.clone(), vars.clone(), Clock::system().now())?;
        // A reader that has gone away has read enough.
        let _ = std::io::stdout().write_all(done.text.as_bytes());
        let Some(pause) = command.pause() else { return Ok(done.exit_code) };
        std::thread::sleep(pause);
    }
}

/// What is not UTF-8 is read as the replacement character, which no setting takes.
fn environment() -> Vars {
    std::env::vars_os()
        .map(|(name, value)| (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned()))
        .collect()
}

fn serve(vars: Vars) -> Result<(), CliError> {
    let config = Config::from_vars(vars)?;
    subscribe(&config);
    for warning in &config.warnings {
        warn!("{warning}");
    }
    actix_web::rt::System::new().block_on(async {
        let server = Server::bind(config, Clock::system())?;
        info!(address = server.listens(), admin = server.admin_listens(), "listening");
        Ok(server.run().await.inspect_err(|cause| error!(%cause, "the server ended"))?)
    })
}

fn subscribe(config: &Config) {
    let (log, lines) =
        (tracing_subscriber::registry().with(config.log.clone()), fmt::layer().with_writer(stderr));
    match config.log_format {
        LogFormat::Json => log.with(lines.json().flatten_event(true)).init(),
        LogFormat::Text => log.with(lines.with_ansi(false)).init(),
    }
}
