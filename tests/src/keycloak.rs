//! A Keycloak on a free loopback port with its own realm. `cargo xtask test --full` downloads it and sets
//! `PORTICO_KEYCLOAK`.

use std::env;
use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use reqwest::Client;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::processes::free_port;
use crate::processes::{Owned, which};
use crate::report;
use crate::until::until;

/// How long the start may take. On two idle cores it takes about twenty seconds.
const TIMEOUT: Duration = Duration::from_mins(4);
/// The administrator, and the password of all users.
const ADMINISTRATOR: &str = "administrator";
const PASSWORD: &str = "a-password-for-tests";
/// The secret of the client `portico`.
pub const SECRET: &str = "a-secret-for-tests";

/// A running Keycloak. It ends when this is dropped.
#[derive(Debug)]
pub struct Keycloak {
    url: String,
    client: Client,
    _process: Owned,
    _home: TempDir,
}

impl Keycloak {
    /// Whether it is installed. If not, reports `test` as skipped.
    #[must_use]
    pub fn is_here(test: &str) -> bool {
        if folder().is_none() || which("java").is_none() {
            report::skip(test, "Keycloak");
            return false;
        }
        let folder = folder().unwrap_or_default();
        let version = fs::read_to_string(folder.join("version.txt")).unwrap_or_default();
        let version = version.rsplit(' ').next().unwrap_or_default().trim().to_owned();
        report::took_part("Keycloak", &version);
        true
    }

    /// Starts Keycloak with the realm `example`, the client `portico` of the portal at `portal`, and these
    /// people with their groups.
    ///
    /// # Panics
    /// When it does not answer in time; prints its log.
    pub async fn start(portal: &str, people: &[(&str, &[&str])]) -> Self {
        let kept = folder().expect("`is_here` was asked");
        let home = tempfile::tempdir().unwrap();
        for shared in ["lib", "providers", "themes", "conf"] {
            symlink(kept.join(shared), home.path().join(shared)).unwrap();
        }
        let import = home.path().join("data/import");
        fs::create_dir_all(&import).unwrap();
        let realm = serde_json::to_string(&realm(portal, people)).unwrap();
        fs::write(import.join("example-realm.json"), realm).unwrap();
        let (port, management) = (free_port(), free_port());
        let log = home.path().join("log");
        let command = command(home.path(), port, management);
        let out = File::create(&log).unwrap();
        let mut process = Owned::start(&command, |command| {
            command.stdout(out.try_clone().unwrap()).stderr(out);
        });
        let url = format!("http://127.0.0.1:{port}");
        let discovery = format!("{url}/realms/example/.well-known/openid-configuration");
        until("Keycloak answers", TIMEOUT, || {
            assert!(
                process.ended().is_none(),
                "Keycloak ended:\n{}",
                fs::read_to_string(&log).unwrap_or_default()
            );
            let asked = reqwest::get(discovery.clone());
            async move { asked.await.ok().filter(|answer| answer.status().is_success()) }
        })
        .await;
        Self {
            url,
            client: Client::new(),
            _process: process,
            _home: home,
        }
    }

    /// The realm's issuer.
    #[must_use]
    pub fn issuer(&self) -> String {
        format!("{}/realms/example", self.url)
    }

    /// The password of all users.
    #[must_use]
    pub fn password(&self) -> &'static str {
        PASSWORD
    }

    /// Ends all sessions of a person, as an administrator does.
    ///
    /// # Panics
    /// When Keycloak refuses.
    pub async fn sign_out_everywhere(&self, username: &str) {
        let id = self.id_of(username).await;
        let answer = self
            .client
            .post(format!("{}/admin/realms/example/users/{id}/logout", self.url))
            .bearer_auth(self.administrator().await)
            .send()
            .await
            .unwrap();
        assert!(answer.status().is_success(), "{}", answer.status());
    }

    async fn id_of(&self, username: &str) -> String {
        let found: Value = self
            .client
            .get(format!("{}/admin/realms/example/users", self.url))
            .query(&[("username", username), ("exact", "true")])
            .bearer_auth(self.administrator().await)
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        found[0]["id"].as_str().unwrap().to_owned()
    }

    /// An access token of the administrator.
    async fn administrator(&self) -> String {
        let form = [
            ("grant_type", "password"),
            ("client_id", "admin-cli"),
            ("username", ADMINISTRATOR),
            ("password", PASSWORD),
        ];
        let answer: Value = self
            .client
            .post(format!(
                "{}/realms/master/protocol/openid-connect/token",
                self.url
            ))
            .form(&form)
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        answer["access_token"].as_str().unwrap().to_owned()
    }
}

