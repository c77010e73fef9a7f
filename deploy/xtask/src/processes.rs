//! Child processes with a time limit. They are ended by id, together with their descendants.

use std::collections::HashMap;
use std::fs;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;

/// How long a process may take to stop once it has outlasted its time limit.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);

/// Waits for `child` until `deadline`, then ends it and its descendants. Returns `None` when it had to end them.
pub(crate) fn wait_until(child: &mut Child, deadline: Instant) -> Result<Option<ExitStatus>> {
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if Instant::now() >= deadline {
            terminate_tree(child, STOP_TIMEOUT)?;
            return Ok(None);
        }
        thread::sleep(Duration::from_millis(50));
    }
}

/// Sends SIGTERM to a process and its descendants, and SIGKILL after `timeout`.
pub(crate) fn terminate_tree(child: &mut Child, timeout: Duration) -> Result<()> {
    let ids = with_descendants(child.id());
    signal("TERM", &ids);
    let deadline = Instant::now() + timeout;
    while Instant::now() < deadline && child.try_wait()?.is_none() {
        thread::sleep(Duration::from_millis(50));
    }
    signal("KILL", &ids);
    child.wait()?;
    Ok(())
}

/// Sends SIGTERM to all descendants of this process, and SIGKILL to those that do not stop in time.
pub(crate) fn terminate_descendants() {
    let own = std::process::id();
    let running = || -> Vec<u32> {
        let family = with_descendants(own).into_iter();
        family.filter(|id| *id != own && is_running(*id)).collect()
    };
    signal("TERM", &running());
    let deadline = Instant::now() + STOP_TIMEOUT;
    while Instant::now() < deadline && !running().is_empty() {
        thread::sleep(Duration::from_millis(50));
    }
    signal("KILL", &running());
}

/// False for a process that has ended, also if its parent does not know yet.
fn is_running(id: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    !status.is_empty() && !status.contains("State:\tZ")
}

fn signal(name: &str, ids: &[u32]) {
    for id in ids {
        // A process that has ended meanwhile is not an error.
        let _ = Command::new("kill")
            .args(["-s", name, &id.to_string()])
            .stderr(Stdio::null())
            .status();
    }
}

fn with_descendants(id: u32) -> Vec<u32> {
    let mut children: HashMap<u32, Vec<u32>> = HashMap::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(process) = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse::<u32>().ok())
        else {
            continue;
        };
        let Ok(status) = fs::read_to_string(entry.path().join("status")) else {
            continue;
        };
        let parent = status
            .lines()
            .find_map(|line| line.strip_prefix("PPid:"))
            .and_then(|id| id.trim().parse().ok());
        if let Some(parent) = parent {
            children.entry(parent).or_default().push(process);
        }
    }
    let mut found = vec![id];
    let mut next = 0;
    while next < found.len() {
        found.extend(children.get(&found[next]).into_iter().flatten());
        next += 1;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_outstays_its_time_is_ended_with_its_children() {
        let mut shell = Command::new("sh")
            .args(["-c", "sleep 100 & wait"])
            .spawn()
            .unwrap();
        let started = Instant::now();
        while with_descendants(shell.id()).len() < 2 && started.elapsed() < Duration::from_secs(5) {
            thread::sleep(Duration::from_millis(5));
        }
        let family = with_descendants(shell.id());
        assert_eq!(family.len(), 2, "the shell and its sleep");
        assert!(wait_until(&mut shell, Instant::now()).unwrap().is_none());
        while is_running(family[1]) && started.elapsed() < Duration::from_secs(5) {
            thread::sleep(Duration::from_millis(5));
        }
        assert!(!is_running(family[1]));
    }
}
