//! How to connect to what a claim provides: keys to reveal, and ready-made text that refers to the secret and
//! never holds it.

use std::collections::BTreeMap;
use std::time::Duration;

use portico_domain::claim::{Claim, Health};
use portico_domain::documents::Access;
use portico_domain::tenancy::{Role, Viewer};
use portico_domain::view::{Allowed, Connect, ConnectKey, Snippet};
use portico_planes::{Actor, Offered};

use super::Portal;

/// How long the page waits for the names of the secret's keys.
const PATIENCE: Duration = Duration::from_millis(700);

impl Portal {
    /// How to connect to the claim; `None` when there is nothing to connect to.
    pub(super) async fn connect(
        &self,
        viewer: &Viewer,
        claim: &Claim,
        offered: Option<&Offered>,
    ) -> Option<Connect> {
        let offered = offered?;
        let adapter = offered.adapter();
        let endpoints = adapter.endpoints_of(&claim.object, &offered.access);
        let may_reveal = may_reveal(viewer, claim);
        let secret = claim.verdict.secret.clone();
        let namespace = claim.reference.namespace.clone();
        let expects = offered.access.secret.is_some() || !offered.access.keys.is_empty() || secret.is_some();
        if !expects && endpoints.is_empty() {
            return None;
        }
        let mut waiting = None;
        let mut keys = Vec::new();
        if let (Some(secret), Some(namespace)) = (&secret, &namespace) {
            // Names of keys are asked in Portico's own name: who may see the claim may see what it has.
            let portico = Actor::portico();
            let asked = self
                .planes()
                .secret_keys(&portico, &claim.reference.plane, namespace, secret);
            match tokio::time::timeout(PATIENCE, asked).await {
                Ok(Ok(names)) => keys = with_meaning(names, &offered.access),
                Ok(Err(portico_planes::PlaneError::NotFound { .. })) => {
                    waiting = Some(format!("The secret {secret} is not there yet."));
                }
                Ok(Err(error)) => waiting = Some(error.to_string()),
                Err(_) => {
                    waiting =
                        Some("Its control plane takes long to answer; look again in a moment.".to_owned());
                }
            }
        } else if expects {
            waiting = Some(match claim.verdict.health {
                Health::Ready => "It is ready, and names no secret.".to_owned(),
                _ => "There is nothing to connect to before it is ready.".to_owned(),
            });
        }
        let snippets = match &secret {
            Some(secret) if !keys.is_empty() => snippets(&offered.access, secret, &keys),
            _ => Vec::new(),
        };
        Some(Connect {
            endpoints,
            secret,
            namespace,
            keys,
            snippets,
            may_reveal,
            waiting,
        })
    }
}

/// Whether the viewer may reveal the claim's secrets: its tenant's developers may, those who only look may not,
/// and platform admins have no business with them.
pub(super) fn may_reveal(viewer: &Viewer, claim: &Claim) -> Allowed {
    match &claim.tenant {
        Some(tenant) if viewer.may(tenant, Role::Developer) => Allowed::yes(),
        Some(tenant) => Allowed::no(format!("Only developers of {tenant} may reveal it.")),
        None => Allowed::no("It belongs to no tenant."),
    }
}

fn with_meaning(names: Vec<String>, access: &Access) -> Vec<ConnectKey> {
    let meanings: BTreeMap<&str, &str> = access
        .keys
        .iter()
        .map(|(meaning, key)| (key.as_str(), meaning.as_str()))
        .collect();
    names
        .into_iter()
        .map(|key| ConnectKey {
            title: meanings.get(key.as_str()).copied().unwrap_or(&key).to_owned(),
            key,
        })
        .collect()
}

