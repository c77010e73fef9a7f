use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tempfile::TempDir;

use super::kubeconfig::Kubeconfig;
use super::plugin::Plugin;
use super::problem::SignInError;
use super::user::SignIn;

/// No text may contain five consecutive characters of this.
const CANARY: &str = "Zq7Kx9VwPj4Ym2RtHb6N";

#[track_caller]
fn shows_nothing(said: &str, of: &str) {
    let canary = CANARY.as_bytes();
    let encoded = STANDARD.encode(CANARY);
    for secret in [canary, encoded.as_bytes()] {
        for part in secret.windows(5) {
            let part = std::str::from_utf8(part).unwrap();
            assert!(
                !said.contains(part),
                "{part:?} of the secret stands in {said:?}, of\n{of}"
            );
        }
    }
}

fn read(text: &str, folder: &Path) -> Result<Kubeconfig, String> {
    Kubeconfig::of(text, &folder.join("kubeconfig"), None).map_err(|problem| problem.to_string())
}

/// A kubeconfig with this user.
fn of_user(user: &str) -> String {
    with("https://127.0.0.1:6443", "", user)
}

fn with(server: &str, cluster: &str, user: &str) -> String {
    format!(
        "apiVersion: v1
kind: Config
current-context: eu
clusters:
- name: eu
  cluster: {{ server: '{server}'{cluster} }}
contexts:
- name: eu
  context: {{ cluster: eu, user: portico }}
users:
- name: portico
  user: {user}
"
    )
}

/// Users with a secret in every field that may hold one, in several YAML styles.
fn secret_users() -> Vec<String> {
    let data = STANDARD.encode(format!(
        "-----BEGIN PRIVATE KEY-----\n{CANARY}\n-----END PRIVATE KEY-----\n"
    ));
    vec![
        format!("{{ token: {CANARY} }}"),
        format!("{{ token: '{CANARY}', username: \"{CANARY}\", password: {CANARY} }}"),
        format!("\n    token: {CANARY}\n    password: '{CANARY}'"),
        format!("\n    token: >-\n      {CANARY}\n      {CANARY}\n    as: x"),
        format!("{{ username: {CANARY}, password: \"{CANARY}\" }}"),
        format!("{{ username: '{CANARY}:x', password: {CANARY} }}"),
        format!("{{ tokenFile: {CANARY} }}"),
        format!("{{ client-certificate-data: {data}, client-key-data: {data} }}"),
        format!("{{ client-certificate-data: {CANARY}%, client-key-data: {CANARY}% }}"),
        format!("\n    client-certificate: {CANARY}\n    client-key: '{CANARY}'"),
        format!(
            "\n    exec:\n      apiVersion: client.authentication.k8s.io/v1\n      command: ./plugin\n      args: ['{CANARY}', --x={CANARY}]\n      env:\n      - {{ name: A, value: '{CANARY}' }}\n      - name: B\n        value: {CANARY}\n      installHint: 'see https://example.org'\n      interactiveMode: Never"
        ),
        format!(
            "{{ auth-provider: {{ name: oidc, config: {{ id-token: {CANARY}, client-secret: '{CANARY}' }} }} }}"
        ),
        format!("[{CANARY}]"),
        format!("{CANARY}"),
        format!("{{ {CANARY}: {CANARY} }}"),
        format!("{{ token: [{CANARY}], password: {{ {CANARY}: 1 }} }}"),
        format!("&{CANARY} {{ token: *{CANARY} }}"),
        format!("!{CANARY} {{ token: !!binary {CANARY} }}"),
    ]
}

#[test]
fn errors_of_a_broken_kubeconfig_show_no_secret() {
    let folder = TempDir::new().unwrap();
    let judge = |text: &str| {
        if let Err(said) = read(text, folder.path()) {
            shows_nothing(&said, text);
        }
    };
    for user in secret_users() {
        let whole = of_user(&user);
        judge(&whole);
        for (at, c) in whole.char_indices() {
            judge(&whole[..at]);
            // One character removed, or one quotation mark or brace inserted.
            judge(&format!("{}{}", &whole[..at], &whole[at + c.len_utf8()..]));
            let users = at + 200 > whole.len() || whole[at..].starts_with("users") || at % 5 == 0;
            let marks = if users {
                ['"', '\'', '{', '\n'].as_slice()
            } else {
                &[]
            };
            for more in marks {
                judge(&format!("{}{more}{}", &whole[..at], &whole[at..]));
            }
        }
    }
}

