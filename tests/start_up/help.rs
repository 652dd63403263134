//! The command line as people expect it: help with examples, shapes that hold, exit codes, manuals, completions.

use crate::harness::{Operator, SECRET, Said};
use serde_json::Value;
use std::fs;
use std::mem::discriminant;
use std::process::Command;

/// Every command that does something.
const COMMANDS: [&[&str]; 15] = [
    &["serve"],
    &["keys", "init"],
    &["keys", "stage"],
    &["keys", "promote"],
    &["keys", "retire"],
    &["keys", "status"],
    &["keys", "tick"],
    &["client", "mint"],
    &["token", "inspect"],
    &["check"],
    &["doctor"],
    &["healthcheck"],
    &["secret"],
    &["completions"],
    &["man"],
];

#[test]
fn the_help_of_every_command_has_an_example_and_no_colours_where_nobody_looks() {
    let operator = Operator::without_keys();
    for command in COMMANDS {
        let said = operator.run(&[command, &["--help"]].concat(), &[]);
        assert_eq!(said.code, Some(0), "{}", said.err);
        let example = said.out.split_once("Example").map(|(_, example)| example).unwrap_or_default();
        assert!(example.contains(command.last().unwrap()), "{command:?}: {}", said.out);
        assert!(!said.out.contains('\u{1b}'), "{command:?}");
        let widest = said.out.lines().map(|line| line.chars().count()).max();
        assert!(widest.is_some_and(|widest| widest <= 100), "{command:?}: {widest:?}");
    }
}

#[test]
fn the_help_names_every_command_and_every_exit_code() {
    let operator = Operator::without_keys();
    let help = operator.run(&["--help"], &[]).out;
    let (commands, codes) = help.split_once("Exit codes:").unwrap();
    for command in COMMANDS {
        assert!(commands.contains(&format!("\n  {} ", command[0])), "{command:?} in {commands}");
    }
    for code in [" 0  ", " 1  ", " 64  ", " 69  "] {
        assert!(codes.contains(code), "{code} in {codes}");
    }
}

/// design 2: a mistake on the command line is one of the configuration, for whoever reads exit codes
#[test]
fn a_wrong_command_line_ends_with_64_and_help_with_0() {
    let operator = Operator::new();
    for (arguments, code) in [
        (&["serv"][..], 64),
        (&["--loudly"], 64),
        (&["keys"], 64),
        (&["keys", "promote", "acces"], 64),
        (&["keys", "tick", "--access-days", "1"], 64),
        (&["client", "mint"], 64),
        (&["client", "mint", "--name", "x"], 64),
        (&["token", "inspect", "--site", "elsewhere"], 64),
        (&["doctor"], 64),
        (&["doctor", "mcp.example.com/mcp"], 64),
        (&["doctor", "https://mcp.example.com/mcp", "--for", "somebody"], 64),
        (&["doctor", "https://mcp.example.com/mcp", "--at", "somewhere"], 64),
        (&["doctor", "https://mcp.example.com/mcp", "--foreign-host", "a b"], 64),
        (&["completions", "tcsh"], 64),
        (&["man", "keys", "turn"], 64),
        (&["keys", "promote", "access"], 1),
        (&["keys", "init"], 1),
        (&["--version"], 0),
        (&["keys", "--help"], 0),
        (&["help", "keys", "tick"], 0),
    ] {
        let said = operator.run(arguments, &[]);
        assert_eq!(said.code, Some(code), "{arguments:?}: {}", said.all());
        assert_eq!(said.err.is_empty(), code == 0, "{arguments:?}: {}", said.all());
    }
}

#[test]
fn an_address_for_the_doctor_that_lacks_its_scheme_is_told_what_it_lacks() {
    let operator = Operator::new();
    for (address, lacks) in [
        ("mcp.example.com/mcp", "it begins with https://"),
        ("localhost:8443/mcp", "it begins with https://"),
        ("https://", "it is malformed"),
    ] {
        let said = operator.run(&["doctor", address], &[]);
        assert!(said.err.contains(lacks), "{address}: {}", said.err);
    }
}

/// A script may rely on what the help shows
#[test]
fn the_json_of_every_command_has_the_shape_of_its_help() {
    let operator = Operator::without_keys();
    for arguments in [
        &["keys", "init"][..],
        &["keys", "tick"],
        &["keys", "status"],
        &["keys", "stage", "access"],
        &["keys", "promote", "access", "--force"],
        &["keys", "retire", "access", "--force"],
        &["client", "mint", "--name", "x", "--redirect-uri", "https://a.example/cb"],
        &["check"],
    ] {
        let said = operator.run(&[arguments, &["--json"]].concat(), &[]);
        assert_eq!(said.code, Some(0), "{arguments:?}: {}", said.err);
        assert_eq!(said.out.lines().count(), 1, "{arguments:?}: {}", said.out);
        let words = if arguments[0] == "check" { &arguments[..1] } else { &arguments[..2] };
        let shown = shape(&operator, words);
        let printed: Value = serde_json::from_str(&said.out).unwrap();
        assert!(fits(&shown, &printed), "{arguments:?}: {printed} is not like {shown}");
    }
}

