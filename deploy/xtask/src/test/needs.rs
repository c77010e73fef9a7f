//! What the tests need besides Rust: installed where it is missing and can be, told of where it cannot.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use super::report::Told;
use crate::fingerprint::Fingerprint;
use crate::steps::{note, run_quietly, step};
use crate::workspace::{root, which};

/// Something real that takes part in the tests.
pub(crate) struct Need {
    /// What the table calls it.
    pub(crate) name: &'static str,
    /// What it is for.
    pub(crate) what_for: &'static str,
    /// Whether this machine can install it.
    pub(crate) installable: bool,
    /// Whether it is here.
    pub(crate) met: bool,
}

/// A program from Debian.
struct Package {
    name: &'static str,
    what_for: &'static str,
    /// Package names, the first that apt knows is taken.
    packages: &'static [&'static str],
    present: fn() -> bool,
}

const PACKAGES: [Package; 6] = [
    Package {
        name: "Node.js",
        what_for: "drives the browser, runs oidc-provider",
        packages: &["nodejs"],
        present: || which("node").is_some(),
    },
    Package {
        name: "npm",
        what_for: "fetches what Node.js runs",
        packages: &["npm"],
        present: || which("npm").is_some(),
    },
    Package {
        name: "Chromium",
        what_for: "the browser",
        packages: &["chromium"],
        present: || which("chromium").is_some(),
    },
    Package {
        name: "PostgreSQL",
        what_for: "the other database",
        packages: &["postgresql"],
        present: || postgres_programs().is_some(),
    },
    Package {
        name: "kubectl",
        what_for: "a real client of the control planes",
        packages: &["kubernetes-client", "kubectl"],
        present: || which("kubectl").is_some(),
    },
    Package {
        name: "etcd",
        what_for: "holds what the real API server keeps",
        packages: &["etcd-server"],
        present: || which("etcd").is_some(),
    },
];

/// What only benches need.
const LOAD: Package = Package {
    name: "wrk",
    what_for: "puts load on an address",
    packages: &["wrk"],
    present: || which("wrk").is_some(),
};

/// Packages from npm: the table's name, what it is for, the folder with its lock file.
const MODULES: [(&str, &str, &str); 2] = [
    (
        "playwright-core and axe-core",
        "drive the browser, judge accessibility",
        "tests/browser",
    ),
    (
        "oidc-provider",
        "an identity provider that is not our own",
        "tests/oidc",
    ),
];

/// Installs what is missing. Never fails for lack of something: the tests that need it skip, and say so.
pub(crate) fn install() -> Vec<Need> {
    let mut needs = packages(&PACKAGES.iter().collect::<Vec<_>>());
    for (name, what_for, folder) in MODULES {
        let npm = which("npm").is_some();
        let met = npm
            && modules(&root().join(folder), name).unwrap_or_else(|error| {
                note(format!("{error:#}"));
                false
            });
        needs.push(Need {
            name,
            what_for,
            installable: npm,
            met,
        });
    }
    needs
}

/// The same for `cargo xtask bench`.
pub(crate) fn install_for_bench() -> Vec<Need> {
    packages(&[&LOAD]);
    install()
}

/// What the real API server needs beside itself.
pub(crate) fn install_for_differential() {
    let etcd: Vec<&Package> = PACKAGES.iter().filter(|package| package.name == "etcd").collect();
    packages(&etcd);
}

fn packages(wanted: &[&Package]) -> Vec<Need> {
    let missing: Vec<&Package> = wanted
        .iter()
        .copied()
        .filter(|package| !(package.present)())
        .collect();
    let apt = apt();
    if let (Some(apt), false) = (&apt, missing.is_empty()) {
        let names: Vec<&str> = missing.iter().map(|package| package.name).collect();
        let installed = step(format!("Installing {} from Debian", names.join(", ")), || {
            run_quietly(&mut apt_get(apt, &["update", "-q"]))?;
            for package in &missing {
                let known = package
                    .packages
                    .iter()
                    .find(|name| run_quietly(Command::new("apt-cache").args(["show", name])).is_ok());
                let Some(known) = known else { continue };
                run_quietly(&mut apt_get(
                    apt,
                    &["install", "-q", "-y", "--no-install-recommends", known],
                ))?;
            }
            Ok(())
        });
        if let Err(error) = installed {
            note(format!("{error:#}"));
        }
    }
    wanted
        .iter()
        .map(|package| Need {
            name: package.name,
            what_for: package.what_for,
            installable: apt.is_some(),
            met: (package.present)(),
        })
        .collect()
}

/// How to call apt-get here: as root, or by sudo when that asks for no password.
fn apt() -> Option<Vec<String>> {
    which("apt-get")?;
    let me = run_quietly(Command::new("id").arg("-u")).ok()?;
    if me.trim() == "0" {
        return Some(vec!["apt-get".to_owned()]);
    }
    run_quietly(Command::new("sudo").args(["-n", "true"])).ok()?;
    Some(vec!["sudo".to_owned(), "-n".to_owned(), "apt-get".to_owned()])
}

fn apt_get(apt: &[String], arguments: &[&str]) -> Command {
    let mut command = Command::new(&apt[0]);
    command
        .args(&apt[1..])
        .args(arguments)
        .env("DEBIAN_FRONTEND", "noninteractive");
    command
}

fn modules(folder: &Path, name: &str) -> Result<bool> {
    let installed = folder.join("node_modules");
    let fingerprint = Fingerprint::of(
        &installed.join(".made-from"),
        &[&folder.join("package-lock.json")],
        &[],
    )?;
    if !fingerprint.is_kept() {
        step(format!("Fetching {name} from npm"), || {
            let mut command = Command::new("npm");
            command
                .current_dir(folder)
                .args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"]);
            run_quietly(&mut command)
        })?;
        fingerprint.keep()?;
    }
    Ok(true)
}

/// The folder of PostgreSQL's server programs; Debian keeps them off the `PATH`.
fn postgres_programs() -> Option<PathBuf> {
    if let Some(initdb) = which("initdb") {
        return initdb.parent().map(Path::to_path_buf);
    }
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
    versions
        .flatten()
        .map(|version| version.path().join("bin"))
        .find(|folder| folder.join("initdb").is_file())
}

/// Whether the need of that name is met.
pub(crate) fn is_met(needs: &[Need], name: &str) -> bool {
    needs.iter().any(|need| need.name == name && need.met)
}

/// Who took part, and what was skipped for lack of whom.
pub(crate) fn print_table(needs: &[Need], told: &[Told]) {
    let mut versions: BTreeMap<&str, &str> = BTreeMap::new();
    let mut skips: BTreeMap<&str, usize> = BTreeMap::new();
    for line in told {
        match line {
            Told::TookPart { component, version } => {
                versions.insert(component, version);
            }
            Told::Skipped { lack, .. } => *skips.entry(lack).or_default() += 1,
        }
    }
    let row = |name: &str, state: &str, what_for: &str| println!("{name:<30} {state:<44} {what_for}");
    row("component", "took part", "what for");
    for need in needs {
        let state = match (versions.remove(need.name), skips.remove(need.name), need.met) {
            (_, Some(count), _) => format!("no: {count} skipped for lack of it"),
            (Some(version), None, _) => version.to_owned(),
            (None, None, true) => "installed, not called upon in this run".to_owned(),
            (None, None, false) => "missing, not called upon in this run".to_owned(),
        };
        row(need.name, &state, need.what_for);
    }
    for (name, version) in versions {
        row(name, version, "");
    }
    for (name, count) in skips {
        row(name, &format!("no: {count} skipped for lack of it"), "");
    }
}
