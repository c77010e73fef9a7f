//! Reports to `cargo xtask test`: JSON lines in the file `PORTICO_TEST_REPORT`, or standard error without it.

use std::env;
use std::fs::OpenOptions;
use std::io::Write;

use serde_json::{Value, json};

/// Reports that a real component takes part, such as kubectl or PostgreSQL.
pub fn took_part(component: &str, version: &str) {
    append(&json!({ "tookPart": { "component": component, "version": version } }));
}

/// Reports that a test is skipped for lack of `lack`. The test then returns.
pub fn skip(test: &str, lack: &str) {
    append(&json!({ "skipped": { "test": test, "lack": lack } }));
}

fn append(line: &Value) {
    let Some(file) = env::var_os("PORTICO_TEST_REPORT") else {
        eprintln!("{line}");
        return;
    };
    let written = OpenOptions::new()
        .create(true)
        .append(true)
        .open(&file)
        .and_then(|mut file| {
            // A single write, so that lines of several processes do not mix.
            file.write_all(format!("{line}\n").as_bytes())
        });
    if let Err(error) = written {
        eprintln!("{}: {error}: {line}", file.display());
    }
}
