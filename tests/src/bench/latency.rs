//! From submit to the claim on its control plane, and from a status there to a listening browser.

use std::io::{BufRead, BufReader};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use super::{figure, milliseconds, percentile};
use crate::demo::Demo;
use crate::processes::Owned;
use crate::story::{BUCKET, ask_for};

const TIMES: usize = 30;

/// Measures it, without approval.
///
/// # Panics
/// When a claim does not come.
pub async fn measure() {
    let demo = Demo::start().await;
    let dana = demo.sign_in("dana").await;
    dana.work_in("payments/dev").await;
    let (_watch, seen) = watch(&demo);
    let mut took = Vec::new();
    for number in 0..TIMES {
        let name = format!("bench-{number}");
        let begun = Instant::now();
        let answer = ask_for(&dana, BUCKET, &name, &[("_plane", "eu-shared")]).await;
        let answered = begun.elapsed();
        assert_eq!(answer.status, 200, "{}", answer.page().body());
        loop {
            let (line, at) = seen.recv_timeout(Duration::from_secs(20)).unwrap();
            if line.ends_with(&format!("/{name}")) {
                took.push((at - begun, answered));
                break;
            }
        }
    }
    let mut applied: Vec<Duration> = took.iter().map(|(applied, _)| *applied).collect();
    applied.sort_unstable();
    figure(
        "opening the form, submitting it, until kubectl's watch shows the claim",
        &format!(
            "p50 {}, p99 {}",
            milliseconds(percentile(&applied, 50)),
            milliseconds(percentile(&applied, 99))
        ),
    );
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