#[test]
fn errors_show_no_contents_of_named_files() {
    let folder = TempDir::new().unwrap();
    let name = folder.path().join("secret");
    for content in [
        CANARY.to_owned(),
        format!("{CANARY} {CANARY}\n{CANARY}"),
        format!("-----BEGIN CERTIFICATE-----\n{CANARY}\n-----END CERTIFICATE-----\n"),
        format!("-----BEGIN PRIVATE KEY-----\n{CANARY}=="),
        format!("-----BEGIN {CANARY}-----\n"),
        format!("{CANARY}\0\u{1}"),
    ] {
        fs::write(&name, &content).unwrap();
        for user in [
            "{ tokenFile: secret }",
            "{ client-certificate: secret, client-key: secret }",
        ] {
            if let Err(said) = read(&of_user(user), folder.path()) {
                shows_nothing(&said, &content);
            }
        }
        let cluster = ", certificate-authority: secret";
        if let Err(said) = read(&with("https://x", cluster, "{ token: x }"), folder.path()) {
            shows_nothing(&said, &content);
        }
    }
}

fn pem(name: &str) -> (String, String) {
    let key = rcgen::KeyPair::generate().unwrap();
    let parameters = rcgen::CertificateParams::new([name.to_owned()]).unwrap();
    (parameters.self_signed(&key).unwrap().pem(), key.serialize_pem())
}

/// Each of these users is refused with an error that contains the text.
fn refused(folder: &Path, users: &[(String, &str)]) {
    for (user, said) in users {
        match read(&of_user(user), folder) {
            Ok(_) => panic!("{user} is taken"),
            Err(found) => assert!(found.contains(said), "{user}: {found}"),
        }
    }
}

#[test]
fn errors_name_line_and_field() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("empty"), "\n").unwrap();
    let users = [
        (
            "{}".to_owned(),
            "line 12: users[0].user: holds nothing to sign in with",
        ),
        ("null".to_owned(), "users[0].user: holds nothing"),
        ("{ token: '' }".to_owned(), "users[0].user: holds nothing"),
        (
            "{ token: 17 }".to_owned(),
            "users[0].user.token: must be a text: put it in quotation marks",
        ),
        ("{ token: [a] }".to_owned(), "users[0].user.token: must be a text"),
        ("{ token: 'a b' }".to_owned(), "users[0].user.token: is no token"),
        (
            "{ token: a, username: b, password: c }".to_owned(),
            "more than one way to sign in: token, username and password",
        ),
        (
            "{ username: b }".to_owned(),
            "users[0].user.username: stands without password",
        ),
        (
            "{ password: b }".to_owned(),
            "users[0].user.password: stands without username",
        ),
        (
            "{ tokenFile: nowhere }".to_owned(),
            "users[0].user.tokenFile: the file that it names cannot be read: there is no such file",
        ),
        (
            "{ tokenFile: empty }".to_owned(),
            "users[0].user.tokenFile: the file that it names holds no token",
        ),
        (
            "{ auth-provider: { name: gcp } }".to_owned(),
            "users[0].user.auth-provider: kubectl has no auth providers any more",
        ),
        (
            "{ token: a, as-groups: [b] }".to_owned(),
            "users[0].user.as: is missing",
        ),
        (
            "{ exec: { command: x } }".to_owned(),
            "users[0].user.exec.apiVersion: must be client.authentication.k8s.io/v1 or",
        ),
        (
            exec("{ command: x, interactiveMode: Always }"),
            "users[0].user.exec.interactiveMode: is Always",
        ),
        (
            exec("{ command: x }"),
            "users[0].user.exec.interactiveMode: is missing",
        ),
        (
            exec("{ interactiveMode: Never }"),
            "users[0].user.exec.command: is missing",
        ),
        (
            exec("{ command: x, interactiveMode: Never, env: [{ value: a }] }"),
            "users[0].user.exec.env[0].name: is missing",
        ),
        (
            exec("{ command: x, interactiveMode: Never }").replace("{ exec", "{ token: a, exec"),
            "more than one way to sign in: token, exec",
        ),
    ];
    refused(folder.path(), &users);
}

