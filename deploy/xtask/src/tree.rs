//! Nothing in the repository may name a place on one machine or one company's network.

use std::fs;
use std::process::{Command, ExitCode};

use anyhow::Result;

use crate::steps::run_quietly;
use crate::workspace::root;

/// Beginnings of paths that exist on somebody's machine only. Put together here, so that this
/// file does not find itself.
fn forbidden() -> Vec<String> {
    let mut places: Vec<String> = ["home", "root", "Users", "work"]
        .iter()
        .map(|place| format!("/{place}/"))
        .collect();
    places.push(format!("/tmp/{}", "bash"));
    if let Some(home) = std::env::var_os("HOME") {
        places.push(format!("{}/", home.to_string_lossy()));
    }
    places.push(format!("{}/", root().display()));
    places
}

/// Whether what stands before a find makes it a path of its own, and not the middle of another
/// (a folder's further down, a URL's).
fn begins_a_path(line: &str, at: usize) -> bool {
    line[..at]
        .chars()
        .next_back()
        .is_none_or(|before| " \t\"'`(=:,<>[".contains(before))
}

/// Looks through every file that git tracks and prints each find.
pub(crate) fn check() -> Result<ExitCode> {
    let root = root();
    let listing = run_quietly(Command::new("git").current_dir(&root).args(["ls-files", "-z"]))?;
    let forbidden = forbidden();
    let mut finds = 0;
    for name in listing.split('\0').filter(|name| !name.is_empty()) {
        let Ok(contents) = fs::read_to_string(root.join(name)) else {
            continue;
        };
        for (number, line) in contents.lines().enumerate() {
            let found = forbidden.iter().any(|place| {
                line.match_indices(place.as_str())
                    .any(|(at, _)| begins_a_path(line, at))
            });
            if found {
                finds += 1;
                println!("{name}:{}: {}", number + 1, line.trim());
            }
        }
    }
    if finds > 0 {
        println!("{finds} lines name a path of one machine");
        return Ok(ExitCode::FAILURE);
    }
    println!("no path of a machine in the tree");
    Ok(ExitCode::SUCCESS)
}
