//! `portico check-config`: checks a configuration without starting.

use std::io::Write;
use std::path::Path;

use portico_app::configuration::{Loaded, Severity};

use crate::config::{self, Checked};

/// Prints the problems of the configuration. Returns true if the portal would accept it.
///
/// # Errors
/// If `out` cannot be written.
pub fn check_config(folder: &Path, out: &mut impl Write) -> std::io::Result<bool> {
    let loaded = config::load(folder);
    print_folder(folder, &loaded, out)?;
    let spec = loaded
        .configuration
        .as_ref()
        .map(|configuration| &configuration.portal.spec);
    if spec.is_some_and(|spec| spec.home.is_some()) {
        writeln!(
            out,
            "The objects of the home control plane are not checked here: `portico check-config --home` does that"
        )?;
    }
    Ok(loaded.configuration.is_some())
}

/// Checks the configuration together with the objects that its home control plane holds now, and prints what the portal
/// would say of each. Writes nothing there. Returns true if all are accepted.
///
/// # Errors
/// If `out` cannot be written.
pub async fn check_config_with_home(folder: &Path, out: &mut impl Write) -> std::io::Result<bool> {
    let Checked { loaded, home } = config::check_with_home(folder).await;
    print_folder(folder, &loaded, out)?;
    let objects = match home {
        Ok(objects) => objects,
        Err(why) => {
            writeln!(out, "error: {why}")?;
            return Ok(false);
        }
    };
    for object in &objects {
        let (place, reason, message) = (object.place.display(), &object.reason, &object.message);
        writeln!(out, "{place}: {reason}: {message}")?;
    }
    let blocked = loaded.home.and_then(|home| home.report.blocked);
    if let Some(why) = &blocked {
        writeln!(out, "error: Nobody could request anything. {why}")?;
    }
    let refused = objects.iter().filter(|object| !object.accepted).count();
    let all = counted(objects.len(), "object");
    writeln!(out, "The home control plane: {all}, {refused} not accepted")?;
    Ok(refused == 0 && blocked.is_none())
}

fn print_folder(folder: &Path, loaded: &Loaded, out: &mut impl Write) -> std::io::Result<()> {
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
        ),
        None => writeln!(out, "{}: {errors}, {warnings}", folder.display()),
    }
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
    use super::{check_config, check_config_with_home};

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

    #[tokio::test]
    async fn a_home_plane_that_is_not_there_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        for (text, said) in [
            (PORTAL.to_owned(), "the Portal names none, in spec.home"),
            (
                format!("{PORTAL}  home: {{ kubeconfig: {{ path: nowhere.yaml }} }}\n"),
                "the home control plane is not set up correctly: ",
            ),
            (format!("{PORTAL}  no: 1\n"), "correct the files first"),
        ] {
            std::fs::write(folder.path().join("portal.yaml"), text).unwrap();
            let mut out = Vec::new();
            assert!(!check_config_with_home(folder.path(), &mut out).await.unwrap());
            let out = String::from_utf8(out).unwrap();
            assert!(out.contains(said), "{out}");
        }
    }
}
