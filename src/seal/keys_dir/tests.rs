//! A directory that somebody else writes while a server reads it.

use std::os::unix::fs::symlink;

use super::*;

const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

fn kid(keys: &Keys) -> String {
    keys.current().access.active().record().kid().to_owned()
}

fn failures(telemetry: &Telemetry) -> bool {
    let text = telemetry.text();
    let counts =
        text.lines().filter_map(|line| line.strip_prefix("mcp_auth_file_failures_total{file=\"keys\"} "));
    counts.into_iter().any(|count| count != "0")
}

#[test]
fn a_swapped_secret_is_in_force_whole() {
    let dir = tempfile::tempdir().unwrap();
    let mount = |generation: &str| {
        init(&dir.path().join(generation), NOW).unwrap();
        let _ = fs::remove_file(dir.path().join("..data.tmp"));
        symlink(generation, dir.path().join("..data.tmp")).unwrap();
        fs::rename(dir.path().join("..data.tmp"), dir.path().join("..data")).unwrap();
    };
    mount("..1");
    for purpose in Purpose::ALL {
        let name = purpose.file();
        symlink(Path::new("..data").join(&name), dir.path().join(&name)).unwrap();
    }
    let (keys, telemetry) = (Keys::read(dir.path()).unwrap(), Telemetry::default());
    let before = kid(&keys);
    keys.look(&telemetry, NOW);
    assert_eq!(kid(&keys), before);
    assert!(matches!(Locked::new(dir.path()), Err(KeysError::Link(_))), "not to be changed here");
    mount("..2");
    keys.look(&telemetry, NOW);
    assert_ne!(kid(&keys), before);
    assert!(!failures(&telemetry));
}

#[test]
fn a_key_that_lies_in_two_rings_is_in_neither() {
    let dir = tempfile::tempdir().unwrap();
    init(dir.path(), NOW).unwrap();
    let access = fs::read_to_string(dir.path().join("access.json")).unwrap();
    let encrypts = access.replace("\"kty\"", &format!("\"k\": \"{}\", \"kty\"", "A".repeat(43)));
    for (name, shared) in [("registration.json", access), ("session.json", encrypts)] {
        let (keys, telemetry) = (Keys::read(dir.path()).unwrap(), Telemetry::default());
        let (path, before) = (dir.path().join(name), format!("{keys:?}"));
        let good = fs::read(&path).unwrap();
        fs::write(&path, shared).unwrap();
        keys.look(&telemetry, NOW);
        assert_eq!(format!("{keys:?}"), before);
        assert!(failures(&telemetry));
        let refused = Keys::read(dir.path()).unwrap_err().to_string();
        assert!(refused.ends_with(&format!("{name}: a key of it is in another ring, too")), "{refused}");
        fs::write(&path, good).unwrap();
    }
}

#[test]
fn what_was_read_is_not_printed() {
    let dir = tempfile::tempdir().unwrap();
    init(dir.path(), NOW).unwrap();
    let (keys, text) = (Keys::read(dir.path()).unwrap(), fs::read(dir.path().join("access.json")).unwrap());
    let (printed, bytes) = (format!("{keys:?}"), format!("{text:?}"));
    assert!(!printed.contains(bytes.trim_matches(['[', ']'])), "{}", printed.len());
    assert!(printed.contains(&kid(&keys)), "{printed}");
}

#[test]
fn a_bad_set_leaves_the_last_good_one() {
    let dir = tempfile::tempdir().unwrap();
    init(dir.path(), NOW).unwrap();
    let keys = Keys::read(dir.path()).unwrap();
    let (before, session) = (kid(&keys), fs::read(dir.path().join("session.json")).unwrap());
    let half = &session[..session.len() / 2];
    for bad in [&b""[..], half, b"{}", &fs::read(dir.path().join("access.json")).unwrap()] {
        let telemetry = Telemetry::default();
        fs::write(dir.path().join("session.json"), bad).unwrap();
        keys.look(&telemetry, NOW);
        assert!(kid(&keys) == before && failures(&telemetry));
    }
    let telemetry = Telemetry::default();
    fs::remove_file(dir.path().join("session.json")).unwrap();
    keys.look(&telemetry, NOW);
    assert!(kid(&keys) == before && failures(&telemetry));
    fs::write(dir.path().join("session.json"), session).unwrap();
    let telemetry = Telemetry::default();
    keys.look(&telemetry, NOW);
    assert!(kid(&keys) == before && !failures(&telemetry));
}