#[test]
fn incomplete_client_certificates_are_refused() {
    let folder = TempDir::new().unwrap();
    let ((certificate, key), (other, _)) = (pem("a"), pem("b"));
    fs::write(folder.path().join("client.crt"), &certificate).unwrap();
    fs::write(folder.path().join("client.key"), &key).unwrap();
    let encode = |text: &str| STANDARD.encode(text);
    let (certificate, key, other) = (encode(&certificate), encode(&key), encode(&other));
    let garbage = encode("no certificate");
    let users = [
        (
            format!("{{ client-certificate-data: {certificate} }}"),
            "client-certificate-data: stands without its key",
        ),
        (
            format!("{{ client-key-data: {key} }}"),
            "client-key-data: stands without its certificate",
        ),
        (
            format!("{{ client-certificate-data: '%%%', client-key-data: {key} }}"),
            "client-certificate-data: is not in base64",
        ),
        (
            format!("{{ client-certificate-data: {garbage}, client-key-data: {key} }}"),
            "client-certificate-data: holds no certificate in PEM",
        ),
        (
            format!("{{ client-certificate-data: {certificate}, client-key-data: {garbage} }}"),
            "client-key-data: holds no private key in PEM",
        ),
        (
            format!("{{ client-certificate-data: {other}, client-key-data: {key} }}"),
            "client-key-data: does not belong to the client certificate",
        ),
        (
            "{ client-certificate: client.crt, client-key: nowhere }".to_owned(),
            "client-key: the file that it names cannot be read: there is no such file",
        ),
        (
            format!("{{ client-certificate: client.crt, client-certificate-data: {certificate} }}"),
            "client-certificate-data: stands beside client-certificate",
        ),
    ];
    refused(folder.path(), &users);
    for right in [
        "{ token: a }".to_owned(),
        "{ token: a, tokenFile: nowhere }".to_owned(),
        "{ username: a, password: b }".to_owned(),
        "{ client-certificate: client.crt, client-key: client.key }".to_owned(),
        format!("{{ client-certificate-data: {certificate}, client-key-data: {key}, token: a }}"),
        "{ token: a, as: b, as-groups: [c], as-user-extra: { d: [e] } }".to_owned(),
        exec("{ command: x, interactiveMode: Never }"),
        exec("{ command: x, interactiveMode: IfAvailable, provideClusterInfo: true }"),
    ] {
        if let Err(said) = read(&of_user(&right), folder.path()) {
            panic!("{right}: {said}");
        }
    }
}

#[test]
fn a_client_certificate_that_is_not_valid_yet_is_pointed_out() {
    let folder = TempDir::new().unwrap();
    let warnings = |begins: i32| {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut parameters = rcgen::CertificateParams::new(vec!["a".to_owned()]).unwrap();
        parameters.not_before = rcgen::date_time_ymd(begins, 1, 1);
        let certificate = parameters.self_signed(&key).unwrap();
        let encode = |text: String| STANDARD.encode(text);
        let (certificate, key) = (encode(certificate.pem()), encode(key.serialize_pem()));
        let user = format!("{{ client-certificate-data: {certificate}, client-key-data: {key} }}");
        read(&of_user(&user), folder.path()).unwrap().warnings().join(" ")
    };
    assert!(warnings(2090).contains("client-certificate: it is not valid yet"));
    assert!(!warnings(2020).contains("not valid yet"));
}

/// A user with a plugin of the latest version.
fn exec(fields: &str) -> String {
    let fields = fields.strip_prefix('{').unwrap();
    format!("{{ exec: {{ apiVersion: client.authentication.k8s.io/v1, {fields} }}")
}

