//! Credentials of control planes are never shown, and exec plugins do not block shutdown.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use portico_tests::demo::Demo;
use portico_tests::person::Person;
use portico_tests::separate_process::SeparateProcess;
use portico_tests::story::{BUCKET, POSTGRESQL, submit_form, until_claim};
use portico_tests::until::until;

const CANARY: &str = "Zq7Kx9VwPj4Ym2RtHb6N";

#[track_caller]
fn shows_nothing(text: &str, of: &str) {
    for part in CANARY.as_bytes().windows(5) {
        let part = std::str::from_utf8(part).unwrap();
        assert!(!text.contains(part), "{part:?} of the secret is in {of}:\n{text}");
    }
}

fn kubeconfig(world: &Demo) -> PathBuf {
    let planes = &world.ready.control_planes;
    let plane = planes.iter().find(|plane| plane.name == "eu-shared").unwrap();
    plane.kubeconfig.clone()
}

/// A kubeconfig with this user section.
fn of_user(good: &str, user: &str) -> String {
    let token = good
        .lines()
        .find(|line| line.trim().starts_with("token: "))
        .unwrap();
    assert!(good.contains(&format!("  user:\n{token}")), "{good}");
    good.replace(&format!("  user:\n{token}"), &format!("  user: {user}"))
}

const PAGES: &[&str] = &[
    "/",
    "/catalog",
    "/claims",
    "/requests",
    "/approvals",
    "/usage",
    "/kubectl",
    "/tokens",
    "/admin/control-planes",
    "/admin/control-planes/eu-shared",
    "/admin/configuration",
    "/admin/tenants",
    "/admin/tenants/payments",
    "/admin/record",
    "/admin/record/export",
    "/api/v1/viewer",
    "/api/v1/home",
    "/api/v1/offerings",
    "/api/v1/claims",
    "/api/v1/requests",
    "/api/v1/approvals",
    "/api/v1/usage",
    "/api/v1/control-planes",
    "/api/v1/control-planes/eu-shared",
    "/api/v1/configuration",
    "/api/v1/tenants",
    "/api/v1/tenants/payments",
    "/api/v1/record",
    "/api/v1/search?q=orders",
    "/metrics",
    "/readyz",
    "/healthz",
];

async fn looks_everywhere(people: &[Person], claim: &str, log: &str) {
    for person in people {
        let of_claim = [
            claim.to_owned(),
            format!("{claim}/change"),
            format!("{claim}/delete"),
            format!("/api/v1{claim}"),
            format!("/catalog/{BUCKET}/request"),
        ];
        for path in PAGES.iter().map(|path| (*path).to_owned()).chain(of_claim) {
            shows_nothing(&person.get(&path).await.text, &path);
        }
    }
    let asked = submit_form(&people[0], BUCKET, "wanted", &[]).await;
    shows_nothing(&asked.text, "the answer to a request");
    shows_nothing(log, "the log");
}

async fn until_admin(pat: &Person, what: &str, says: &str) {
    until(what, Duration::from_mins(1), async || {
        let page = pat.get("/admin/control-planes/eu-shared").await.text;
        page.contains(says).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_kubeconfig_content_is_shown_to_anybody() {
    let world = SeparateProcess::world().await;
    let path = kubeconfig(&world);
    let good = fs::read_to_string(&path).unwrap();
    let portal = SeparateProcess::over(world, "debug").await;
    let mut people = Vec::new();
    for name in ["dana", "vic", "ada", "pat"] {
        let person = portal.world.sign_in(name).await;
        if name != "pat" {
            person.work_in("payments/dev").await;
        }
        people.push(person);
    }
    let claim = format!("/claims/eu-shared/{POSTGRESQL}/payments-dev/orders");
    let _ = until_claim(&people[0], &claim, "Ready").await;

    let plugin = path.with_file_name("plugin.sh");
    fs::write(
        &plugin,
        format!("#!/bin/sh\necho {CANARY}\necho {CANARY} >&2\nexit 3\n"),
    )
    .unwrap();
    fs::set_permissions(&plugin, fs::Permissions::from_mode(0o700)).unwrap();
    for (user, told) in [
        (format!("{{ username: portico, password: {CANARY}"), "kubeconfig"),
        (
            format!("{{ token: [{CANARY}] }}"),
            "users[0].user.token: must be a text",
        ),
        (
            format!("{{ tokenFile: {CANARY} }}"),
            "users[0].user.tokenFile: the file that it names cannot be read",
        ),
        (
            format!(
                "{{ exec: {{ apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never, command: ./plugin.sh, \
                 env: [{{ name: A, value: {CANARY} }}] }} }}"
            ),
            "the sign-in plugin plugin.sh ended with status 3",
        ),
        // Well-formed but unknown credentials: they are sent and refused.
        (format!("{{ token: {CANARY} }}"), "does not accept Portico"),
    ] {
        fs::write(&path, of_user(&good, &user)).unwrap();
        until_admin(&people[3], told, told).await;
        let page = until_claim(&people[1], &claim, "Unreachable").await;
        assert!(page.text.contains("When it last could be read"), "{}", page.text);
        looks_everywhere(&people, &claim, &portal.log()).await;
    }
    let log = portal.log();
    assert!(
        log.contains("a control plane cannot be used") && log.contains("users[0].user.token"),
        "why is logged"
    );
    fs::write(&path, good).unwrap();
    let _ = until_claim(&people[0], &claim, "Ready").await;
    looks_everywhere(&people, &claim, &portal.log()).await;
}

/// Whether the process exists and is not a zombie.
fn runs(id: &str) -> bool {
    fs::read_to_string(Path::new("/proc").join(id).join("stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hanging_exec_plugin_does_not_block_shutdown() {
    let world = SeparateProcess::world().await;
    let path = kubeconfig(&world);
    let good = fs::read_to_string(&path).unwrap();
    let (plugin, ids) = (path.with_file_name("hang.sh"), path.with_file_name("ids"));
    let script = format!("#!/bin/sh\nsleep 600 &\necho $$ $! > {}\nwait\n", ids.display());
    fs::write(&plugin, script).unwrap();
    fs::set_permissions(&plugin, fs::Permissions::from_mode(0o700)).unwrap();
    let user = "{ exec: { apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never, command: ./hang.sh } }";
    fs::write(&path, of_user(&good, user)).unwrap();
    let mut portal = SeparateProcess::over(world, "warn").await;
    let started = until("the plugin has started", Duration::from_mins(1), async || {
        fs::read_to_string(&ids).ok().filter(|text| text.ends_with('\n'))
    })
    .await;
    assert!(started.split_whitespace().all(runs), "{started}");
    let (status, took) = portal.stop();
    assert!(status.success(), "{status}");
    assert!(took < Duration::from_secs(10), "{took:?}");
    let gone = || (!started.split_whitespace().any(runs)).then_some(());
    until(
        "the plugin and its child are gone",
        Duration::from_secs(10),
        async || gone(),
    )
    .await;
}
