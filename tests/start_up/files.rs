//! The operator's files: what is in them when the server starts must hold.

use crate::harness::{Operator, Running, Said};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// T14, AZ-75: a deny file that does not parse denies nobody, so nothing starts
#[test]
fn a_broken_deny_file_ends_the_start_and_names_the_line() {
    let operator = Operator::new();
    let name = "MCP_AUTH_DENY_FILE";
    for (text, line) in [
        ("persons alice@example.com\n", "line 1"),
        ("# left in May\nperson alice@example.com before May\n", "line 2"),
        ("person alice@example.com\n\nredirect\n", "line 3"),
        ("before 2026-11-25\n", "line 1"),
        ("person alice@example.com bob@example.com\n", "line 1"),
    ] {
        let said = with_file(&operator, name, text);
        assert_refused(&said, name, text);
        assert!(said.err.contains(line), "{line} in {}", said.err);
    }
    assert_refused(&operator.run(&[], &[(name, "/nowhere/deny")]), name, "/nowhere/deny");
    for good in [
        "",
        "# nobody\n",
        "person alice@example.com\nclient abc before 2026-11-25T12:00:00Z # x\nredirect cb.example\nbefore 2026-11-25T12:00:00+01:00\n",
    ] {
        let said = with_file(&operator, name, good);
        assert_eq!(said.code, Some(0), "{good}: {}", said.err);
    }
}

/// T27: an export that broke must neither lock everybody out nor let anybody in
#[test]
fn a_people_file_that_names_nobody_or_nonsense_ends_the_start() {
    let operator = Operator::new();
    let name = "MCP_AUTH_DEFAULT_PEOPLE_FILE";
    for text in [
        "",
        "# nobody\n",
        "alice\n",
        "alice@example.com\n<html>\n",
        "@\n",
        "alice@example.com bob@example.com\n",
    ] {
        assert_refused(&with_file(&operator, name, text), name, text);
    }
    assert_refused(&operator.run(&[], &[(name, "/nowhere/people")]), name, "/nowhere/people");
    let said = with_file(&operator, name, "Alice@example.com # first\n@example.org\n");
    assert_eq!(said.code, Some(0), "{}", said.err);
}

/// CIMD-02, CIMD-05, CIMD-08, CIMD-09, CIMD-24: a document that describes no client of ours ends the start
#[test]
fn a_broken_document_ends_the_start_and_names_its_file() {
    let operator = Operator::new();
    let folder = operator.path("documents");
    let name = "MCP_AUTH_CLIENT_DOCUMENTS_DIR";
    for wrong in [
        "",
        "<html>",
        "[]",
        r#"{"client_id": "https://app.example/c", "redirect_uris": ["https://app.example/cb"]}"#,
        r#"{"client_id": "http://app.example/c", "client_name": "App", "redirect_uris": ["https://app.example/cb"]}"#,
        r#"{"client_id": "https://app.example/c", "client_name": "App", "redirect_uris": []}"#,
        r#"{"client_id": "https://app.example/c", "client_name": "App", "redirect_uris": ["http://app.example/cb"]}"#,
        r#"{"client_id": "https://app.example/c", "client_name": "App", "redirect_uris": ["https://app.example/cb"], "token_endpoint_auth_method": "private_key_jwt"}"#,
        r#"{"client_id": "https://app.example/c", "client_name": "App", "redirect_uris": ["https://app.example/cb"], "client_secret": "x"}"#,
    ] {
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("app.json"), wrong).unwrap();
        let said =
            check(&operator, &[(name, text(&folder)), ("MCP_AUTH_DEFAULT_CLIENT_DOCUMENTS", "pinned")]);
        assert_refused(&said, name, wrong);
        assert!(said.err.contains("app.json"), "{wrong}: {}", said.err);
    }
    assert_refused(&check(&operator, &[(name, "/nowhere/documents")]), name, "/nowhere/documents");
}

/// AZ-61, CIMD-26: where a document may be a stranger's, nobody goes unasked
#[test]
fn asking_nobody_is_not_for_sites_with_documents() {
    let operator = Operator::new();
    let never = ("MCP_AUTH_CONSENT", "never");
    let closed = ("MCP_AUTH_DEFAULT_REGISTRATION", "off");
    for documents in ["pinned", "fetch"] {
        let settings = [never, closed, ("MCP_AUTH_DEFAULT_CLIENT_DOCUMENTS", documents)];
        assert_refused(&check(&operator, &settings), never.0, documents);
    }
    assert_eq!(check(&operator, &[never, closed]).code, Some(0));
}

/// design 4: the owner's, and a group's where the operator says so
#[test]
fn a_check_and_the_start_say_that_everybody_may_read_the_keys() {
    for (of_ring, of_folder, told) in [
        (0o600, 0o755, false),
        (0o440, 0o755, false),
        (0o604, 0o755, true),
        (0o644, 0o711, true),
        (0o644, 0o750, false),
    ] {
        let operator = Operator::new();
        fs::set_permissions(operator.path(""), fs::Permissions::from_mode(0o755)).unwrap();
        // Where only the owner comes as far as this, nobody else reads it.
        let is_open = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o001 != 0;
        let told = told && operator.path("").ancestors().all(is_open);
        for (path, mode) in [(operator.keys().join("session.json"), of_ring), (operator.keys(), of_folder)] {
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        }
        let said = check(&operator, &[]);
        assert_eq!(said.code, Some(0), "{}", said.err);
        assert_eq!(
            said.out.contains("note: MCP_AUTH_KEYS_DIR: "),
            told,
            "{of_ring:o} {of_folder:o}: {}",
            said.out
        );
        let log = Running::start(&operator, &[]).ended().err;
        assert_eq!(log.contains("MCP_AUTH_KEYS_DIR: "), told, "{of_ring:o} {of_folder:o}: {log}");
    }
}

/// design 5.14: what memory forgets the deny file keeps, and the check says so
#[test]
fn a_check_says_which_revocation_lasts() {
    let said = check(&Operator::new(), &[]);
    assert!(said.all().contains("deny file"), "{}", said.all());
}

fn with_file(operator: &Operator, name: &str, content: &str) -> Said {
    let file = operator.path("a-file");
    fs::write(&file, content).unwrap();
    check(operator, &[(name, text(&file))])
}

fn check(operator: &Operator, settings: &[(&str, &str)]) -> Said {
    operator.run(&["check"], settings)
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn assert_refused(said: &Said, name: &str, value: &str) {
    assert_eq!(said.code, Some(64), "{name}={value}: {}", said.all());
    assert!(said.err.contains(name), "{name}={value}: {}", said.err);
}