#[test]
fn an_unknown_key_asks_the_disk_at_most_once_a_second() {
    let dir = tempfile::tempdir().unwrap();
    init(dir.path(), NOW).unwrap();
    let keys = Keys::read(dir.path()).unwrap();
    assert!(keys.missed(NOW).is_none(), "nothing changed");
    fs::remove_file(dir.path().join("access.json")).unwrap();
    write_new(&dir.path().join("access.json"), &ring::fresh(Purpose::Access, NOW)).unwrap();
    assert!(keys.missed(NOW).is_none(), "within the second");
    assert!(keys.missed(NOW + Seconds(1)).is_some());
}

#[test]
fn a_job_that_died_half_way_leaves_a_usable_directory() {
    let dir = tempfile::tempdir().unwrap();
    init(dir.path(), NOW).unwrap();
    fs::write(dir.path().join(".access.new"), "{\"keys\": [").unwrap();
    let locked = Locked::new(dir.path()).unwrap();
    let rings = locked.rings().unwrap();
    locked.replace(Purpose::Access, &rings.access).unwrap();
    assert!(Keys::read(dir.path()).is_ok());
    assert!(!dir.path().join(".access.new").exists());
}

#[test]
fn a_folder_without_rings_is_told_from_one_with_broken_rings() {
    let dir = tempfile::tempdir().unwrap();
    assert!(Keys::read(dir.path()).unwrap_err().is_missing());
    init(dir.path(), NOW).unwrap();
    fs::write(dir.path().join("access.json"), "{}").unwrap();
    assert!(!Keys::read(dir.path()).unwrap_err().is_missing());
}

#[test]
fn a_ring_that_is_replaced_stays_readable_for_whom_it_was() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().unwrap();
    let paths = init(dir.path(), NOW).unwrap();
    let mode = || fs::metadata(&paths[0]).unwrap().permissions().mode() & 0o777;
    let locked = Locked::new(dir.path()).unwrap();
    for kept in [0o600, 0o640] {
        fs::set_permissions(&paths[0], fs::Permissions::from_mode(kept)).unwrap();
        locked.replace(Purpose::Access, &locked.rings().unwrap().access).unwrap();
        assert_eq!(mode(), kept);
    }
}

/// The one that was slow read what a retired key was still good in.
#[test]
fn of_two_that_look_at_once_the_older_sight_does_not_win() {
    let dir = tempfile::tempdir().unwrap();
    let (slow, access) = (dir.path().join("slow"), dir.path().join("access.json"));
    init(dir.path(), NOW).unwrap();
    let (keys, old) = (Keys::read(dir.path()).unwrap(), ring::fresh(Purpose::Access, NOW));
    fs::rename(&access, dir.path().join("new")).unwrap();
    let fresh = ring::fresh(Purpose::Access, NOW);
    fs::write(dir.path().join("new"), &fresh).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(&slow).status().unwrap().success());
    fs::rename(&slow, &access).unwrap();
    let look = |keys: &Keys| keys.look(&Telemetry::default(), NOW);
    std::thread::scope(|threads| {
        threads.spawn(|| look(&keys));
        // There is somebody who writes as soon as there is somebody who reads.
        let mut pipe = File::options().write(true).open(&access).unwrap();
        fs::rename(dir.path().join("new"), &access).unwrap();
        let second = threads.spawn(|| look(&keys));
        std::thread::sleep(std::time::Duration::from_millis(200));
        pipe.write_all(old.as_bytes()).unwrap();
        drop(pipe);
        second.join().unwrap();
    });
    let fresh = Ring::from_json(Purpose::Access, fresh.as_bytes()).unwrap();
    assert_eq!(kid(&keys), fresh.active().record().kid());
}
