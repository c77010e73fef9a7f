//! Start and stop: data persists, signals are handled.

use std::time::Duration;

use portico_tests::demo::{Demo, Planes};
use portico_tests::story::{BUCKET, claim_path, request, until_claim, until_request};

on_all_planes!(data_survives_a_restart);

async fn data_survives_a_restart(planes: Planes) {
    let mut demo = Demo::start_on(planes).await;
    let dana = demo.sign_in("dana").await;
    dana.work_in("payments/dev").await;
    let id = request(&dana, BUCKET, "keepsake", &[]).await;
    let fulfilled = until_request(&dana, &id, "Fulfilled").await;
    let claim = claim_path(&fulfilled);

    let (status, took) = demo.stop();
    assert!(
        status.success(),
        "SIGTERM ends with success: {status}\n{}",
        demo.log()
    );
    assert!(took < Duration::from_secs(10), "stopped within {took:?}");
    demo.restart().await;

    // The session is in the database, so nobody has to sign in again.
    let _ = until_request(&dana, &id, "Fulfilled").await;
    let _ = until_claim(&dana, &claim, "Ready").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_ends_with_sign_out() {
    let demo = Demo::start().await;
    let dana = demo.sign_in("dana").await;
    let before = dana.cookies();
    let _ = dana.post("/auth/logout", &[]).await;
    dana.set_cookies(before);
    let answer = dana.ask(reqwest::Method::GET, "/catalog").await;
    assert!(
        answer.status.is_redirection(),
        "the old cookie must not be valid: {}",
        answer.status
    );
}
