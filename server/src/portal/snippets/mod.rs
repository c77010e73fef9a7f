//! Ready-made text that connects: for a shell, for Kubernetes, for programs in several languages. All of it refers to
//! environment variables that hold what the secret's keys hold, and never to what that is.

mod buckets;
mod caches;
mod databases;
mod messages;

use portico_domain::documents::Access;
use portico_domain::view::{ConnectKey, Snippet};

/// How one connects by a protocol. In a template `<HOST>` stands for the variable that holds the host, and likewise
/// `<PORT>`, `<DATABASE>`, `<USERNAME>`, `<PASSWORD>`, `<URI>`, `<KUBECONFIG>`.
struct Protocol {
    /// As [`Access::protocol`] says it.
    name: &'static str,
    /// The program to try it with in a shell, and its command line.
    shell: (&'static str, &'static str),
    /// Programs.
    programs: &'static [Program],
}

/// A program in a language: by the whole address where the secret has one and the library takes one, else by its parts.
struct Program {
    language: &'static str,
    by_uri: Option<&'static str>,
    by_parts: &'static str,
}

const PROTOCOLS: [&Protocol; 7] = [
    &databases::POSTGRESQL,
    &databases::MYSQL,
    &caches::REDIS,
    &messages::AMQP,
    &messages::KAFKA,
    &buckets::S3,
    &KUBERNETES,
];

const KUBERNETES: Protocol = Protocol {
    name: "kubernetes",
    shell: (
        "kubectl",
        "kubectl --kubeconfig <(printenv <KUBECONFIG>) get nodes",
    ),
    programs: &[],
};

const MEANINGS: [&str; 7] = [
    "host",
    "port",
    "database",
    "username",
    "password",
    "uri",
    "kubeconfig",
];

/// Text that connects by what the secret holds.
pub(super) fn snippets(access: &Access, secret: &str, keys: &[ConnectKey]) -> Vec<Snippet> {
    let key_of = |meaning: &str| {
        let known = access.keys.get(meaning).map_or(meaning, String::as_str);
        keys.iter()
            .find(|key| key.key == known)
            .map(|key| key.key.as_str())
    };
    let fill = |template: &str| {
        let mut text = template.to_owned();
        for meaning in MEANINGS {
            // What the secret lacks one sets oneself, by a variable of that name.
            let name = variable(key_of(meaning).unwrap_or(meaning));
            text = text.replace(&format!("<{}>", meaning.to_uppercase()), &name);
        }
        text
    };
    let protocol = PROTOCOLS
        .iter()
        .find(|protocol| Some(protocol.name) == access.protocol.as_deref());
    let shell = protocol.map(|protocol| Snippet {
        title: protocol.shell.0.to_owned(),
        text: fill(protocol.shell.1),
    });
    let programs = protocol.into_iter().flat_map(|protocol| protocol.programs);
    let programs = programs.map(|program| Snippet {
        title: program.language.to_owned(),
        text: fill(
            program
                .by_uri
                .filter(|_| key_of("uri").is_some())
                .unwrap_or(program.by_parts),
        ),
    });
    let settings = [environment_file(keys), kubernetes(secret, keys)];
    shell.into_iter().chain(settings).chain(programs).collect()
}

fn environment_file(keys: &[ConnectKey]) -> Snippet {
    let lines = keys
        .iter()
        .map(|key| format!("{}=    # reveal “{}” above\n", variable(&key.key), key.key));
    Snippet {
        title: "Environment file".to_owned(),
        text: lines.collect(),
    }
}

fn kubernetes(secret: &str, keys: &[ConnectKey]) -> Snippet {
    let references = keys.iter().map(|key| {
        let name = variable(&key.key);
        let key = &key.key;
        format!("  - name: {name}\n    valueFrom:\n      secretKeyRef: {{ name: {secret}, key: {key} }}\n")
    });
    Snippet {
        title: "Kubernetes".to_owned(),
        text: format!("env:\n{}", references.collect::<String>()),
    }
}

/// The variable that holds a key's value.
fn variable(key: &str) -> String {
    key.chars()
        .map(|letter| {
            if letter.is_ascii_alphanumeric() {
                letter.to_ascii_uppercase()
            } else {
                '_'
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::connect::with_meaning;
    use super::*;

    fn made(protocol: &str, meanings: &[(&str, &str)], names: &[&str]) -> Vec<Snippet> {
        let access = Access {
            keys: meanings
                .iter()
                .map(|&(meaning, key)| (meaning.to_owned(), key.to_owned()))
                .collect::<BTreeMap<_, _>>(),
            protocol: Some(protocol.to_owned()),
            ..Access::default()
        };
        let keys = with_meaning(names.iter().map(|&name| name.to_owned()).collect(), &access);
        snippets(&access, "orders-conn", &keys)
    }

    fn text<'s>(snippets: &'s [Snippet], title: &str) -> &'s str {
        let found = snippets.iter().find(|snippet| snippet.title == title);
        &found.unwrap_or_else(|| panic!("no {title}")).text
    }

    #[test]
    fn snippets_refer_to_keys_as_the_secret_has_them() {
        let made = made(
            "postgresql",
            &[("host", "endpoint")],
            &["endpoint", "password", "port"],
        );
        assert!(text(&made, "psql").contains("host=$ENDPOINT port=$PORT"));
        assert!(text(&made, "Python").contains("host=os.environ[\"ENDPOINT\"]"));
        assert!(text(&made, "Kubernetes").contains("secretKeyRef: { name: orders-conn, key: endpoint }"));
    }

    #[test]
    fn every_protocol_has_code_in_every_language_and_no_gaps_in_it() {
        for protocol in PROTOCOLS.iter().filter(|protocol| protocol.name != "kubernetes") {
            for names in [&["uri", "host", "port", "password"][..], &["host", "password"]] {
                let made = made(protocol.name, &[], names);
                for language in ["Python", "Node.js", "Go", "Java", "Rust"] {
                    let code = text(&made, language);
                    assert!(code.lines().count() > 3, "{} {language}: {code}", protocol.name);
                    for meaning in MEANINGS {
                        let gap = format!("<{}>", meaning.to_uppercase());
                        assert!(!code.contains(&gap), "{} {language}: {code}", protocol.name);
                    }
                    let reads = ["environ", "process.env", "Getenv", "getenv", "env::var"];
                    assert!(reads.iter().any(|read| code.contains(read)), "{code}");
                }
            }
        }
    }

    #[test]
    fn the_whole_address_is_used_where_there_is_one_and_a_cluster_gets_kubectl() {
        let made_by_uri = made("redis", &[], &["uri", "host"]);
        assert!(text(&made_by_uri, "Python").contains("from_url(os.environ[\"URI\"])"));
        let by_parts = made("redis", &[], &["host", "port", "password"]);
        assert!(!text(&by_parts, "Python").contains("URI"));
        let cluster = made("kubernetes", &[("kubeconfig", "value")], &["value"]);
        assert_eq!(
            text(&cluster, "kubectl"),
            "kubectl --kubeconfig <(printenv VALUE) get nodes"
        );
        assert_eq!(
            made("carrier-pigeon", &[], &["host"]).len(),
            2,
            "what is unknown gets no code"
        );
    }
}