fn snippets(access: &Access, secret: &str, keys: &[ConnectKey]) -> Vec<Snippet> {
    let key_of = |meaning: &str| {
        let known = access.keys.get(meaning).map_or(meaning, String::as_str);
        keys.iter()
            .find(|key| key.key == known)
            .map(|key| key.key.as_str())
    };
    let variable = |key: &str| -> String {
        key.chars()
            .map(|letter| {
                if letter.is_ascii_alphanumeric() {
                    letter.to_ascii_uppercase()
                } else {
                    '_'
                }
            })
            .collect()
    };
    let mut snippets = Vec::new();
    let command = match access.protocol.as_deref() {
        Some("postgresql") => Some((
            "psql",
            r#"psql "host=$HOST port=$PORT dbname=$DATABASE user=$USERNAME password=$PASSWORD""#,
        )),
        Some("mysql") => Some((
            "mysql",
            r#"mysql --host="$HOST" --port="$PORT" --user="$USERNAME" --password="$PASSWORD" "$DATABASE""#,
        )),
        Some("redis") => Some((
            "redis-cli",
            r#"redis-cli -h "$HOST" -p "$PORT" --user "$USERNAME" --pass "$PASSWORD""#,
        )),
        Some("kafka") => Some((
            "kcat",
            r#"kcat -L -b "$HOST:$PORT" -X security.protocol=SASL_SSL -X sasl.username="$USERNAME" -X sasl.password="$PASSWORD""#,
        )),
        Some("amqp") => Some(("Address", "amqps://$USERNAME:$PASSWORD@$HOST:$PORT")),
        Some("s3") => Some((
            "aws",
            r#"AWS_ACCESS_KEY_ID="$USERNAME" AWS_SECRET_ACCESS_KEY="$PASSWORD" aws s3 ls --endpoint-url "$URI""#,
        )),
        Some("kubernetes") => Some((
            "kubectl",
            "kubectl --kubeconfig <(printenv KUBECONFIG_CONTENT) get nodes",
        )),
        _ => None,
    };
    if let Some((title, template)) = command {
        let mut text = template.to_owned();
        for meaning in ["HOST", "PORT", "DATABASE", "USERNAME", "PASSWORD", "URI"] {
            if let Some(key) = key_of(&meaning.to_lowercase()) {
                text = text.replace(&format!("${meaning}"), &format!("${}", variable(key)));
            }
        }
        snippets.push(Snippet {
            title: title.to_owned(),
            text,
        });
    }
    let env: Vec<String> = keys
        .iter()
        .map(|key| format!("{}=    # reveal “{}” above\n", variable(&key.key), key.key))
        .collect();
    snippets.push(Snippet {
        title: "Environment file".to_owned(),
        text: env.concat(),
    });
    let references: Vec<String> = keys
        .iter()
        .map(|key| {
            let name = variable(&key.key);
            let key = &key.key;
            format!(
                "  - name: {name}\n    valueFrom:\n      secretKeyRef: {{ name: {secret}, key: {key} }}\n"
            )
        })
        .collect();
    snippets.push(Snippet {
        title: "Kubernetes".to_owned(),
        text: format!("env:\n{}", references.concat()),
    });
    if let Some(uri) = key_of("uri") {
        let name = variable(uri);
        snippets.push(Snippet {
            title: "Python".to_owned(),
            text: format!("import os\n\naddress = os.environ[\"{name}\"]\n"),
        });
        snippets.push(Snippet {
            title: "Rust".to_owned(),
            text: format!("let address = std::env::var(\"{name}\")?;\n"),
        });
        snippets.push(Snippet {
            title: "Go".to_owned(),
            text: format!("address := os.Getenv(\"{name}\")\n"),
        });
    }
    snippets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn snippets_refer_to_keys_as_the_secret_has_them() {
        let access = Access {
            keys: BTreeMap::from([
                ("host".into(), "endpoint".into()),
                ("password".into(), "password".into()),
            ]),
            protocol: Some("postgresql".into()),
            ..Access::default()
        };
        let keys = with_meaning(vec!["endpoint".into(), "password".into(), "port".into()], &access);
        assert_eq!(keys[0].title, "host");
        let snippets = snippets(&access, "orders-conn", &keys);
        assert!(
            snippets[0].text.contains("host=$ENDPOINT port=$PORT"),
            "{}",
            snippets[0].text
        );
        assert!(snippets.iter().any(|snippet| {
            snippet
                .text
                .contains("secretKeyRef: { name: orders-conn, key: endpoint }")
        }));
    }
}