fn folder() -> Option<PathBuf> {
    let folder = PathBuf::from(env::var_os("PORTICO_KEYCLOAK")?);
    folder.join("lib/quarkus-run.jar").is_file().then_some(folder)
}

/// The command of Keycloak's own script, without the shell: killing the shell would leave Java running.
fn command(home: &Path, port: u16, management: u16) -> Command {
    let mut command = Command::new("java");
    command
        .current_dir(home)
        .env("KC_BOOTSTRAP_ADMIN_USERNAME", ADMINISTRATOR)
        .env("KC_BOOTSTRAP_ADMIN_PASSWORD", PASSWORD)
        .args(["-Xms64m", "-Xmx384m"])
        .arg(format!("-Dkc.home.dir={}", home.display()))
        .arg(format!(
            "-Djboss.server.config.dir={}",
            home.join("conf").display()
        ))
        .arg("-Djava.util.logging.manager=org.jboss.logmanager.LogManager")
        .arg(
            "-Djava.util.concurrent.ForkJoinPool.common.threadFactory=\
             io.quarkus.bootstrap.forkjoin.QuarkusForkJoinWorkerThreadFactory",
        )
        .args(
            ["util", "util.concurrent", "security", "lang"]
                .map(|part| format!("--add-opens=java.base/java.{part}=ALL-UNNAMED")),
        )
        .arg("-cp")
        .arg(home.join("lib/quarkus-run.jar"))
        .arg("io.quarkus.bootstrap.runner.QuarkusEntryPoint")
        .args(["start", "--optimized", "--import-realm"])
        .args([
            "--http-enabled=true",
            "--hostname-strict=false",
            "--http-host=127.0.0.1",
        ])
        .arg(format!("--http-port={port}"))
        .arg(format!("--http-management-port={management}"));
    command
}

/// A realm for `deploy/example`: default scopes and one mapper for groups.
fn realm(portal: &str, people: &[(&str, &[&str])]) -> Value {
    let mut groups: Vec<&str> = people
        .iter()
        .flat_map(|(_, groups)| groups.iter().copied())
        .collect();
    groups.sort_unstable();
    groups.dedup();
    let groups: Vec<Value> = groups.into_iter().map(|name| json!({ "name": name })).collect();
    let users: Vec<Value> = people
        .iter()
        .map(|(username, groups)| {
            json!({
                "username": username,
                "enabled": true,
                "email": format!("{username}@example.test"),
                "emailVerified": true,
                "firstName": capitalized(username),
                "lastName": "Example",
                "groups": groups.iter().map(|group| format!("/{group}")).collect::<Vec<_>>(),
                "credentials": [{ "type": "password", "value": PASSWORD, "temporary": false }],
            })
        })
        .collect();
    json!({
        "realm": "example",
        "enabled": true,
        "sslRequired": "none",
        "groups": groups,
        "users": users,
        "clients": [{
            "clientId": "portico",
            "name": "Portico",
            "enabled": true,
            "protocol": "openid-connect",
            "publicClient": false,
            "secret": SECRET,
            "standardFlowEnabled": true,
            "redirectUris": [format!("{portal}/auth/callback")],
            "attributes": {
                "post.logout.redirect.uris": format!("{portal}/auth/signed-out"),
                "backchannel.logout.url": format!("{portal}/auth/backchannel-logout"),
                "backchannel.logout.session.required": "false",
                "pkce.code.challenge.method": "S256",
            },
            "protocolMappers": [{
                "name": "groups",
                "protocol": "openid-connect",
                "protocolMapper": "oidc-group-membership-mapper",
                "config": {
                    "full.path": "false",
                    "claim.name": "groups",
                    "id.token.claim": "true",
                    "access.token.claim": "false",
                    "userinfo.token.claim": "true",
                },
            }],
        }],
    })
}

fn capitalized(name: &str) -> String {
    let mut letters = name.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default()
}
