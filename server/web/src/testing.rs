//! A test server on a loopback port, an identity provider, and a browser without scripts.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::path::Path;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use jiff::Timestamp;
use portico_app::configuration::{LiveConfiguration, Loaded};
use portico_app::security::SecurityLog;
use portico_app::{Env, Portal};
use portico_domain::authz::SystemAuthority;
use portico_domain::documents::{self, Configuration, PortalSpec, Tenant, TenantSpec};
use portico_domain::names::TenantName;
use portico_planes::Planes;
use portico_simulator::clock_rng::{Clock, Rng};
use portico_simulator::oidc::{Client, Person, Provider, Settings, SigningKey};
use portico_store::{Sessions, Store};
use reqwest::{Method, StatusCode};
use serde::Deserialize;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use url::Url;

use super::app::Parts;
use super::{App, Assets, router, serve};
use crate::auth::{Limits, Providers, Tokens, Viewers};
use crate::telemetry::Telemetry;

/// Generating an RSA key is slow in a debug build, so all tests share one.
static KEY: LazyLock<Vec<u8>> = LazyLock::new(|| SigningKey::generate().unwrap().to_pkcs8().unwrap());

const PEOPLE: [(&str, &str, &[&str]); 4] = [
    ("dana", "Dana Ito", &["payments-developers"]),
    ("devon", "Devon <b>Reyes</b>", &["research-developers"]),
    ("pat", "Pat Moreau", &["platform-admins"]),
    ("nobody", "Nora Body", &[]),
];

const TENANTS: &str = "
apiVersion: portico.dev/v1alpha1
kind: Tenant
metadata: { name: payments }
spec:
  title: Payments
  members:
    - { group: payments-developers, role: developer }
  environments:
    - { name: dev, namespace: payments-dev }
    - { name: production, namespace: payments-production, production: true }
---
apiVersion: portico.dev/v1alpha1
kind: Tenant
metadata: { name: research }
spec:
  title: Research
  members:
    - { group: research-developers, role: developer }
  environments:
    - { name: dev, namespace: research-dev }
";