#[test]
fn the_json_of_an_inspection_has_the_shape_of_its_help() {
    let operator = Operator::new();
    let mint = ["client", "mint", "--name", "x", "--redirect-uri", "https://a.example/cb", "--json"];
    let minted: Value = serde_json::from_str(&operator.run(&mint, &[]).out).unwrap();
    let said = operator.told(&["token", "inspect", "--json"], &[], minted["client_id"].as_str().unwrap());
    let printed: Value = serde_json::from_str(&said.out).unwrap();
    assert!(fits(&shape(&operator, &["token", "inspect"]), &printed), "{printed}");
}

/// An address that nothing needs to be asked about
#[test]
fn the_json_of_an_examination_has_the_shape_of_its_help() {
    let operator = Operator::without_keys();
    let said = operator.run(&["doctor", "http://mcp.example.com/mcp", "--json"], &[]);
    assert_eq!(said.code, Some(1), "{}", said.err);
    let printed: Value = serde_json::from_str(&said.out).unwrap();
    assert!(fits(&shape(&operator, &["doctor"]), &printed), "{printed}");
}

/// A key's name, what was done, and what it costs: nothing of the keys themselves
#[test]
fn json_shows_no_secret() {
    let operator = Operator::new();
    let texts = ["access", "session", "registration"]
        .map(|ring| fs::read_to_string(operator.keys().join(format!("{ring}.json"))).unwrap());
    for arguments in [&["check", "--json"][..], &["keys", "status", "--json"], &["keys", "tick", "--json"]] {
        let said = operator.run(arguments, &[]).all();
        assert!(!said.contains(SECRET), "{said}");
        for text in &texts {
            let ring: Value = serde_json::from_str(text).unwrap();
            let secrets = ring["keys"][0]
                .as_object()
                .unwrap()
                .iter()
                .filter(|(name, _)| ["d", "k"].contains(&name.as_str()));
            secrets.for_each(|(_, secret)| assert!(!said.contains(secret.as_str().unwrap()), "{said}"));
        }
    }
}

#[test]
fn every_command_has_a_manual_page() {
    let operator = Operator::without_keys();
    for command in COMMANDS {
        let said = operator.run(&[&["man"], command].concat(), &[]);
        assert_eq!(said.code, Some(0), "{}", said.err);
        let name = format!(".TH mcp-auth-sidecar-{} 1", command.join("-"));
        let source = format!("\"mcp-auth-sidecar {}\"", env!("CARGO_PKG_VERSION"));
        let title = said.out.lines().find(|line| line.starts_with(&name)).unwrap_or_default();
        assert!(title.contains(&source), "{name} {source} in {}", said.out);
        assert!(said.out.contains("\n.SH EXAMPLES\n"), "{command:?}: {}", said.out);
    }
    let whole = operator.run(&["man"], &[]).out;
    assert!(whole.contains(".TH mcp-auth-sidecar 1") && whole.contains("\n.SH EXIT STATUS\n"), "{whole}");
}

/// A real bash that completes a command
#[test]
fn a_shell_completes_what_was_begun() {
    let operator = Operator::without_keys();
    let script = operator.path("completions");
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let said = operator.run(&["completions", shell], &[]);
        assert!(said.code == Some(0) && said.out.contains("healthcheck"), "{shell}: {}", said.all());
        fs::write(&script, said.out).unwrap();
        if shell != "bash" {
            continue;
        }
        let mut bash = Command::new("bash");
        bash.args(["--norc", "-c", COMPLETE, "bash", script.to_str().unwrap()]);
        let completed = Said::of(bash);
        assert_eq!(completed.out.trim(), "promote", "{}", completed.all());
    }
}

/// What bash does when somebody types `mcp-auth-sidecar keys pro` and presses the key.
const COMPLETE: &str = r#"source "$1"
COMP_WORDS=(mcp-auth-sidecar keys pro) COMP_CWORD=2
completer=$(complete -p mcp-auth-sidecar | grep -o -- '-F [^ ]*' | cut -c4-)
"$completer" mcp-auth-sidecar pro keys
echo "${COMPREPLY[*]}""#;

/// What the help of a command shows of its JSON.
fn shape(operator: &Operator, command: &[&str]) -> Value {
    let help = operator.run(&[command, &["--help"]].concat(), &[]).out;
    let (_, text) = help.split_once("\nJSON").unwrap_or_else(|| panic!("no JSON in {help}"));
    let text = &text[text.find("\n  {").unwrap()..];
    let shown = serde_json::Deserializer::from_str(text).into_iter().next().unwrap();
    shown.unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// The same names with values of the same types, where neither is null; a map may hold more than is shown.
fn fits(shown: &Value, printed: &Value) -> bool {
    match (shown, printed) {
        (Value::Null, _) | (_, Value::Null) => true,
        (Value::Object(shown), Value::Object(printed)) => {
            shown.iter().all(|(name, value)| printed.get(name).is_some_and(|other| fits(value, other)))
        }
        (Value::Array(shown), Value::Array(printed)) => {
            let Some(first) = shown.first() else { return true };
            printed.iter().all(|value| fits(first, value))
        }
        _ => discriminant(shown) == discriminant(printed),
    }
}
