//! What the tests tell of themselves to `cargo xtask test`: JSON lines in the file that
//! `PORTICO_TEST_REPORT` names. Run by hand, without it, they say it on standard error.

use std::env;
use std::fs::OpenOptions;
use std::io::Write;

use serde_json::{Value, json};

/// A real component takes part: kubectl, PostgreSQL, another identity provider.
pub fn took_part(component: &str, version: &str) {
    tell(&json!({ "tookPart": { "component": component, "version": version } }));
}

/// A test does not run, for lack of `lack`. The test then returns.
pub fn skip(test: &str, lack: &str) {
    tell(&json!({ "skipped": { "test": test, "lack": lack } }));
}

fn tell(line: &Value) {
    let Some(file) = env::var_os("PORTICO_TEST_REPORT") else {
        eprintln!("{line}");
        return;
    };
    let written = OpenOptions::new()
        .create(true)
        .append(true)
        .open(&file)
        .and_then(|mut file| {
            // One write, so that lines of several processes do not mix.
            file.write_all(format!("{line}\n").as_bytes())
        });
    if let Err(error) = written {
        eprintln!("{}: {error}: {line}", file.display());
    }
}
