//! Files that cannot be read or are not configuration.

use std::time::Duration;

use super::{PORTAL, TENANT, load, problems};

#[test]
fn errors_of_a_broken_document_show_no_password() {
    const CANARY: &str = "Zq7Kx9VwPj4Ym2RtHb6N";
    let shows_nothing = |text: &str| {
        let texts = std::collections::BTreeMap::from([("portal.yaml".into(), text.to_owned())]);
        let (_, problems) = super::load::parse_and_check(&texts);
        for said in problems.iter().map(ToString::to_string) {
            for part in CANARY.as_bytes().windows(5) {
                let part = std::str::from_utf8(part).unwrap();
                assert!(
                    !said.contains(part),
                    "{part:?} of the password stands in {said:?}, of\n{text}"
                );
            }
        }
    };
    for database in [
        format!("{{ url: 'postgres://portico:{CANARY}@db/portico' }}"),
        format!("postgres://portico:{CANARY}@db/portico"),
        format!("\n    url: postgres://portico:{CANARY}@db/portico"),
        format!("{{ url: [{CANARY}] }}"),
        format!("{{ urlEnv: 'postgres://portico:{CANARY}@db/portico' }}"),
        format!("{{ {CANARY}: {CANARY} }}"),
        format!("{{ url: &{CANARY} {CANARY}, url: *{CANARY} }}"),
    ] {
        let whole = format!(
            "{PORTAL}        clientSecretFile: {CANARY}\n  database: {database}\n  listen: \"127.0.0.1:1\"\n"
        );
        shows_nothing(&whole);
        for (at, c) in whole.char_indices() {
            shows_nothing(&whole[..at]);
            shows_nothing(&format!("{}{}", &whole[..at], &whole[at + c.len_utf8()..]));
            for more in ['"', '{'] {
                shows_nothing(&format!("{}{more}{}", &whole[..at], &whole[at..]));
            }
        }
    }
}

#[test]
fn ignores_kubernetes_objects_but_refuses_a_kubeconfig() {
    let rights = include_str!("../../../../deploy/example/rbac.yaml");
    let none: [&str; 0] = [];
    assert_eq!(problems(&[("rbac.yaml", rights), ("portico.yaml", PORTAL)]), none);
    for other in [
        "apiVersion: v1\nkind: Config\nclusters: []\n",
        "apiVersion: v1\nclusters: []\nkind: Namespace\n",
        "kind: Namespace\napiVersion: v2\n",
        "apiVersion: apps/v1\nkind: Deployment\n",
    ] {
        let said = problems(&[("other.yaml", other), ("portico.yaml", PORTAL)]);
        assert!(
            said.len() == 1 && said[0].starts_with("other.yaml"),
            "{other}: {said:?}"
        );
    }
}

#[test]
fn checks_kubeconfigs() {
    let plane = "apiVersion: portico.dev/v1alpha1\nkind: ControlPlane\nmetadata: { name: eu }\nspec:\n  \
                 connection: { kubeconfig: { path: kubeconfigs/eu } }\n  actAs: person\n";
    let said = problems(&[("plane.yaml", plane), ("portico.yaml", PORTAL)]);
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(
        said[0].starts_with("plane.yaml:5: warning: spec.connection.kubeconfig.path: "),
        "{said:?}"
    );
    assert!(
        said[0].ends_with("kubeconfigs/eu: it cannot be read: there is no such file"),
        "{said:?}"
    );
    assert!(said[1].contains("spec.actAs: passes on every group"), "{said:?}");
}

#[test]
fn a_folder_without_a_portal_says_so() {
    let found = problems(&[("tenants.yaml", TENANT)]);
    assert_eq!(found.len(), 1);
    assert!(found[0].contains("no document of kind Portal"), "{}", found[0]);
}

#[test]
fn a_missing_folder_is_a_problem() {
    let loaded = load(std::path::Path::new("/nonexistent/portico"));
    assert!(loaded.configuration.is_none());
    assert!(loaded.problems[0].to_string().contains("cannot be read"));
}

#[test]
fn a_yaml_bomb_is_refused_quickly() {
    let mut bomb = String::from("a: &a [x, x, x, x, x, x, x, x, x]\n");
    for (name, below) in ["b", "c", "d", "e", "f", "g", "h", "i"]
        .iter()
        .zip(["a", "b", "c", "d", "e", "f", "g", "h"])
    {
        bomb.extend([
            name,
            ": &",
            name,
            " [",
            &vec![format!("*{below}"); 9].join(", "),
            "]\n",
        ]);
    }
    let document = format!("{TENANT}  title: x\nbomb:\n  {}", bomb.replace('\n', "\n  "));
    let started = std::time::Instant::now();
    let found = problems(&[("bomb.yaml", &document), ("portico.yaml", PORTAL)]);
    assert!(!found.is_empty());
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_huge_file_is_refused() {
    let huge = format!("# {}\n", "x".repeat(2 << 20));
    let found = problems(&[("huge.yaml", &huge), ("portico.yaml", PORTAL)]);
    assert!(found[0].starts_with("huge.yaml: is larger than"), "{}", found[0]);
}

#[test]
fn deep_nesting_is_refused() {
    let deep = format!("a: {}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(!problems(&[("deep.yaml", &deep), ("portico.yaml", PORTAL)]).is_empty());
}
