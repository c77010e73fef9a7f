//! Ready-made text that connects: for a shell, for Kubernetes, for programs in several languages. What is no secret
//! stands in it; for what is secret it refers to environment variables.

mod buckets;
mod caches;
mod databases;
mod messages;

use std::fmt::Write as _;

use portico_api::{ConnectionKey, Snippet, SnippetPart};
use portico_domain::documents::Access;

use portico_domain::connection::DOTS;

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

/// What keys of a secret mean, each with the variable that holds it by the protocol's own custom. `HOST` and `PORT`
/// alone belong to the program that reads them: many a server listens on what `PORT` says.
const VARIABLES: [(&str, &[(&str, &str)]); 7] = [
    (
        "postgresql",
        &[
            ("host", "PGHOST"),
            ("port", "PGPORT"),
            ("database", "PGDATABASE"),
            ("username", "PGUSER"),
            ("password", "PGPASSWORD"),
            ("uri", "DATABASE_URL"),
        ],
    ),
    (
        "mysql",
        &[
            ("host", "MYSQL_HOST"),
            ("port", "MYSQL_TCP_PORT"),
            ("username", "MYSQL_USER"),
            ("password", "MYSQL_PWD"),
            ("uri", "DATABASE_URL"),
        ],
    ),
    ("redis", &[("uri", "REDIS_URL")]),
    ("amqp", &[("uri", "AMQP_URL")]),
    ("kafka", &[("host", "KAFKA_BOOTSTRAP_SERVERS")]),
    (
        "s3",
        &[
            ("host", "AWS_ENDPOINT_URL_S3"),
            ("username", "AWS_ACCESS_KEY_ID"),
            ("password", "AWS_SECRET_ACCESS_KEY"),
        ],
    ),
    ("kubernetes", &[("kubeconfig", "KUBECONFIG_CONTENT")]),
];

const MEANINGS: [&str; 7] = [
    "host",
    "port",
    "database",
    "username",
    "password",
    "uri",
    "kubeconfig",
];

/// Text that connects by what the secret holds. What is no secret stands in it; what is secret comes from a variable.
pub(super) fn snippets(access: &Access, secret: &str, keys: &[ConnectionKey]) -> Vec<Snippet> {
    let of = |meaning: &str| keys.iter().find(|key| key.title == meaning);
    let is_known = |meaning: &str| of(meaning).is_some_and(|key| key.value.is_some());
    let fill = |template: &str| {
        let mut text = apart(template);
        for meaning in MEANINGS {
            let gap = format!("<{}>", meaning.to_uppercase());
            if let Some(value) = of(meaning).and_then(|key| key.value.as_deref()) {
                text = put_in(&text, &gap, value);
            }
            // What the secret lacks one sets oneself, by a variable of that name.
            text = text.replace(&gap, &variable(access, meaning));
        }
        text
    };
    let protocol = PROTOCOLS
        .iter()
        .find(|protocol| Some(protocol.name) == access.protocol.as_deref());
    let shell = protocol.map(|protocol| {
        // A setting that nothing gives is left out: `dbname=$PGDATABASE` would name no database.
        let given = |word: &&str| {
            !MEANINGS.iter().any(|meaning| {
                word.contains(&format!("=$<{}>", meaning.to_uppercase())) && of(meaning).is_none()
            })
        };
        let kept = |words: &str| words.split(' ').filter(given).collect::<Vec<_>>().join(" ");
        let (title, template) = protocol.shell;
        let quoted = template
            .split_once('"')
            .and_then(|(before, rest)| Some((before, rest.rsplit_once('"')?)));
        let line = match quoted {
            Some((before, (within, after))) => format!("{before}\"{}\"{after}", kept(within)),
            None => kept(template),
        };
        plain(title, fill(&line))
    });
    let programs = protocol.into_iter().flat_map(|protocol| protocol.programs);
    let programs = programs.map(|program| {
        let by_uri = program
            .by_uri
            .filter(|_| of("uri").is_some() && !is_known("host"));
        plain(program.language, fill(by_uri.unwrap_or(program.by_parts)))
    });
    let settings = [environment_file(access, keys), kubernetes(access, secret, keys)];
    shell.into_iter().chain(settings).chain(programs).collect()
}

fn plain(title: &str, text: String) -> Snippet {
    Snippet {
        title: title.to_owned(),
        pieces: Vec::new(),
        text,
    }
}

