//! From submit to the claim on its control plane, and from a status there to a listening browser.

use std::io::{BufRead, BufReader};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use super::{figure, milliseconds, percentile};
use crate::apart::Apart;
use crate::demo::Demo;
use crate::person::Person;
use crate::processes::Owned;
use crate::story::BUCKET;

const TIMES: usize = 200;

/// Measures it, without approval.
///
/// # Panics
/// When a claim does not come.
pub async fn measure() {
    let apart = Apart::start().await;
    let dana = apart.world.sign_in("dana").await;
    dana.work_in("payments/dev").await;
    let (_watch, seen) = watch(&apart.world);
    let (mut applied, mut answered) = (Vec::new(), Vec::new());
    // The first ones make the namespace and warm everything up.
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

/// Submits a filled-in form, opened before; when it was sent, and how long the answer took.
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

/// kubectl's watch of buckets, each line with its moment.
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
