//! Writes at the same time: the API server takes one of them, and who lost starts over on what is there now.

use std::process::Output;
use std::sync::Arc;
use std::thread;

use crate::job::{DAY, Job, NAME, said};
use crate::rival::{Change, Rival};

const LOST: &str = "GET 200, PUT 409";

#[test]
fn who_lost_against_somebodys_label_starts_over_and_both_changes_stay() {
    let job = Arc::new(Job::installed("rivals-labels"));
    for (rivals, code, sentence, seen) in [
        (0, 0, "access: a key is staged", vec!["GET 200, PUT 200"]),
        (1, 0, "access: a key is staged", vec![LOST, "GET 200, PUT 200"]),
        (4, 0, "access: a key is staged", vec![LOST, LOST, LOST, LOST, "GET 200, PUT 200"]),
        (5, 1, "somebody else changed it 5 times in a row", vec![LOST; 5]),
    ] {
        renewed(&job);
        let rival = Rival::of(&job, (1..=rivals).map(label).collect());
        job.assert_says(&runs_against(&job, &rival), code, sentence);
        assert_eq!(rival.seen().join(", "), seen.join(", "), "{rivals} rivals");
        let keys = if code == 0 { 2 } else { 1 };
        assert_eq!((job.states("access").len(), written(&job)), (keys, rivals), "{rivals} rivals");
    }
}

#[test]
fn who_lost_against_a_change_of_the_rings_turns_those_that_are_there_now() {
    let job = Arc::new(Job::installed("rivals-rings"));
    let changes: [(Change, _, _, _); 3] = [
        (Box::new(another_job), 0, "access: nothing is due", "GET 200, PUT 409, GET 200"),
        (Box::new(other_rings), 0, "access: nothing is due", "GET 200, PUT 409, GET 200"),
        (Box::new(gone), 1, "there is none; `keys init`", "GET 200, PUT 404"),
    ];
    for (change, code, sentence, seen) in changes {
        renewed(&job);
        let rival = Rival::of(&job, vec![change]);
        job.assert_says(&runs_against(&job, &rival), code, sentence);
        assert_eq!(rival.seen().join(", "), seen);
        if code == 1 {
            job.make_rings(NAME);
        }
    }
}

#[test]
fn jobs_and_labels_at_the_same_time_stage_one_key_and_lose_nothing() {
    let job = Job::installed("rivals-many");
    // With the one job that comes first, four writes: nobody can lose five times.
    let labels = 3;
    job.age("access", 29 * DAY);
    let outputs: Vec<Output> = thread::scope(|all| {
        all.spawn(|| (1..=labels).for_each(|number| label(number)(&job)));
        let jobs: Vec<_> = (0..6).map(|_| all.spawn(|| job.runs())).collect();
        jobs.into_iter().map(|job| job.join().unwrap()).collect()
    });
    let staged = outputs.iter().filter(|output| said(output).contains("access: a key is staged")).count();
    assert_eq!((staged, job.states("access").len(), written(&job)), (1, 2, labels));
    assert!(outputs.iter().all(|output| output.status.success()), "{:?}", outputs.iter().map(said));
}

fn label(number: usize) -> Change {
    Box::new(move |job| {
        drop(job.kubectl(&["label", "--overwrite", "secret", NAME, &format!("write={number}")]));
    })
}

fn another_job(job: &Job) {
    job.assert_says(&job.runs(), 0, "access: a key is staged");
}

/// As when somebody brings a backup back.
fn other_rings(job: &Job) {
    gone(job);
    job.make_rings(NAME);
}

fn gone(job: &Job) {
    job.kubectl(&["delete", "secret", NAME]);
}

fn renewed(job: &Job) {
    other_rings(job);
    job.age("access", 29 * DAY);
}

fn runs_against(job: &Job, rival: &Rival) -> Output {
    job.command(&job.own()).args(["--kube-server", &rival.url]).output().unwrap()
}

/// The last label that somebody else wrote.
fn written(job: &Job) -> usize {
    let label = job.secret()["metadata"]["labels"]["write"].take();
    label.as_str().map_or(0, |number| number.parse().unwrap())
}
