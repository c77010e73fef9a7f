//! `portico check-config`: checks a configuration without starting.

use std::io::Write;
use std::path::Path;

use portico_app::configuration::Severity;

use crate::config;

/// Prints the problems of the configuration. Returns true if the portal would accept it.
///
/// # Errors
/// If `out` cannot be written.
pub fn check_config(folder: &Path, out: &mut impl Write) -> std::io::Result<bool> {
    let loaded = config::load(folder);
    for problem in &loaded.problems {
        writeln!(out, "{problem}")?;
    }
    let count = |severity| {
        loaded
            .problems
            .iter()
            .filter(|problem| problem.severity == severity)
            .count()
    };
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    let (errors, warnings) = (counted(errors, "error"), counted(warnings, "warning"));
    match &loaded.configuration {
        Some(configuration) => writeln!(
            out,
            "{}: good, with {warnings}: {} control planes, {} offerings, {} tenants, {} approval policies",
            folder.display(),
            configuration.control_planes.len(),
            configuration.offerings.len(),
            configuration.tenants.len(),
            configuration.policies.len(),
        )?,
        None => writeln!(out, "{}: {errors}, {warnings}", folder.display())?,
    }
    let spec = loaded
        .configuration
        .as_ref()
        .map(|configuration| &configuration.portal.spec);
    if spec.is_some_and(|spec| spec.home.is_some()) {
        writeln!(
            out,
            "The objects of the home control plane are not checked here: `kubectl get portico` shows which are accepted"
        )?;
    }
    Ok(loaded.configuration.is_some())
}

fn counted(count: usize, what: &str) -> String {
    if count == 1 {
        format!("1 {what}")
    } else {
        format!("{count} {what}s")
    }
}
