//! Reads the document of an agent.

use std::collections::BTreeMap;
use std::path::Path;

use portico_app::configuration::{Problem, Severity};
use portico_domain::documents::{Agent, AgentConnection};

use super::documents::LocatedDocument;
use super::finding::Findings;
use super::load::place;
use super::parse::{self, Document};

const VERBS: [&str; 9] = [
    "*",
    "get",
    "list",
    "watch",
    "create",
    "update",
    "patch",
    "delete",
    "deletecollection",
];

/// Reads and checks the file with one document of kind `Agent`. Relative paths in it become absolute.
///
/// # Errors
/// All that is wrong with it.
pub fn read_agent(file: &Path) -> Result<Agent, Vec<Problem>> {
    let wrong = |message: String| vec![Problem::in_file(file, message)];
    let text =
        std::fs::read_to_string(file).map_err(|error| wrong(format!("cannot be read: {}", error.kind())))?;
    if text.len() > usize::try_from(super::yaml_limits::MAX_FILE_BYTES).unwrap_or(usize::MAX) {
        return Err(wrong("is too large".to_owned()));
    }
    let (parsed, problems) = parse::parse(file, &text);
    if !problems.is_empty() {
        return Err(problems);
    }
    let mut documents = parsed.into_iter();
    let (Some((index, Document::Agent(mut agent))), None) = (documents.next(), documents.next()) else {
        return Err(wrong("must have one document, of kind Agent".to_owned()));
    };
    let mut findings = Findings::default();
    check(&agent, &mut findings);
    let placed = [LocatedDocument {
        file: file.to_owned(),
        index,
        document: Document::Agent(agent.clone()),
    }];
    let texts = BTreeMap::from([(file.to_owned(), text)]);
    let problems = place(findings.into_vec(), &placed, &texts);
    if problems.iter().any(|problem| problem.severity == Severity::Error) {
        return Err(problems);
    }
    let folder = file.parent().unwrap_or_else(|| Path::new("."));
    let absolute = |path: &mut String| *path = folder.join(&*path).to_string_lossy().into_owned();
    absolute(&mut agent.spec.state);
    if let AgentConnection::Kubeconfig { path, .. } = &mut agent.spec.connection {
        absolute(path);
    }
    Ok(agent)
}

fn check(agent: &Agent, findings: &mut Findings) {
    let spec = &agent.spec;
    if spec.addresses.is_empty() {
        findings.error(
            0,
            "spec.addresses",
            "is empty: name where Portico listens for agents",
        );
    }
    for (index, address) in spec.addresses.iter().enumerate() {
        if !is_address(address) {
            let message = format!("{address:?} is not host:port");
            findings.error(0, format!("spec.addresses[{index}]"), message);
        }
    }
    for (index, rule) in spec.allow.iter().enumerate() {
        for (field, values) in [
            ("apiGroups", &rule.api_groups),
            ("resources", &rule.resources),
            ("verbs", &rule.verbs),
        ] {
            if values.is_empty() {
                findings.error(
                    0,
                    format!("spec.allow[{index}].{field}"),
                    "is empty: the rule allows nothing",
                );
            }
        }
        for (at, verb) in rule.verbs.iter().enumerate() {
            if !VERBS.contains(&verb.as_str()) {
                let message = format!("{verb:?} is not a verb; known are {}", VERBS.join(", "));
                findings.error(0, format!("spec.allow[{index}].verbs[{at}]"), message);
            }
        }
    }
}

/// True for `host:port`.
pub(super) fn is_address(text: &str) -> bool {
    text.rsplit_once(':').is_some_and(|(host, port)| {
        !host.is_empty() && !host.contains(['/', ' ', '@']) && port.parse::<u16>().is_ok_and(|port| port > 0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Agent, String> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("agent.yaml");
        std::fs::write(&file, text).unwrap();
        read_agent(&file).map_err(|problems| {
            let lines: Vec<String> = problems
                .iter()
                .map(|problem| {
                    let (field, line) = (problem.field.as_deref().unwrap_or_default(), problem.line);
                    format!("{}: {field}: {}", line.unwrap_or_default(), problem.message)
                })
                .collect();
            lines.join("\n")
        })
    }

    const GOOD: &str = "apiVersion: portico.dev/v1alpha1\nkind: Agent\nmetadata: { name: eu-3 }\nspec:\n  addresses: \
                        [localhost:8443]\n  connection: { kubeconfig: { path: k.yaml } }\n";

    #[test]
    fn paths_count_from_the_file() {
        let agent = read(GOOD).unwrap();
        assert!(agent.spec.state.ends_with("/agent-state"), "{}", agent.spec.state);
        let AgentConnection::Kubeconfig { path, .. } = agent.spec.connection else {
            panic!("not a kubeconfig");
        };
        assert!(path.ends_with("/k.yaml") && path.starts_with('/'), "{path}");
        assert!(!agent.spec.impersonate && agent.spec.allow.is_empty());
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line_and_field() {
        let unknown = read(&format!("{GOOD}  alow: []\n")).unwrap_err();
        assert!(
            unknown.contains("7: spec.alow:") && unknown.contains("allow"),
            "{unknown}"
        );
        let verb = "  allow:\n    - apiGroups: [\"\"]\n      resources: []\n      verbs: [exec]\n";
        let wrong = read(&format!("{GOOD}{verb}")).unwrap_err();
        assert!(
            wrong.contains("10: spec.allow[0].verbs[0]: \"exec\" is not a verb"),
            "{wrong}"
        );
        assert!(wrong.contains("spec.allow[0].resources: is empty"), "{wrong}");
        let address = read(&GOOD.replace("localhost:8443", "https://portico")).unwrap_err();
        assert!(address.contains("is not host:port"), "{address}");
        let two = read(&format!("{GOOD}---\n{GOOD}")).unwrap_err();
        assert!(two.contains("must have one document"), "{two}");
    }
}
