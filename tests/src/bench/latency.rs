//! Measures the latency from submit to claim, and from a status update to the browser.

use std::io::{BufRead, BufReader};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use super::{figure, milliseconds, percentile};
use crate::demo::Demo;
use crate::person::Person;
use crate::processes::Owned;
use crate::separate_process::SeparateProcess;
use crate::story::BUCKET;

const TIMES: usize = 200;

/// Measures both, without approval.
///
/// # Panics
/// When a claim does not appear.
pub async fn measure() {
    let portal = SeparateProcess::start().await;
    let dana = portal.world.sign_in("dana").await;
    dana.work_in("payments/dev").await;
    let (_watch, seen) = watch(&portal.world);
    let (mut applied, mut answered) = (Vec::new(), Vec::new());
    // Warm up: the first requests create the namespace.
    for number in 0..TIMES + 5 {
        let name = format!("bench-{number}");
        let (begun, took) = submit(&dana, &name).await;
        let line_end = format!("/{name}");
        let at = loop {
            let (line, at) = seen.recv_timeout(Duration::from_secs(20)).unwrap();
            if line.ends_with(&line_end) {
                break at;
            }
        };
        if number >= 5 {
            applied.push(at - begun);
            answered.push(took);
        }
    }
    for (what, took) in [
        ("submit until kubectl's watch shows the claim", &mut applied),
        ("submit until the request's page has been answered", &mut answered),
    ] {
        took.sort_unstable();
        let (half, most) = (percentile(took, 50), percentile(took, 99));
        figure(
            what,
            &format!(
                "p50 {}, p99 {} of {TIMES}",
                milliseconds(half),
                milliseconds(most)
            ),
        );
    }
}

/// Submits a form that was opened before. Returns the time of sending and the duration of the response.
async fn submit(person: &Person, name: &str) -> (Instant, Duration) {
    let page = person
        .get(&format!("/catalog/{BUCKET}/request"))
        .await
        .expect(200);
    let form = page.page().form("/request").expect("a request form");
    let form = form.with("_name", name).with("_plane", "eu-shared");
    let begun = Instant::now();
    let answer = person
        .submit(&page.url, &form, Some(("_do", "submit")))
        .await
        .expect(200);
    assert!(
        answer.url.path().starts_with("/claims/"),
        "{}",
        answer.page().body()
    );
    (begun, begun.elapsed())
}

/// A kubectl watch of buckets, with a timestamp for each line.
fn watch(demo: &Demo) -> (Owned, Receiver<(String, Instant)>) {
    let kubectl = demo.kubectl("eu-shared");
    let mut process = kubectl.start(&[
        "get",
        BUCKET,
        "--namespace=payments-dev",
        "--watch",
        "--output=name",
    ]);
    let output = process.child().stdout.take().unwrap();
    let (sender, seen) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if sender.send((line, Instant::now())).is_err() {
                return;
            }
        }
    });
    (process, seen)
}
