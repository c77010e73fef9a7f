//! Ready-made text that connects: for a shell, for Kubernetes, for programs in several languages. Values that are not
//! secret are in the text; secret ones come from environment variables.
//!
//! Each protocol is a YAML file in this folder, with templates in the syntax of Jinja. To add one, write its file and add
//! it to [`FILES`]. In a template, `{{ host }}` is the value as a literal, or code that reads it from its variable.
//! `{{ port | number }}` makes it a number, `{{ host | reference }}` borrows it in Rust, `{{ host | env }}` reads it from
//! the map `env` in Java. `variable.host` is the name of the variable, `given.host` is true if the secret has the key.
//! `by_uri` is true if the whole address has to be used, because the secret does not show its parts.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, State, UndefinedBehavior, Value};
use portico_api::words::{ENVIRONMENT_FILE, KUBERNETES, KUBERNETES_SECRET, KUBERNETES_VARIABLES};
use portico_api::{ConnectionKey, Quoting, Snippet, SnippetPart};
use portico_domain::connection::DOTS;
use portico_domain::documents::Access;
use serde::Deserialize;

const FILES: [&str; 7] = [
    include_str!("amqp.yaml"),
    include_str!("kafka.yaml"),
    include_str!("kubernetes.yaml"),
    include_str!("mysql.yaml"),
    include_str!("postgresql.yaml"),
    include_str!("redis.yaml"),
    include_str!("s3.yaml"),
];

/// How to connect by a protocol.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Protocol {
    /// The value of [`Access::protocol`].
    name: String,
    /// The variables that hold parts of the secret by the protocol's custom. `HOST` and `PORT` alone belong to the
    /// program that reads them: many servers listen on `PORT`.
    variables: BTreeMap<String, String>,
    /// A command line to try it with.
    shell: Program,
    programs: Vec<Program>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Program {
    /// The command, or the language.
    title: String,
    /// The template.
    text: String,
}

/// How a language reads a variable, and how it makes text a number. `{}` is the variable or the text.
struct Language {
    title: &'static str,
    read: &'static str,
    number: &'static str,
}

const LANGUAGES: [Language; 5] = [
    Language {
        title: "Python",
        read: r#"os.environ["{}"]"#,
        number: "int({})",
    },
    Language {
        title: "Node.js",
        read: "process.env.{}",
        number: "Number({})",
    },
    Language {
        title: "Go",
        read: r#"os.Getenv("{}")"#,
        number: "{}",
    },
    Language {
        title: "Java",
        read: r#"System.getenv("{}")"#,
        number: "Integer.parseInt({})",
    },
    Language {
        title: "Rust",
        read: r#"env::var("{}")?"#,
        number: "{}.parse()?",
    },
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

struct Catalog {
    protocols: Vec<Protocol>,
    /// The templates, by protocol and title.
    templates: Environment<'static>,
}

#[expect(
    clippy::expect_used,
    reason = "the files are part of the program, and the tests read all of them"
)]
static CATALOG: LazyLock<Catalog> = LazyLock::new(|| Catalog::read().expect("a file of snippets is wrong"));

impl Catalog {
    fn read() -> Result<Self, Box<dyn std::error::Error>> {
        let mut templates = Environment::new();
        templates.set_undefined_behavior(UndefinedBehavior::Strict);
        let mut syntax = SyntaxConfig::builder();
        syntax.trim_blocks(true).keep_trailing_newline(true);
        templates.set_syntax(syntax.build()?);
        templates.add_filter("number", number);
        templates.add_filter("reference", reference);
        templates.add_filter("env", from_map);
        let mut protocols = Vec::new();
        for file in FILES {
            let protocol: Protocol = serde_saphyr::from_str(file)?;
            for program in protocol.programs.iter().chain([&protocol.shell]) {
                templates.add_template_owned(template_name(&protocol, program), program.text.clone())?;
            }
            protocols.push(protocol);
        }
        Ok(Self { protocols, templates })
    }
}

fn template_name(protocol: &Protocol, program: &Program) -> String {
    format!("{}/{}", protocol.name, program.title)
}

/// Makes an expression a number: a literal loses its quotes.
fn number(state: &State, expression: &str) -> String {
    let literal = expression.trim_matches('"');
    if literal.parse::<u16>().is_ok() {
        return literal.to_owned();
    }
    let title = state.lookup("title");
    let language = language(title.as_ref().and_then(Value::as_str).unwrap_or_default());
    language.map_or_else(
        || expression.to_owned(),
        |language| language.number.replace("{}", expression),
    )
}