pub(super) struct TestServer {
    pub(super) provider: Provider,
    pub(super) base: Url,
    pub(super) store: Store,
    pub(super) portal: Portal,
    configuration: LiveConfiguration,
    pub(super) folder: TempDir,
    stop: CancellationToken,
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl TestServer {
    pub(super) async fn start() -> Self {
        Self::start_with(|portal| portal).await
    }

    /// Starts with a changed `Portal` document.
    pub(super) async fn start_with(change: impl FnOnce(String) -> String) -> Self {
        Self::start_as(change, Limits::default(), Assets::default()).await
    }

    /// Starts one that reads assets from disk.
    pub(super) async fn start_with_assets(assets: Assets) -> Self {
        Self::start_as(|portal| portal, Limits::default(), assets).await
    }

    /// Starts without a limit on sign-ins.
    pub(super) async fn start_unlimited(change: impl FnOnce(String) -> String) -> Self {
        Self::start_as(change, Limits::of(NonZeroU32::MAX), Assets::default()).await
    }

    async fn start_as(change: impl FnOnce(String) -> String, limits: Limits, assets: Assets) -> Self {
        // Fails where another test has installed it already.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
        let at = |path: &str| base.join(path).unwrap().to_string();
        let provider = Provider::start(Settings {
            port: 0,
            key: SigningKey::from_pkcs8(&KEY).unwrap(),
            people: PEOPLE
                .iter()
                .map(|(username, name, groups)| Person {
                    subject: format!("id-{username}"),
                    username: (*username).to_owned(),
                    name: (*name).to_owned(),
                    email: format!("{username}@example.test"),
                    groups: groups.iter().map(|group| (*group).to_owned()).collect(),
                    about: String::new(),
                })
                .collect(),
            clients: vec![Client {
                id: "portico".to_owned(),
                secret: "s3cret %".to_owned(),
                name: "Portico".to_owned(),
                redirect_uris: vec![at("/auth/callback")],
                post_logout_redirect_uris: vec![at("/auth/signed-out")],
            }],
            clock: Clock::new(Timestamp::now),
            rng: Rng::system(),
        })
        .await
        .unwrap();
        let folder = TempDir::new().unwrap();
        let portal = format!(
            "apiVersion: portico.dev/v1alpha1\nkind: Portal\nmetadata: {{ name: test }}\nspec:\n  publicUrl: {}\n  \
             company: {{ name: Acme }}\n  signIn:\n    adminGroups: [platform-admins]\n    providers:\n      - name: sso\n        \
             title: Acme SSO\n        issuer: {}\n        clientId: portico\n        clientSecretFile: secret\n        \
             scopes: [profile, email, groups]\n",
            base.origin().ascii_serialization(),
            provider.issuer()
        );
        std::fs::write(folder.path().join("secret"), "s3cret %\n").unwrap();
        std::fs::write(folder.path().join("portal.yaml"), change(portal)).unwrap();
        std::fs::write(folder.path().join("tenants.yaml"), TENANTS).unwrap();
        let configuration = LiveConfiguration::open(read(folder.path())).unwrap();
        let store = Store::connect("sqlite::memory:", &portico_store::Settings::default())
            .await
            .unwrap();
        let stop = CancellationToken::new();
        let planes = Planes::new(portico_planes::Settings::default());
        let work_to_do = Arc::new(Notify::new());
        let portal = Portal::new(
            store.clone(),
            planes,
            SystemAuthority::for_tests().rules(),
            configuration.clone(),
            work_to_do,
            Env::system(),
        );
        let app = App::new(Parts {
            portal: portal.clone(),
            stop: stop.clone(),
            configuration: configuration.clone(),
            store: store.clone(),
            providers: Providers::new().unwrap(),
            viewers: Viewers::default(),
            tokens: Tokens::default(),
            limits,
            usage: super::Usage::default(),
            security: Arc::new(SecurityLog::new(store.clone())),
            streams: super::StreamLimiter::rechecking_every(Duration::from_millis(50)),
            telemetry: Telemetry::default(),
            sampler: Arc::new(|_| true),
            assets,
            public_url: Url::parse(&configuration.current().portal.spec.public_url).unwrap(),
        });
        tokio::spawn(serve(
            listener,
            router(app, Sessions::new(store.clone())),
            super::Bounds::default(),
            stop.clone(),
        ));
        Self {
            provider,
            base,
            store,
            portal,
            configuration,
            folder,
            stop,
        }
    }

    /// Reloads the configuration from the folder.
    pub(super) fn reload(&self) {
        self.configuration.take(read(self.folder.path()));
    }

    pub(super) fn browser(&self) -> Browser {
        Browser {
            http: reqwest::Client::builder()
                .redirect(reqwest::redirect::Policy::none())
                .build()
                .unwrap(),
            base: self.base.clone(),
            cookies: BTreeMap::new(),
        }
    }

    /// Returns a browser in which `username` is signed in.
    pub(super) async fn signed_in(&self, username: &str) -> Browser {
        let mut browser = self.browser();
        let page = browser.sign_in(username, "/").await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.text);
        browser
    }
}

/// Reads the configuration without validating it.
fn read(folder: &Path) -> Loaded {
    #[derive(Deserialize)]
    struct Document<S> {
        metadata: Metadata,
        spec: S,
    }
    #[derive(Deserialize)]
    struct Metadata {
        name: String,
    }
    let text = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    let (portal, tenants) = (text("portal.yaml"), text("tenants.yaml"));
    let digest = format!("{portal}{tenants}");
    let Document { metadata, mut spec } = serde_saphyr::from_str::<Document<PortalSpec>>(&portal).unwrap();
    let files = spec.sign_in.providers.iter_mut();
    let files = files.filter_map(|provider| provider.client_secret_file.as_mut());
    for file in files.chain(&mut spec.metrics.token_file) {
        *file = folder.join(&*file).to_string_lossy().into_owned();
    }
    let tenants = serde_saphyr::from_multiple::<Document<TenantSpec>>(&tenants).unwrap();
    let tenants = tenants.into_iter().map(|Document { metadata, spec }| {
        let name: TenantName = metadata.name.parse().unwrap();
        (name.clone(), Tenant { name, spec })
    });
    Loaded {
        configuration: Some(Configuration {
            portal: documents::Portal {
                name: metadata.name,
                spec,
            },
            control_planes: BTreeMap::new(),
            offerings: BTreeMap::new(),
            tenants: tenants.collect(),
            namespace_templates: BTreeMap::new(),
            publications: BTreeMap::new(),
            permission_decisions: portico_domain::publication::PermissionDecisions::default(),
            policies: BTreeMap::new(),
        }),
        digest,
        ..Loaded::default()
    }
}