/// JavaScript that takes several variables at once, one by one: so that a value can stand for some of them.
fn apart(template: &str) -> String {
    let mut text = String::with_capacity(template.len());
    for line in template.split_inclusive('\n') {
        let several = line
            .trim_end()
            .strip_prefix("const { ")
            .and_then(|line| line.strip_suffix(" } = process.env;"));
        match several {
            Some(several) => {
                for (gap, name) in several.split(", ").filter_map(|pair| pair.split_once(": ")) {
                    let _ = writeln!(text, "const {name} = process.env.{gap};");
                }
            }
            None => text.push_str(line),
        }
    }
    text
}

/// Puts a value where a variable is read. It is of letters, digits and `._:,/-` only, so that it needs no quoting.
fn put_in(text: &str, gap: &str, value: &str) -> String {
    let quoted = format!("\"{value}\"");
    let mut text = text.to_owned();
    for reads in [
        format!("os.environ[\"{gap}\"]"),
        format!("process.env.{gap}"),
        format!("os.Getenv(\"{gap}\")"),
        format!("System.getenv(\"{gap}\")"),
        format!("env.get(\"{gap}\")"),
        format!("&env::var(\"{gap}\")?"),
        format!("env::var(\"{gap}\")?"),
    ] {
        text = text.replace(&reads, &quoted);
    }
    text = text.replace(&format!("${gap}"), value);
    // What was read as text and made a number is one now.
    if value.parse::<u16>().is_ok() {
        for number in [
            format!("int({quoted})"),
            format!("Number({quoted})"),
            format!("Integer.parseInt({quoted})"),
            format!("{quoted}.parse()?"),
        ] {
            text = text.replace(&number, value);
        }
    }
    text
}

fn environment_file(access: &Access, keys: &[ConnectionKey]) -> Snippet {
    let mut pieces = Vec::new();
    let say = |text: String| SnippetPart { text, key: None };
    for key in keys {
        let name = variable(access, &key.title);
        match &key.value {
            // A certificate is a file, not a line.
            Some(value) if value.contains('\n') => {}
            Some(value) => pieces.push(say(format!("{name}={value}\n"))),
            None => {
                pieces.push(say(format!("{name}=")));
                pieces.push(SnippetPart {
                    text: DOTS.to_owned(),
                    key: Some(key.key.clone()),
                });
                pieces.push(say("\n".to_owned()));
            }
        }
    }
    Snippet {
        title: "Environment file".to_owned(),
        text: pieces.iter().map(|piece| piece.text.as_str()).collect(),
        pieces,
    }
}

fn kubernetes(access: &Access, secret: &str, keys: &[ConnectionKey]) -> Snippet {
    let is_file = |key: &&ConnectionKey| key.value.as_ref().is_some_and(|value| value.contains('\n'));
    let references = keys.iter().filter(|key| !is_file(key)).map(|key| {
        let name = variable(access, &key.title);
        let key = &key.key;
        format!("  - name: {name}\n    valueFrom:\n      secretKeyRef: {{ name: {secret}, key: {key} }}\n")
    });
    plain("Kubernetes", format!("env:\n{}", references.collect::<String>()))
}