#[test]
fn errors_of_clusters_and_contexts_name_the_field() {
    let folder = TempDir::new().unwrap();
    let token = "{ token: a }";
    let authority = STANDARD.encode(pem("a").0);
    for (text, said) in [
        (String::new(), "it is empty"),
        ("a: 1\n---\nb: 2\n".to_owned(), "more than one document"),
        (
            of_user(token).replace("current-context: eu\n", ""),
            "current-context: is missing",
        ),
        (
            of_user(token).replace("current-context: eu", "current-context: us"),
            "line 3: current-context: there is no context of that name",
        ),
        (
            of_user(token).replace("user: portico }", "user: nobody }"),
            "contexts[0].context.user: there is no user of that name",
        ),
        (
            of_user(token).replace(", user: portico }", " }"),
            "contexts[0].context.user: is missing",
        ),
        (
            of_user(token).replace("cluster: eu,", "cluster: us,"),
            "contexts[0].context.cluster: there is no cluster of that name",
        ),
        (
            format!("{}- name: portico\n  user: {{ token: b }}\n", of_user(token)),
            "users[1].name: another before it has the same name",
        ),
        (
            with("127.0.0.1:6443", "", token),
            "clusters[0].cluster.server: is not an address",
        ),
        (
            with("https://a:b@127.0.0.1", "", token),
            "clusters[0].cluster.server: holds a user before the host",
        ),
        (
            with("http://10.0.0.1", "", token),
            "clusters[0].cluster.server: begins with http://",
        ),
        (
            with("https://x", ", proxy-url: 'http://p'", token),
            "clusters[0].cluster.proxy-url: Portico reaches control planes directly",
        ),
        (
            with("https://x", ", certificate-authority: nowhere", token),
            "certificate-authority: the file that it names cannot be read",
        ),
        (
            with("https://x", ", certificate-authority-data: YQ==", token),
            "certificate-authority-data: holds no certificate in PEM",
        ),
        (
            with(
                "https://x",
                &format!(", insecure-skip-tls-verify: true, certificate-authority-data: {authority}"),
                token,
            ),
            "certificate-authority-data: stands beside insecure-skip-tls-verify",
        ),
        (
            with("https://x", ", insecure-skip-tls-verify: maybe", token),
            "insecure-skip-tls-verify: must be true or false",
        ),
        (
            with("https://x", ", tls-server-name: 'a b'", token),
            "tls-server-name: is not a host's name",
        ),
    ] {
        match read(&text, folder.path()) {
            Ok(_) => panic!("{text} is taken"),
            Err(found) => assert!(found.contains(said), "{text}\n{found}"),
        }
    }
    let insecure = read(
        &with("https://x", ", insecure-skip-tls-verify: yes", token),
        folder.path(),
    );
    assert_eq!(
        insecure.unwrap_or_else(|said| panic!("{said}")).warnings().len(),
        1
    );
    assert!(Kubeconfig::of(&of_user(token), Path::new("x"), Some("us")).is_err());
}

#[test]
fn decodes_by_byte_order_mark() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("kubeconfig");
    let text = of_user("{ token: a }");
    let wide: Vec<u16> = text.encode_utf16().collect();
    let little: Vec<u8> = wide.iter().flat_map(|unit| unit.to_le_bytes()).collect();
    let big: Vec<u8> = wide.iter().flat_map(|unit| unit.to_be_bytes()).collect();
    for bytes in [
        text.clone().into_bytes(),
        [b"\xEF\xBB\xBF".to_vec(), text.into_bytes()].concat(),
        [b"\xFF\xFE".to_vec(), little].concat(),
        [b"\xFE\xFF".to_vec(), big].concat(),
    ] {
        fs::write(&path, bytes).unwrap();
        if let Err(said) = Kubeconfig::read(&path, None) {
            panic!("{said}");
        }
    }
}

/// A plugin with this script and timeout.
fn plugin(folder: &Path, script: &str, limit: Duration) -> Plugin {
    let path = folder.join("plugin.sh");
    fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    plugin_of(
        folder,
        "{ command: ./plugin.sh, interactiveMode: Never, env: [{ name: A, value: b }] }",
        limit,
    )
}

fn plugin_of(folder: &Path, fields: &str, limit: Duration) -> Plugin {
    let config = read(&of_user(&exec(fields)), folder).unwrap_or_else(|said| panic!("{said}"));
    let Some(SignIn::Plugin(plugin)) = config.user.sign_in else {
        panic!("no plugin")
    };
    plugin.within(limit)
}

const LONG_TIMEOUT: Duration = Duration::from_secs(20);

fn credential(status: &str) -> String {
    format!(
        "printf '%s' '{{\"apiVersion\":\"client.authentication.k8s.io/v1\",\"kind\":\"ExecCredential\",\"status\":{status}}}'"
    )
}

async fn failure(plugin: &Plugin) -> String {
    match plugin.run().await {
        Ok(_) => panic!("it did not fail"),
        Err(SignInError(said)) => said,
    }
}

#[tokio::test]
async fn a_plugin_beside_the_kubeconfig_issues_a_token() {
    let folder = TempDir::new().unwrap();
    let script = format!(
        "test \"$A\" = b || exit 9\necho \"$KUBERNETES_EXEC_INFO\" > info\n{}",
        credential("{\"token\":\"t\"}")
    );
    let script = script.replace("> info", &format!("> {}/info", folder.path().display()));
    let issued = plugin(folder.path(), &script, LONG_TIMEOUT).run().await;
    assert!(issued.is_ok_and(|issued| issued.is_valid()));
    let told = fs::read_to_string(folder.path().join("info")).unwrap();
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert_eq!(told["spec"]["interactive"], false);
    assert_eq!(told["apiVersion"], "client.authentication.k8s.io/v1");
}

