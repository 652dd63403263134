//! `completions` and `man`: what a shell and a reader of manuals are given, made of the command line itself.

use clap::CommandFactory as _;
use clap_complete::Shell;
use clap_mangen::Man;

use super::{Cli, CliError};

pub(super) const COMPLETIONS_EXAMPLE: &str = "\
Examples:
  mcp-auth-sidecar completions bash > /etc/bash_completion.d/mcp-auth-sidecar
  mcp-auth-sidecar completions zsh > ~/.zfunc/_mcp-auth-sidecar
  mcp-auth-sidecar completions fish > ~/.config/fish/completions/mcp-auth-sidecar.fish";
pub(super) const MAN_EXAMPLE: &str = "\
Examples:
  mcp-auth-sidecar man > /usr/local/share/man/man1/mcp-auth-sidecar.1
  mcp-auth-sidecar man keys promote | man -l -";

pub(super) fn completions(shell: Shell) -> String {
    let mut command = Cli::command();
    let (name, mut script) = (command.get_name().to_owned(), Vec::new());
    clap_complete::generate(shell, &mut command, name, &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

/// The page of a command that is named word by word; of the program where no word is.
pub(super) fn page(words: &[String]) -> Result<String, CliError> {
    let mut program = Cli::command();
    // Gives each command its full name, as it is typed.
    program.build();
    let mut command = &program;
    for word in words {
        let found = command.find_subcommand(word);
        command = found.ok_or_else(|| CliError::Usage("man: there is no such command".to_owned()))?;
    }
    let mut page = Vec::new();
    let source = concat!("mcp-auth-sidecar ", env!("CARGO_PKG_VERSION"));
    Man::new(command.clone()).source(source).render(&mut page)?;
    // What stands behind the options has lines of its own, and a name that readers of manuals look for.
    let heading = if words.is_empty() { ".SH EXIT STATUS\n.nf\n" } else { ".SH EXAMPLES\n.nf\n" };
    Ok(String::from_utf8_lossy(&page).replace(".SH EXTRA\n", heading))
}