/// The variable that holds what means this.
fn variable(access: &Access, meaning: &str) -> String {
    let protocol = access.protocol.as_deref().unwrap_or("service");
    let customary = VARIABLES
        .iter()
        .find(|(known, _)| *known == protocol)
        .and_then(|(_, names)| names.iter().find(|(known, _)| *known == meaning));
    if let Some((_, name)) = customary {
        return (*name).to_owned();
    }
    format!("{protocol}_{meaning}")
        .chars()
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

    use super::*;

    fn made(protocol: &str, meanings: &[(&str, &str)], values: &[(&str, &str)]) -> Vec<Snippet> {
        let access = Access {
            keys: meanings
                .iter()
                .map(|&(meaning, key)| (meaning.to_owned(), key.to_owned()))
                .collect::<BTreeMap<_, _>>(),
            protocol: Some(protocol.to_owned()),
            ..Access::default()
        };
        let values = values
            .iter()
            .map(|(key, value)| ((*key).to_owned(), value.as_bytes().to_vec()))
            .collect();
        snippets(
            &access,
            "orders-conn",
            &portico_domain::connection::public_keys(&values, &access),
        )
    }

    fn text<'s>(snippets: &'s [Snippet], title: &str) -> &'s str {
        let found = snippets.iter().find(|snippet| snippet.title == title);
        &found.unwrap_or_else(|| panic!("no {title}")).text
    }

    const WHOLE: [(&str, &str); 6] = [
        ("host", "orders.db.internal"),
        ("port", "5432"),
        ("database", "app"),
        ("username", "admin"),
        ("password", "hunter2"),
        ("uri", "postgresql://admin:hunter2@orders.db.internal:5432/app"),
    ];

    #[test]
    fn what_is_no_secret_stands_in_the_text_and_what_is_secret_does_not() {
        let made = made("postgresql", &[], &WHOLE);
        assert_eq!(
            text(&made, "psql"),
            r#"psql "host=orders.db.internal port=5432 dbname=app user=admin""#
        );
        assert!(text(&made, "Python").contains(r#"host="orders.db.internal","#));
        assert!(text(&made, "Python").contains(r#"password=os.environ["PGPASSWORD"]"#));
        assert!(text(&made, "Node.js").contains(r#"const host = "orders.db.internal";"#));
        assert!(text(&made, "Rust").contains(".port(5432)"));
        assert!(text(&made, "Rust").contains(r#".host("orders.db.internal")"#));
        for snippet in &made {
            assert!(!snippet.text.contains("hunter2"), "{}", snippet.title);
            assert!(!snippet.text.contains('<'), "{}: {}", snippet.title, snippet.text);
        }
    }

    #[test]
    fn the_environment_file_has_customary_names_and_pieces_to_fill_in() {
        let made = made("postgresql", &[], &WHOLE);
        let file = made
            .iter()
            .find(|snippet| snippet.title == "Environment file")
            .unwrap();
        assert_eq!(
            file.text,
            format!(
                "PGHOST=orders.db.internal\nPGPORT=5432\nPGDATABASE=app\nPGUSER=admin\nPGPASSWORD={DOTS}\nDATABASE_URL={DOTS}\n"
            )
        );
        let keys: Vec<_> = file
            .pieces
            .iter()
            .filter_map(|piece| piece.key.as_deref())
            .collect();
        assert_eq!(keys, ["password", "uri"]);
        let kubernetes = text(&made, "Kubernetes");
        assert!(
            kubernetes.contains(
                "name: PGHOST\n    valueFrom:\n      secretKeyRef: { name: orders-conn, key: host }"
            )
        );
        for protocol in PROTOCOLS {
            for name in ["HOST", "PORT", "USER", "PATH", "HOME", "URI"] {
                let all: Vec<_> = MEANINGS.iter().map(|meaning| (*meaning, "x")).collect();
                let made = super::tests::made(protocol.name, &[], &all);
                let line = format!("{name}=");
                assert!(
                    !text(&made, "Environment file")
                        .lines()
                        .any(|each| each.starts_with(&line)),
                    "{}",
                    protocol.name
                );
            }
        }
    }

    #[test]
    fn snippets_refer_to_keys_as_the_secret_has_them_and_name_none_that_nothing_gives() {
        let made = made(
            "postgresql",
            &[("host", "endpoint")],
            &[("endpoint", "h.internal"), ("password", "x"), ("port", "1")],
        );
        assert_eq!(text(&made, "psql"), r#"psql "host=h.internal port=1""#);
        assert!(text(&made, "Kubernetes").contains("secretKeyRef: { name: orders-conn, key: endpoint }"));
    }

    #[test]
    fn every_protocol_has_code_in_every_language_and_no_gaps_in_it() {
        for protocol in PROTOCOLS.iter().filter(|protocol| protocol.name != "kubernetes") {
            for names in [
                &["uri", "host", "port", "password"][..],
                &["host", "password"],
                &[],
            ] {
                for value in ["x:y@z", "7"] {
                    let values: Vec<_> = names.iter().map(|name| (*name, value)).collect();
                    let made = made(protocol.name, &[], &values);
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
    }

    #[test]
    fn the_whole_address_is_used_where_the_parts_are_not_known_and_a_cluster_gets_kubectl() {
        let made_by_uri = made("redis", &[], &[("uri", "rediss://x")]);
        assert!(text(&made_by_uri, "Python").contains("from_url(os.environ[\"REDIS_URL\"])"));
        let by_parts = made("redis", &[], &[("host", "h"), ("port", "1"), ("password", "x")]);
        assert!(!text(&by_parts, "Python").contains("URL"));
        let cluster = made("kubernetes", &[("kubeconfig", "value")], &[("value", "x")]);
        assert_eq!(
            text(&cluster, "kubectl"),
            "kubectl --kubeconfig <(printenv KUBECONFIG_CONTENT) get nodes"
        );
        assert_eq!(
            made("carrier-pigeon", &[], &[("host", "h")]).len(),
            2,
            "what is unknown gets no code"
        );
    }
}
