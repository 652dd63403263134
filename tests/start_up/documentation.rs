//! What `docs/` tells people to type: a block of `sh` is run, one of `console` is somebody else's affair and says so.

use crate::harness::{Operator, Running, Said};
use crate::logging::Alice;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
/// Every other page goes on where this one ends.
const FIRST: &str = "docs/quick-start.md";

/// A block between fences, and its language.
struct Block {
    language: String,
    text: String,
}

#[tokio::test]
async fn every_command_of_the_documentation_does_what_the_page_says() {
    let log = log_of_a_day().await;
    let first = script(&read(FIRST));
    assert!(first.contains("keys init"), "{first}");
    let pages = pages();
    assert!(pages.len() > 10, "{pages:?}");
    for page in pages {
        let own = script(&read(&page));
        if own.is_empty() {
            continue;
        }
        let all = if page == FIRST { own } else { format!("{first}\n{own}") };
        let said = run(&all, &log);
        assert_eq!(said.code, Some(0), "{page}\n{}", said.all());
        if page == "docs/operations.md" {
            let told = format!("{}\t", Alice::SUB);
            assert!(said.out.contains(&told) && said.out.contains("\ttoken refreshed\t"), "{}", said.out);
        }
    }
}

#[test]
fn every_block_is_of_a_language_that_somebody_judges_and_every_target_of_make_is_there() {
    let makefile = read("Makefile");
    for page in pages() {
        for block in blocks(&read(&page)) {
            let known = ["sh", "console", "json", "yaml", "toml", ""];
            assert!(known.contains(&block.language.as_str()), "{page}: {}", block.language);
            if block.language == "json" {
                let parsed = serde_json::from_str::<serde_json::Value>(&block.text);
                assert!(parsed.is_ok(), "{page}: {}", block.text);
            }
            let makes = block.text.lines().filter_map(|line| line.strip_prefix("$ make "));
            for target in makes.filter_map(|line| line.split_whitespace().next()) {
                assert!(makefile.contains(&format!("\n{target}: ")), "{page}: make {target}");
            }
        }
    }
}

#[test]
fn every_link_to_a_file_leads_somewhere() {
    for page in pages().into_iter().chain(["README.md".to_owned(), "CONTRIBUTING.md".to_owned()]) {
        let folder = Path::new(ROOT).join(&page).parent().unwrap().to_owned();
        let text = read(&page);
        for target in text.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next()) {
            let is_web = target.contains("://") || target.is_empty();
            assert!(is_web || folder.join(target).exists(), "{page}: {target}");
        }
    }
}

/// What an audit is of: Alice connected, refreshed, and denied somebody.
async fn log_of_a_day() -> String {
    let operator = Operator::new();
    let server = Running::start(&operator, &[]);
    let alice = Alice::at(&server);
    let id = alice.register().await;
    alice.answers(&id, "deny").await;
    let tokens = alice.connects(&id).await;
    let refresh = tokens["refresh_token"].as_str().unwrap();
    alice.token(&[("grant_type", "refresh_token"), ("refresh_token", refresh)], &id).await;
    server.ended().err
}

fn run(script: &str, log: &str) -> Said {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("sidecar.log"), log).unwrap();
    let binary = Path::new(env!("CARGO_BIN_EXE_mcp-auth-sidecar")).parent().unwrap();
    let path = format!("{}:{ROOT}/tests/tools/bin:/usr/bin:/bin", binary.display());
    let mut command = Command::new("bash");
    command.args(["-euo", "pipefail", "-c", script]).current_dir(home.path()).env_clear();
    command.envs([("PATH", path.as_str()), ("REPOSITORY", ROOT), ("GOOGLE_CLIENT_SECRET", "GOCSPX-secret")]);
    Said::of(command)
}

fn pages() -> Vec<String> {
    let mut folders = vec![PathBuf::from("docs")];
    let mut pages = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(Path::new(ROOT).join(&folder)).unwrap() {
            let entry = entry.unwrap();
            let path = folder.join(entry.file_name());
            match path.extension() {
                _ if entry.path().is_dir() => folders.push(path),
                Some(extension) if extension == "md" => pages.push(path.to_str().unwrap().to_owned()),
                _ => {}
            }
        }
    }
    pages
}

fn read(file: &str) -> String {
    fs::read_to_string(Path::new(ROOT).join(file)).unwrap()
}

fn script(page: &str) -> String {
    let ours = blocks(page).into_iter().filter(|block| block.language == "sh");
    ours.map(|block| block.text).collect::<Vec<_>>().join("\n")
}

fn blocks(page: &str) -> Vec<Block> {
    let fenced = page.split("\n```").skip(1).step_by(2);
    let block = |text: &str| {
        let (language, text) = text.split_once('\n').unwrap_or_default();
        Block { language: language.to_owned(), text: text.to_owned() }
    };
    fenced.map(block).collect()
}
