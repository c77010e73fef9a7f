//! Runs the main job in a real browser over a portal that a test has started: `tests/browser/real/whole_story.mjs`.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::report;

/// Where browsers are, in the order of `tests/browser/support/browser.mjs`.
const BROWSERS: [&str; 3] = [
    "/usr/bin/chromium",
    "/usr/bin/chromium-browser",
    "/usr/bin/google-chrome",
];

/// Whether a browser and Node.js are installed. If not, reports `test` as skipped.
#[must_use]
pub fn is_here(test: &str) -> bool {
    let folder = folder();
    let missing = if !BROWSERS.iter().any(|browser| Path::new(browser).exists()) {
        "Chromium"
    } else if !folder.join("node_modules/playwright-core").is_dir() {
        "the browser tests' packages"
    } else if Command::new("node").arg("--version").output().is_err() {
        "Node.js"
    } else {
        return true;
    };
    report::skip(test, missing);
    false
}

/// Runs the story, see the script for what it needs. Blocks until it has ended, so call it on a thread that may.
///
/// # Panics
/// When it fails; prints what it said.
pub fn run(story: &Value) {
    let output = Command::new("node")
        .current_dir(folder())
        .args(["--test", "--test-reporter=spec", "real/whole_story.mjs"])
        .env("PORTICO_STORY", story.to_string())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/browser"))
}