#[tokio::test]
async fn errors_of_a_plugin_do_not_show_its_output() {
    let folder = TempDir::new().unwrap();
    let token = format!("{{\"token\":\"{CANARY}\\u0001\"}}");
    for (script, said) in [
        (
            format!("echo {CANARY}; echo {CANARY} >&2; exit 3"),
            "the sign-in plugin plugin.sh ended with status 3",
        ),
        (format!("echo {CANARY}; kill -9 $$"), "was ended by a signal"),
        (format!("echo {CANARY}"), "printed no ExecCredential"),
        (
            format!("echo '{{\"status\": \"{CANARY}\"}}'"),
            "printed no ExecCredential",
        ),
        (
            credential("{}"),
            "issued neither a token nor a client certificate",
        ),
        (
            credential(&format!("{{\"token\":\"{CANARY} x\"}}")),
            "a token that no header can carry",
        ),
        (credential(&token), "a token that no header can carry"),
        (
            credential(&format!(
                "{{\"token\":\"x\",\"expirationTimestamp\":\"{CANARY}\"}}"
            )),
            "expirationTimestamp is no time",
        ),
        (
            credential(&format!("{{\"clientCertificateData\":\"{CANARY}\"}}")),
            "without its key",
        ),
        (
            credential(&format!(
                "{{\"clientCertificateData\":\"{CANARY}\",\"clientKeyData\":\"{CANARY}\"}}"
            )),
            "holds no certificate in PEM",
        ),
        (
            credential("{\"token\":\"x\"}").replace("io/v1", "io/v1beta1"),
            "another apiVersion",
        ),
        ("yes x | head -c 3000000".to_owned(), "printed too much"),
    ] {
        let found = failure(&plugin(folder.path(), &script, LONG_TIMEOUT)).await;
        assert!(found.contains(said), "{script}: {found}");
        shows_nothing(&found, &script);
    }
}

#[tokio::test]
async fn a_missing_plugin_shows_its_install_hint() {
    let folder = TempDir::new().unwrap();
    for command in ["./no-such-plugin", "no-such-plugin"] {
        let fields = format!(
            "{{ command: {command}, interactiveMode: Never, installHint: 'Install it: see https://example.org' }}"
        );
        let said = failure(&plugin_of(folder.path(), &fields, LONG_TIMEOUT)).await;
        assert!(
            said.contains("no-such-plugin is not installed")
                && said.contains("Install it: see https://example.org"),
            "{said}"
        );
    }
}

/// True if the process exists and is not a zombie.
fn runs(id: &str) -> bool {
    fs::read_to_string(format!("/proc/{id}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

async fn until_gone(ids: &str) {
    let begun = Instant::now();
    while ids.split_whitespace().any(runs) {
        assert!(begun.elapsed() < LONG_TIMEOUT, "{ids} are still there");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn until_written(path: &Path) -> String {
    let begun = Instant::now();
    loop {
        let text = fs::read_to_string(path).unwrap_or_default();
        if text.ends_with('\n') {
            return text;
        }
        assert!(begun.elapsed() < LONG_TIMEOUT, "the plugin did not start");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_plugin_is_killed_with_its_children() {
    let folder = TempDir::new().unwrap();
    let ids = folder.path().join("ids");
    let script = format!(
        "sleep 600 & one=$!\nsh -c 'sleep 600' & two=$!\necho $$ $one $two > {}\nwait",
        ids.display()
    );
    // At its timeout.
    let said = failure(&plugin(folder.path(), &script, Duration::from_secs(2))).await;
    assert!(said.contains("did not end within 2 seconds"), "{said}");
    until_gone(&until_written(&ids).await).await;

    // When it is no longer waited for.
    fs::remove_file(&ids).unwrap();
    let patient = plugin(folder.path(), &script, LONG_TIMEOUT * 10);
    let running = tokio::spawn(async move { patient.run().await.is_ok() });
    let started = until_written(&ids).await;
    running.abort();
    until_gone(&started).await;

    // When it has answered and a child keeps its output open.
    fs::remove_file(&ids).unwrap();
    let script = format!(
        "{}\nsleep 600 &\necho $! > {}",
        credential("{\"token\":\"t\"}"),
        ids.display()
    );
    let _ = plugin(folder.path(), &script, LONG_TIMEOUT).run().await;
    until_gone(&until_written(&ids).await).await;
}