/// Borrows what Rust reads from a variable. A literal is borrowed already.
fn reference(expression: &str) -> String {
    if expression.starts_with('"') {
        expression.to_owned()
    } else {
        format!("&{expression}")
    }
}

/// Reads a variable from Java's map `env`, which is shorter.
fn from_map(expression: &str) -> String {
    expression.replace("System.getenv", "env.get")
}

fn language(title: &str) -> Option<&'static Language> {
    LANGUAGES.iter().find(|language| language.title == title)
}

/// Returns text that connects with a secret of these keys.
pub(super) fn snippets(access: &Access, secret: &str, keys: &[ConnectionKey]) -> Vec<Snippet> {
    let protocol = CATALOG
        .protocols
        .iter()
        .find(|protocol| Some(&protocol.name) == access.protocol.as_ref());
    let snippet = |program: &Program| {
        let protocol = protocol?;
        let template = CATALOG.templates.get_template(&template_name(protocol, program));
        match template.and_then(|template| template.render(context(access, keys, &program.title))) {
            Ok(text) => Some(plain(&program.title, text)),
            Err(error) => {
                tracing::error!(%error, protocol = protocol.name, title = program.title, "rendering a snippet failed");
                None
            }
        }
    };
    let shell = protocol.and_then(|protocol| snippet(&protocol.shell));
    let programs = protocol.into_iter().flat_map(|protocol| &protocol.programs);
    let settings = [
        environment_file(access, keys),
        kubernetes(access, secret, keys),
        kubernetes_secret(secret, keys),
    ];
    shell
        .into_iter()
        .chain(settings)
        .chain(programs.filter_map(snippet))
        .collect()
}

/// The variables of a template. `title` is its language, or the command in a shell.
fn context(access: &Access, keys: &[ConnectionKey], title: &str) -> BTreeMap<&'static str, Value> {
    let of = |meaning: &str| keys.iter().find(|key| key.title == meaning);
    let known = |meaning: &str| of(meaning).and_then(|key| key.value.as_deref());
    let expression = |meaning: &str| {
        let variable = variable(access, meaning);
        match (language(title), known(meaning)) {
            // It is of letters, digits and `._:,/-` only, so that it needs no quoting in a shell and no escapes.
            (None, Some(value)) => value.to_owned(),
            (None, None) => format!("${variable}"),
            (Some(_), Some(value)) => format!("\"{value}\""),
            (Some(language), None) => language.read.replace("{}", &variable),
        }
    };
    let by_meaning = |value: &dyn Fn(&str) -> Value| -> Value {
        let values = MEANINGS.map(|meaning| (meaning, value(meaning)));
        BTreeMap::from(values).into()
    };
    let mut context = BTreeMap::from(MEANINGS.map(|meaning| (meaning, expression(meaning).into())));
    context.extend([
        (
            "by_uri",
            Value::from(of("uri").is_some() && known("host").is_none()),
        ),
        ("given", by_meaning(&|meaning| of(meaning).is_some().into())),
        // What the secret lacks one sets oneself, in a variable of that name.
        (
            "variable",
            by_meaning(&|meaning| variable(access, meaning).into()),
        ),
        ("title", title.into()),
    ]);
    context
}

fn plain(title: &str, text: String) -> Snippet {
    Snippet {
        title: title.to_owned(),
        purpose: None,
        pieces: Vec::new(),
        text,
    }
}

/// A snippet of pieces, some of which are secret.
fn pieced(title: &str, pieces: Vec<SnippetPart>) -> Snippet {
    Snippet {
        title: title.to_owned(),
        purpose: None,
        text: pieces.iter().map(|piece| piece.text.as_str()).collect(),
        pieces,
    }
}

fn piece(text: String) -> SnippetPart {
    SnippetPart {
        text,
        key: None,
        quoting: Quoting::default(),
    }
}

/// The place of a secret value in a snippet.
fn dots(key: &ConnectionKey, quoting: Quoting) -> SnippetPart {
    SnippetPart {
        text: DOTS.to_owned(),
        key: Some(key.key.clone()),
        quoting,
    }
}

