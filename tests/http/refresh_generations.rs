//! The generations of a family: one use each, a grace time for what got lost, and the end for a thief.

use crate::harness::TestServer;
use crate::refresh::{invalid_grant, signed_in};

/// TR-07, TR-15, T10, design 5.2
#[tokio::test]
async fn each_use_gives_a_successor() {
    let server = TestServer::spawn();
    let (client, first) = signed_in(&server).await;
    let second = server.refreshed(&client, &first.refresh).await;
    let third = server.refreshed(&client, &second.refresh).await;
    assert!(first.refresh != second.refresh && second.refresh != third.refresh);
    assert!(first.access != second.access);
}

/// TR-14, design 5.2: an answer may get lost, and it may take days to notice
#[tokio::test]
async fn a_token_is_good_again_until_its_successor_is_used() {
    let server = TestServer::spawn();
    let (client, first) = signed_in(&server).await;
    for _ in 0..3 {
        server.refreshed(&client, &first.refresh).await;
        server.wait(86_400);
    }
    let successor = server.refreshed(&client, &first.refresh).await;
    server.refreshed(&client, &successor.refresh).await;
    assert_eq!(server.token(&client.refresh(&first.refresh)).await.refusal(), invalid_grant());
}

/// design 5.2: two halves of one client
#[tokio::test]
async fn two_tokens_of_a_generation_may_be_used_within_the_grace_time() {
    let server = TestServer::spawn();
    let (client, first) = signed_in(&server).await;
    let one = server.refreshed(&client, &first.refresh).await;
    let other = server.refreshed(&client, &first.refresh).await;
    let next = server.refreshed(&client, &one.refresh).await;
    server.wait(59);
    server.refreshed(&client, &other.refresh).await;
    server.refreshed(&client, &next.refresh).await;
}

/// TR-08, design 5.2: a thief is found out at the second refresh, even one who keeps pace
#[tokio::test]
async fn two_tokens_of_a_generation_further_apart_end_the_family() {
    let server = TestServer::spawn();
    let (client, first) = signed_in(&server).await;
    let owner = server.refreshed(&client, &first.refresh).await;
    let thief = server.refreshed(&client, &first.refresh).await;
    let next = server.refreshed(&client, &thief.refresh).await;
    server.wait(61);
    assert_eq!(server.token(&client.refresh(&owner.refresh)).await.refusal(), invalid_grant());
    for dead in [&next.refresh, &thief.refresh, &owner.refresh, &first.refresh] {
        assert_eq!(server.token(&client.refresh(dead)).await.refusal(), invalid_grant());
    }
}

/// TR-07, TR-08, design 5.2
#[tokio::test]
async fn an_older_generation_is_refused_and_after_the_grace_time_ends_the_family() {
    let server = TestServer::spawn();
    let (client, first) = signed_in(&server).await;
    let second = server.refreshed(&client, &first.refresh).await;
    let third = server.refreshed(&client, &second.refresh).await;
    assert_eq!(server.token(&client.refresh(&first.refresh)).await.refusal(), invalid_grant());
    let third = server.refreshed(&client, &third.refresh).await;
    server.wait(61);
    assert_eq!(server.token(&client.refresh(&first.refresh)).await.refusal(), invalid_grant());
    assert_eq!(server.token(&client.refresh(&third.refresh)).await.refusal(), invalid_grant());
}

/// design 3, 5.2
#[tokio::test]
async fn the_grace_time_is_a_setting() {
    let server = TestServer::spawn_with([("MCP_AUTH_REFRESH_GRACE_SECS", "300")]);
    let (client, first) = signed_in(&server).await;
    let one = server.refreshed(&client, &first.refresh).await;
    let other = server.refreshed(&client, &first.refresh).await;
    server.refreshed(&client, &one.refresh).await;
    server.wait(299);
    server.refreshed(&client, &other.refresh).await;
}

/// TR-08, design 3, 5.2: not even the second in which both are used
#[tokio::test]
async fn without_a_grace_time_whatever_is_late_ends_the_family_at_once() {
    for is_older in [true, false] {
        let server = TestServer::spawn_with([("MCP_AUTH_REFRESH_GRACE_SECS", "0")]);
        let (client, first) = signed_in(&server).await;
        let other = server.refreshed(&client, &first.refresh).await;
        let one = server.refreshed(&client, &first.refresh).await;
        let next = server.refreshed(&client, &one.refresh).await;
        let late = if is_older { &first } else { &other };
        assert_eq!(server.token(&client.refresh(&late.refresh)).await.refusal(), invalid_grant());
        assert_eq!(server.token(&client.refresh(&next.refresh)).await.refusal(), invalid_grant());
    }
}

/// clients F24: Gemini CLI sends one token several times at once
#[tokio::test]
async fn one_token_many_times_at_once_is_no_theft() {
    let server = TestServer::spawn();
    let (client, first) = signed_in(&server).await;
    let refresh = client.refresh(&first.refresh);
    let answers = futures_util::future::join_all((0..8).map(|_| server.token(&refresh))).await;
    for answer in answers {
        server.refreshed(&client, &answer.tokens().refresh).await;
    }
}