/// A response.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) status: StatusCode,
    pub(super) url: Url,
    pub(super) headers: reqwest::header::HeaderMap,
    pub(super) text: String,
}

impl Page {
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map(|value| value.to_str().unwrap())
            .unwrap_or_default()
    }

    /// Returns the value of a hidden field.
    pub(super) fn hidden(&self, name: &str) -> String {
        let mark = format!("name=\"{name}\" value=\"");
        let rest = self
            .text
            .split(&mark)
            .nth(1)
            .unwrap_or_else(|| panic!("no field {name} in {}", self.text));
        rest.split('"').next().unwrap().to_owned()
    }
}

#[derive(Clone)]
pub(super) struct Browser {
    http: reqwest::Client,
    base: Url,
    pub(super) cookies: BTreeMap<String, String>,
}

impl Browser {
    /// Sends one request without following redirects.
    pub(super) async fn send(
        &mut self,
        method: Method,
        address: &str,
        headers: &[(&str, &str)],
        form: Option<&[(&str, &str)]>,
    ) -> Page {
        let url = self.base.join(address).unwrap();
        let mut request = self.http.request(method, url.clone());
        let cookies: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        if !cookies.is_empty() {
            request = request.header("cookie", cookies.join("; "));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(form) = form {
            request = request.form(form);
        }
        let response = request.send().await.unwrap();
        for cookie in response.headers().get_all("set-cookie") {
            let cookie = cookie.to_str().unwrap();
            let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            if cookie.contains("Max-Age=0") || value.is_empty() {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        let (status, headers) = (response.status(), response.headers().clone());
        let text = response.text().await.unwrap();
        Page {
            status,
            url,
            headers,
            text,
        }
    }

    /// Posts a body of any content type.
    pub(super) async fn send_as(&mut self, address: &str, kind: &str, body: &str) -> Page {
        let url = self.base.join(address).unwrap();
        let cookies: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let request = self.http.post(url.clone()).header("content-type", kind);
        let request = request.header("cookie", cookies.join("; ")).body(body.to_owned());
        let response = request.send().await.unwrap();
        Page {
            status: response.status(),
            url,
            headers: response.headers().clone(),
            text: response.text().await.unwrap(),
        }
    }

    /// Opens the event stream.
    pub(super) async fn listen(&mut self) -> reqwest::Response {
        let response = self.try_listen().await;
        assert_eq!(response.status(), StatusCode::OK);
        response
    }

    pub(super) async fn try_listen(&mut self) -> reqwest::Response {
        let cookies: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let url = self.base.join("/events").unwrap();
        let request = self.http.get(url).header("cookie", cookies.join("; "));
        request.send().await.unwrap()
    }

    async fn follow(&mut self, mut page: Page) -> Page {
        for _ in 0..10 {
            if !page.status.is_redirection() {
                return page;
            }
            let next = page.url.join(page.header("location")).unwrap();
            page = self.send(Method::GET, next.as_str(), &[], None).await;
        }
        panic!("redirected without end");
    }

    pub(super) async fn get(&mut self, address: &str) -> Page {
        let page = self.send(Method::GET, address, &[], None).await;
        self.follow(page).await
    }

    pub(super) async fn post(&mut self, address: &str, form: &[(&str, &str)]) -> Page {
        let page = self.send(Method::POST, address, &[], Some(form)).await;
        self.follow(page).await
    }

    /// Opens `address` and signs in on the way.
    pub(super) async fn sign_in(&mut self, username: &str, address: &str) -> Page {
        let page = self.get(address).await;
        assert_eq!(page.url.path(), "/sign-in");
        let link = page
            .text
            .split("href=\"/auth/login")
            .nth(1)
            .unwrap()
            .split('"')
            .next()
            .unwrap();
        let choice = self
            .get(&format!("/auth/login{}", link.replace("&amp;", "&")))
            .await;
        self.choose(&choice, username).await
    }

    /// Presses a person's button at the provider.
    pub(super) async fn choose(&mut self, choice: &Page, username: &str) -> Page {
        let ticket = choice.hidden("ticket");
        let action = choice.url.join("/sign-in").unwrap();
        self.post(action.as_str(), &[("ticket", &ticket), ("person", username)])
            .await
    }
}