fn environment_file(access: &Access, keys: &[ConnectionKey]) -> Snippet {
    let mut pieces = Vec::new();
    for key in keys {
        let name = variable(access, &key.title);
        match &key.value {
            // A certificate is a file, not a line.
            Some(value) if value.contains('\n') => {}
            Some(value) => pieces.push(piece(format!("{name}={value}\n"))),
            None => pieces.extend([
                piece(format!("{name}=")),
                dots(key, Quoting::Environment),
                piece("\n".to_owned()),
            ]),
        }
    }
    pieced(ENVIRONMENT_FILE, pieces)
}

fn kubernetes(access: &Access, secret: &str, keys: &[ConnectionKey]) -> Snippet {
    let is_file = |key: &&ConnectionKey| key.value.as_ref().is_some_and(|value| value.contains('\n'));
    let references = keys.iter().filter(|key| !is_file(key)).map(|key| {
        let name = variable(access, &key.title);
        let key = &key.key;
        format!("  - name: {name}\n    valueFrom:\n      secretKeyRef: {{ name: {secret}, key: {key} }}\n")
    });
    let mut snippet = plain(KUBERNETES, format!("env:\n{}", references.collect::<String>()));
    snippet.purpose = Some(KUBERNETES_VARIABLES.to_owned());
    snippet
}

/// The secret as a manifest, for programs that run elsewhere.
fn kubernetes_secret(secret: &str, keys: &[ConnectionKey]) -> Snippet {
    let head =
        format!("apiVersion: v1\nkind: Secret\nmetadata:\n  name: {secret}\ntype: Opaque\nstringData:\n");
    let mut pieces = vec![piece(head)];
    for key in keys {
        let name = &key.key;
        match &key.value {
            Some(value) if value.contains('\n') => {
                let lines = value.trim_end().replace('\n', "\n    ");
                pieces.push(piece(format!("  {name}: |\n    {lines}\n")));
            }
            // A JSON string is a string of YAML as well.
            Some(value) => pieces.push(piece(format!("  {name}: {}\n", serde_json::json!(value)))),
            None => pieces.extend([
                piece(format!("  {name}: ")),
                dots(key, Quoting::Yaml),
                piece("\n".to_owned()),
            ]),
        }
    }
    let mut snippet = pieced(KUBERNETES, pieces);
    snippet.purpose = Some(KUBERNETES_SECRET.to_owned());
    snippet
}

/// Returns the name of the variable that holds a part of the secret.
fn variable(access: &Access, meaning: &str) -> String {
    let protocol = access.protocol.as_deref().unwrap_or("service");
    let known = CATALOG.protocols.iter().find(|known| known.name == protocol);
    if let Some(name) = known.and_then(|known| known.variables.get(meaning)) {
        return name.clone();
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
        for protocol in &CATALOG.protocols {
            for name in ["HOST", "PORT", "USER", "PATH", "HOME", "URI"] {
                let all: Vec<_> = MEANINGS.iter().map(|meaning| (*meaning, "x")).collect();
                let made = super::tests::made(&protocol.name, &[], &all);
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
    fn the_manifest_of_the_secret_is_yaml_with_places_for_what_is_secret() {
        let certificate = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
        let mut values = WHOLE.to_vec();
        values.push(("ca.crt", certificate));
        let made = made("postgresql", &[], &values);
        let manifest = made
            .iter()
            .find(|snippet| snippet.purpose.as_deref() == Some(KUBERNETES_SECRET))
            .unwrap();
        let read: serde_json::Value = serde_saphyr::from_str(&manifest.text).unwrap();
        assert_eq!(read["kind"], "Secret");
        assert_eq!(read["metadata"]["name"], "orders-conn");
        assert_eq!(read["stringData"]["port"], "5432");
        assert_eq!(read["stringData"]["ca.crt"], certificate);
        assert_eq!(read["stringData"]["password"], DOTS);
        let secret: Vec<_> = manifest
            .pieces
            .iter()
            .filter(|piece| piece.key.is_some())
            .collect();
        assert_eq!(secret.len(), 2);
        assert!(secret.iter().all(|piece| piece.quoting == Quoting::Yaml));
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
        let protocols = CATALOG.protocols.iter();
        for protocol in protocols.filter(|protocol| protocol.name != "kubernetes") {
            for names in [
                &["uri", "host", "port", "password"][..],
                &["host", "password"],
                &[],
            ] {
                for value in ["x:y@z", "7"] {
                    let values: Vec<_> = names.iter().map(|name| (*name, value)).collect();
                    let made = made(&protocol.name, &[], &values);
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
            3,
            "what is unknown gets no code"
        );
    }
}
