//! What the tests require besides Rust. Installs what is missing where possible, and reports the rest.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use super::report_entry::ReportEntry;
use crate::fingerprint::Fingerprint;
use crate::steps::{note, run_quietly, step};
use crate::workspace::{root, which};

/// A real component that takes part in the tests.
pub(crate) struct Requirement {
    /// Its name in the table.
    pub(crate) name: &'static str,
    /// What the tests use it for.
    pub(crate) purpose: &'static str,
    /// True if this machine can install it.
    pub(crate) installable: bool,
    /// True if it is installed.
    pub(crate) met: bool,
}

/// A program from a Debian package.
struct Package {
    name: &'static str,
    purpose: &'static str,
    /// Package names. The first one that apt knows is installed.
    packages: &'static [&'static str],
    present: fn() -> bool,
}

const DEBIAN_PACKAGES: [Package; 7] = [
    Package {
        name: "Node.js",
        purpose: "drives the browser, runs oidc-provider",
        packages: &["nodejs"],
        present: || which("node").is_some(),
    },
    Package {
        name: "npm",
        purpose: "downloads what Node.js runs",
        packages: &["npm"],
        present: || which("npm").is_some(),
    },
    Package {
        name: "Chromium",
        purpose: "the browser",
        packages: &["chromium"],
        present: || which("chromium").is_some(),
    },
    Package {
        name: "Liberation fonts",
        purpose: "the typeface of code in the pictures of pages",
        packages: &["fonts-liberation"],
        present: has_liberation_mono,
    },
    Package {
        name: "PostgreSQL",
        purpose: "the second database",
        packages: &["postgresql"],
        present: || postgres_programs().is_some(),
    },
    Package {
        name: "kubectl",
        purpose: "a real client of the control planes",
        packages: &["kubernetes-client", "kubectl"],
        present: || which("kubectl").is_some(),
    },
    Package {
        name: "etcd",
        purpose: "stores the objects of the real API server",
        packages: &["etcd-server"],
        present: || which("etcd").is_some(),
    },
];

/// Only the benchmarks require this.
const WRK: Package = Package {
    name: "wrk",
    purpose: "generates load",
    packages: &["wrk"],
    present: || which("wrk").is_some(),
};

/// npm packages: name in the table, purpose, folder of the lock file.
const NPM_PACKAGES: [(&str, &str, &str); 2] = [
    (
        "playwright-core and axe-core",
        "drive the browser, check accessibility",
        "tests/browser",
    ),
    ("oidc-provider", "an independent identity provider", "tests/oidc"),
];

/// Installs what is missing. Never fails: tests that miss something report that they are skipped.
pub(crate) fn install() -> Vec<Requirement> {
    let mut requirements = install_packages(&DEBIAN_PACKAGES.iter().collect::<Vec<_>>());
    for (name, purpose, folder) in NPM_PACKAGES {
        let npm = which("npm").is_some();
        let met = npm
            && install_modules(&root().join(folder), name).unwrap_or_else(|error| {
                note(format!("{error:#}"));
                false
            });
        requirements.push(Requirement {
            name,
            purpose,
            installable: npm,
            met,
        });
    }
    requirements
}

/// Installs the requirements of `cargo xtask bench`.
pub(crate) fn install_for_benchmarks() -> Vec<Requirement> {
    install_packages(&[&WRK]);
    install()
}

/// Installs what the real API server requirements to run.
pub(crate) fn install_for_differential() {
    let etcd: Vec<&Package> = DEBIAN_PACKAGES
        .iter()
        .filter(|package| package.name == "etcd")
        .collect();
    install_packages(&etcd);
}

fn install_packages(wanted: &[&Package]) -> Vec<Requirement> {
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
        .map(|package| Requirement {
            name: package.name,
            purpose: package.purpose,
            installable: apt.is_some(),
            met: (package.present)(),
        })
        .collect()
}

/// Pictures of pages were made with it: the browser takes the first typeface of the style's list that it finds.
fn has_liberation_mono() -> bool {
    Command::new("fc-list")
        .arg("Liberation Mono")
        .output()
        .is_ok_and(|listed| !listed.stdout.is_empty())
}

/// The command that runs apt-get: directly as root, or through sudo if that asks for no password.
fn apt() -> Option<Vec<String>> {
    which("apt-get")?;
    let user_id = run_quietly(Command::new("id").arg("-u")).ok()?;
    if user_id.trim() == "0" {
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

fn install_modules(folder: &Path, name: &str) -> Result<bool> {
    let installed = folder.join("node_modules");
    let fingerprint = Fingerprint::of(
        &installed.join(".made-from"),
        &[&folder.join("package-lock.json")],
        &[],
    )?;
    if !fingerprint.is_current() {
        step(format!("Downloading {name} from npm"), || {
            let mut command = Command::new("npm");
            command
                .current_dir(folder)
                .args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"]);
            run_quietly(&mut command)
        })?;
        fingerprint.save()?;
    }
    Ok(true)
}

/// The folder of PostgreSQL's server programs, which Debian does not put on the `PATH`.
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

/// True if the requirement of this name is met.
pub(crate) fn is_met(requirements: &[Requirement], name: &str) -> bool {
    requirements
        .iter()
        .any(|requirement| requirement.name == name && requirement.met)
}

/// Prints which components took part, and how many tests each missing one caused to be skipped.
pub(crate) fn print_table(requirements: &[Requirement], entries: &[ReportEntry]) {
    let mut versions: BTreeMap<&str, &str> = BTreeMap::new();
    let mut skips: BTreeMap<&str, usize> = BTreeMap::new();
    for line in entries {
        match line {
            ReportEntry::TookPart { component, version } => {
                versions.insert(component, version);
            }
            ReportEntry::Skipped { lack, .. } => *skips.entry(lack).or_default() += 1,
        }
    }
    let row = |name: &str, state: &str, purpose: &str| println!("{name:<30} {state:<44} {purpose}");
    row("component", "took part", "purpose");
    for requirement in requirements {
        let state = match (
            versions.remove(requirement.name),
            skips.remove(requirement.name),
            requirement.met,
        ) {
            (_, Some(count), _) => format!("missing: {count} skipped"),
            (Some(version), None, _) => version.to_owned(),
            (None, None, true) => "installed, not used in this run".to_owned(),
            (None, None, false) => "missing, not used in this run".to_owned(),
        };
        row(requirement.name, &state, requirement.purpose);
    }
    for (name, version) in versions {
        row(name, version, "");
    }
    for (name, count) in skips {
        row(name, &format!("missing: {count} skipped"), "");
    }
}
