//! Keycloak for `cargo xtask test --full`: fetched by Maven, built once for the database in memory, so that it starts
//! in seconds.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, anyhow};

use super::parts::{Part, Underway, Unmade};
use crate::steps::run_quietly;
use crate::workspace::which;

const RELEASE: &str = "26.7.3";
const UNPACK: &str = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:unpack";

/// Finds it, or begins to make it beside whatever is done next.
pub(crate) fn begin() -> Underway {
    let maven = which("mvn").filter(|_| which("java").is_some());
    Part {
        name: "Keycloak",
        what_for: "an identity provider as companies have it",
        variable: "PORTICO_KEYCLOAK",
        file: "lib/quarkus-run.jar",
        folder: format!("keycloak-{RELEASE}"),
        from: Vec::new(),
        options: vec![RELEASE.to_owned(), BUILD.join(" ")],
    }
    .begin(maven, make)
}

/// What is decided when it is built, and not when it is started.
const BUILD: [&str; 4] = ["build", "--db=dev-mem", "--health-enabled=true", "--cache=local"];

fn make(maven: &Path, into: &Path) -> Result<(), Unmade> {
    run_quietly(
        Command::new(maven)
            .args(["-q", "-B", UNPACK])
            .arg(format!(
                "-Dartifact=org.keycloak:keycloak-quarkus-dist:{RELEASE}:zip"
            ))
            .arg(format!("-DoutputDirectory={}", into.display()))
            .current_dir(into),
    )
    .map_err(Unmade::OutOfReach)?;
    // The archive holds one folder of its own name.
    let unpacked = into.join(format!("keycloak-{RELEASE}"));
    let entries =
        fs::read_dir(&unpacked).with_context(|| format!("the archive holds no {}", unpacked.display()))?;
    for entry in entries.flatten() {
        fs::rename(entry.path(), into.join(entry.file_name())).context("could not unpack Keycloak")?;
    }
    fs::remove_dir(&unpacked).context("could not unpack Keycloak")?;
    // Maven, without a project, leaves its marks under the name of the variable that would hold the project's folder.
    let _ = fs::remove_dir_all(into.join("${project.basedir}"));
    let shell = which("sh").ok_or_else(|| anyhow!("there is no sh"))?;
    run_quietly(Command::new(shell).arg(into.join("bin/kc.sh")).args(BUILD))?;
    Ok(())
}
