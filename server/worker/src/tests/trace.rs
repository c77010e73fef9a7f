//! The work on a request belongs to the trace that it was submitted in.

use std::io::Write;
use std::sync::{Arc, Mutex};

use portico_domain::request::{Request, State};

use super::world::{World, create};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn lines_of_the_log_name_the_request_and_its_trace() {
    let lines = Lines::default();
    let written = lines.clone();
    let log = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_max_level(tracing::Level::INFO)
        .with_writer(move || written.clone())
        .finish();
    // With one subscriber alone, an event that another test's thread reaches first would be off for good: tracing asks
    // only that thread's subscriber then, which is none. With two it asks both.
    let _second = tracing::Dispatch::new(tracing::subscriber::NoSubscriber::new());
    // The test's runtime has one thread, so this holds for the worker's tasks as well.
    let _log = tracing::subscriber::set_default(log);
    let world = World::new().await;
    let _worker = world.work();
    let request = Request {
        traceparent: Some(format!("00-{TRACE}-b7ad6b7169203331-01")),
        ..create("files")
    };
    world.submit(&request).await;
    let fulfilled = world.until_state(request.id, State::Fulfilled).await;
    assert_eq!(fulfilled.traceparent, request.traceparent);
    let log = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    let applied = log
        .lines()
        .find(|line| line.contains("a request was applied"))
        .unwrap_or_else(|| panic!("{log}"));
    assert!(applied.contains(TRACE), "{applied}");
    assert!(applied.contains(&request.id.to_string()), "{applied}");
}
