//! Keycloak for `cargo xtask test --full`. Maven downloads it, and it is built once for the in-memory database so that
//! it starts in seconds.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, anyhow};

use super::components::{BuildError, Component, IfMissing, PendingComponent};
use crate::steps::run_quietly;
use crate::workspace::which;

const VERSION: &str = "26.7.3";
const UNPACK_GOAL: &str = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:unpack";

/// Finds Keycloak, or starts to build it in the background.
pub(crate) fn start(if_missing: IfMissing) -> PendingComponent {
    let maven = which("mvn").filter(|_| which("java").is_some());
    Component {
        name: "Keycloak",
        purpose: "an identity provider that companies use",
        variable: "PORTICO_KEYCLOAK",
        marker: "lib/quarkus-run.jar",
        folder: format!("keycloak-{VERSION}"),
        inputs: Vec::new(),
        options: vec![VERSION.to_owned(), BUILD_ARGUMENTS.join(" ")],
    }
    .start(if_missing, maven, build)
}

/// Settings that Keycloak fixes at build time.
const BUILD_ARGUMENTS: [&str; 4] = ["build", "--db=dev-mem", "--health-enabled=true", "--cache=local"];

fn build(maven: &Path, into: &Path) -> Result<(), BuildError> {
    run_quietly(
        Command::new(maven)
            .args(["-q", "-B", UNPACK_GOAL])
            .arg(format!(
                "-Dartifact=org.keycloak:keycloak-quarkus-dist:{VERSION}:zip"
            ))
            .arg(format!("-DoutputDirectory={}", into.display()))
            .current_dir(into),
    )
    .map_err(BuildError::Unavailable)?;
    // The archive contains one folder of the same name.
    let unpacked = into.join(format!("keycloak-{VERSION}"));
    let entries =
        fs::read_dir(&unpacked).with_context(|| format!("the archive contains no {}", unpacked.display()))?;
    for entry in entries.flatten() {
        fs::rename(entry.path(), into.join(entry.file_name())).context("could not unpack Keycloak")?;
    }
    fs::remove_dir(&unpacked).context("could not unpack Keycloak")?;
    // Without a project, Maven writes its markers to a folder named after the unexpanded variable.
    let _ = fs::remove_dir_all(into.join("${project.basedir}"));
    let shell = which("sh").ok_or_else(|| anyhow!("sh is missing"))?;
    run_quietly(
        Command::new(shell)
            .arg(into.join("bin/kc.sh"))
            .args(BUILD_ARGUMENTS),
    )?;
    Ok(())
}
