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

#[cfg(test)]
mod tests {
    use super::check_config;

    const PORTAL: &str = "\
apiVersion: portico.dev/v1alpha1
kind: Portal
metadata: { name: portico }
spec:
  publicUrl: https://portico.example.com
  signIn:
    adminGroups: [platform-admins]
    providers: [{ name: sso, issuer: 'https://sso.example.com', clientId: portico }]
";

    #[test]
    fn says_that_objects_of_a_home_plane_are_not_checked() {
        let folder = tempfile::tempdir().unwrap();
        for (home, says_it) in [("", false), ("  home: { inCluster: {} }\n", true)] {
            std::fs::write(folder.path().join("portal.yaml"), format!("{PORTAL}{home}")).unwrap();
            let mut out = Vec::new();
            assert!(check_config(folder.path(), &mut out).unwrap());
            let out = String::from_utf8(out).unwrap();
            let said = "The objects of the home control plane are not checked here";
            assert_eq!(out.contains(said), says_it, "{out}");
        }
    }
}
