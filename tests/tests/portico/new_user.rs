//! A new user follows the page `deploy/docs/first-platform.md`: three control planes of their own, two with real Crossplane
//! and one with real kro, a claim on each, and a control plane that is asked for, used and given back.

use std::env;
use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use portico_simulator::clock_rng::{Clock, Rng};
use portico_simulator::oidc::{Client, Person as Account, Provider, Settings, SigningKey};
use portico_tests::apiserver::ApiServer;
use portico_tests::cluster_api::ClusterApi;
use portico_tests::crossplane::Crossplane;
use portico_tests::kro::Kro;
use portico_tests::person::Person;
use portico_tests::processes::{Owned, free_port, portico};
use portico_tests::story::{claim_path, decide, request, request_id, until_claim, until_page, until_request};
use portico_tests::until::until;
use portico_tests::walkthrough::Walkthrough;
use tempfile::TempDir;

const PAGE: &str = include_str!("../../../deploy/docs/first-platform.md");
const SERVE: &str = "$ portico serve --config platform/config";
const SECRET: &str = "the-secret-of-the-client";
const NOTE: &str = "notes.example.org";
const SITE: &str = "sites.example.org";
const CLUSTER: &str = "clusters.cluster.x-k8s.io";
/// Real parts are slow on a busy machine.
const TIMEOUT: Duration = Duration::from_mins(3);
/// Less than the minute after which Portico asks for missing rights anyway.
const SOON: Duration = Duration::from_secs(40);

/// What a new user has before the page begins.
struct Platform {
    // First, so that they end before what they work on.
    _engines: (Crossplane, Crossplane, Kro, ClusterApi),
    eu: ApiServer,
    us: ApiServer,
    apps: ApiServer,
    _provider: Provider,
    portal: String,
    folder: TempDir,
    page: Walkthrough,
}

impl Platform {
    async fn start() -> Self {
        let (eu, us, apps) = tokio::join!(ApiServer::start(), ApiServer::start(), ApiServer::start());
        let function = "function-patch-and-transform";
        let engines = (
            Crossplane::without_kinds(&eu, function),
            Crossplane::without_kinds(&us, function),
            Kro::without_kinds(&apps),
            ClusterApi::start(&eu),
        );
        let portal = format!("127.0.0.1:{}", free_port());
        let provider = identity_provider(&format!("http://{portal}")).await;
        let folder = tempfile::tempdir().unwrap();
        let replaced = [
            ("https://sso.example.com/realms/example", provider.issuer()),
            ("127.0.0.1:8080", &portal),
        ];
        let contexts = [("eu-1", &eu), ("us-1", &us), ("apps", &apps)]
            .map(|(name, server)| context(folder.path(), name, server));
        let page = Walkthrough::read(PAGE, &replaced, folder.path())
            .with("KUBECONFIG", env::join_paths(contexts).unwrap().to_str().unwrap())
            .with("KUBECACHEDIR", folder.path().join("cache").to_str().unwrap())
            .with("PATH", &path());
        Self {
            portal: format!("http://{portal}"),
            page,
            eu,
            us,
            apps,
            _provider: provider,
            folder,
            _engines: engines,
        }
    }

    /// Starts the portal as the page says.
    async fn serve(&self) -> Owned {
        assert!(PAGE.contains(SERVE), "the page says how to start it");
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.folder.path().join("log"))
            .unwrap();
        let mut command = Command::new(fs::canonicalize(portico()).unwrap());
        command
            .args(["serve", "--config", "platform/config"])
            .current_dir(self.folder.path())
            .env("PORTICO_CLIENT_SECRET", SECRET);
        let serving = Owned::start(&command, |command| {
            command.stdout(log.try_clone().unwrap()).stderr(log);
        });
        let address = format!("{}/readyz", self.portal);
        until("the portal is ready", TIMEOUT, async || {
            let answer = reqwest::get(&address).await.ok()?;
            answer.status().is_success().then_some(())
        })
        .await;
        serving
    }

    async fn sign_in(&self, name: &str) -> Person {
        Person::sign_in(&self.portal, name).await
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

/// The folder of the program, before the others.
fn path() -> String {
    let program = fs::canonicalize(portico()).unwrap();
    let mut folders = vec![program.parent().unwrap().to_owned()];
    folders.extend(env::split_paths(&env::var_os("PATH").unwrap_or_default()));
    env::join_paths(folders).unwrap().into_string().unwrap()
}

/// A kubeconfig of an administrator, with a context of this name.
fn context(folder: &Path, name: &str, server: &ApiServer) -> PathBuf {
    let kubeconfig = fs::read_to_string(server.kubeconfig()).unwrap();
    let kubeconfig = kubeconfig
        .replace(": real", &format!(": {name}"))
        .replace(": portico", &format!(": {name}-admin"));
    let path = folder.join(format!("{name}.kubeconfig"));
    fs::write(&path, kubeconfig).unwrap();
    path
}

/// A provider that knows three people by the groups that the page names.
async fn identity_provider(portal: &str) -> Provider {
    let people = [
        ("dana", "payments-developers"),
        ("lena", "payments-leads"),
        ("pat", "platform-team"),
    ];
    let account = |(name, group): (&str, &str)| Account {
        subject: format!("subject-of-{name}"),
        username: name.to_owned(),
        name: name.to_owned(),
        email: format!("{name}@example.com"),
        groups: vec![group.to_owned()],
        about: String::new(),
    };
    Provider::start(Settings {
        port: 0,
        key: SigningKey::generate().unwrap(),
        people: people.map(account).into(),
        clients: vec![Client {
            id: "portico".to_owned(),
            secret: SECRET.to_owned(),
            name: "Portico".to_owned(),
            redirect_uris: vec![format!("{portal}/auth/callback")],
            post_logout_redirect_uris: vec![format!("{portal}/auth/signed-out")],
        }],
        clock: Clock::system(),
        rng: Rng::system(),
    })
    .await
    .unwrap()
}

/// Waits until what was approved is applied, after the seconds in which that can be taken back. Returns the claim's path.
async fn applied(person: &Person, id: &str) -> String {
    until("the request leads to its claim", SOON, async || {
        let page = person.get(&format!("/requests/{id}")).await.page();
        let links = page.attributes(".request-head a", "href");
        links.into_iter().find(|link| link.starts_with("/claims/"))
    })
    .await
}

/// Asks for a claim on a control plane, and waits until it is ready. Returns its path.
async fn claimed(person: &Person, offering: &str, name: &str, plane: &str, field: (&str, &str)) -> String {
    let id = request(person, offering, name, &[("_plane", plane), field]).await;
    let claim = claim_path(&until_request(person, &id, "Fulfilled").await);
    assert!(claim.starts_with(&format!("/claims/{plane}/")), "{claim}");
    let _ = until_claim(person, &claim, "Ready").await;
    claim
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_user_follows_the_page_and_has_a_platform() {
    let test = "a_new_user_follows_the_page_and_has_a_platform";
    if !Crossplane::is_here(test) || !Kro::is_here(test) {
        return;
    }
    let platform = Platform::start().await;
    let page = &platform.page;
    for section in ["", "1.", "2.", "3."] {
        page.follow(section);
    }
    until("the three kinds are served", TIMEOUT, async || {
        let served = [(&platform.eu, NOTE), (&platform.us, NOTE), (&platform.apps, SITE)];
        let is_served = |(server, kind): (&ApiServer, &str)| {
            let listed = server.kubectl().try_run(&["get", kind, "--all-namespaces"], None);
            listed.status.success()
        };
        served.into_iter().all(is_served).then_some(())
    })
    .await;
    page.follow("4.");
    let roles = fs::read_to_string(platform.folder.path().join("platform/roles/apps.yaml")).unwrap();
    let note = "# Offerings that --definitions does not have, so that there are no rights for them: notes.example.org.\n";
    assert!(roles.contains(note) && !roles.contains("WARNING"), "{roles}");
    let _serving = platform.serve().await;

    every_right_is_there(&platform).await;
    let dana = platform.sign_in("dana").await;
    dana.work_in("payments/dev").await;
    a_claim_on_each_becomes_ready(&platform, &dana).await;
    production_waits_for_an_approver(&platform).await;
    page.follow("6.");
    a_control_plane_is_asked_for_used_and_kept(&platform, &dana).await;
    let log = platform.log();
    for bad in ["ERROR", "panicked"] {
        assert!(!log.contains(bad), "{log}");
    }
}

async fn every_right_is_there(platform: &Platform) {
    let pat = platform.sign_in("pat").await;
    for plane in ["eu-1", "us-1", "apps"] {
        let path = format!("/admin/control-planes/{plane}");
        let _ = until_page(&pat, &path, "Portico has every right it needs there").await;
    }
}

async fn a_claim_on_each_becomes_ready(platform: &Platform, dana: &Person) {
    let cards = until("both kinds are in the catalog", TIMEOUT, async || {
        let cards = dana.get("/catalog").await.page().texts(".card h2");
        (cards.len() == 2).then_some(cards)
    })
    .await;
    assert_eq!(cards, ["Note", "Web site"]);

    for (plane, server) in [("eu-1", &platform.eu), ("us-1", &platform.us)] {
        let name = format!("greeting-{plane}");
        let claim = claimed(dana, NOTE, &name, plane, ("/spec/text", plane)).await;
        let note = server
            .kubectl()
            .json(&["get", NOTE, &name, "--namespace=payments-dev"]);
        assert_eq!(note["status"]["told"], plane, "Crossplane composed it: {note}");
        let _ = until_page(dana, &claim, "ConfigMap").await;
    }
    let claim = claimed(dana, SITE, "shop", "apps", ("/spec/title", "Our shop")).await;
    let kubectl = platform.apps.kubectl();
    let settings = kubectl.json(&["get", "configmap", "shop-settings", "--namespace=payments-dev"]);
    assert_eq!(settings["data"]["title"], "Our shop");
    let _ = until_page(dana, &claim, "shop-settings").await;
}

async fn production_waits_for_an_approver(platform: &Platform) {
    let dana = platform.sign_in("dana").await;
    dana.work_in("payments/production").await;
    let id = request(&dana, NOTE, "notice", &[("/spec/text", "Open on Monday")]).await;
    let waiting = until_request(&dana, &id, "Awaiting approval").await;
    let said = waiting.page().text("main").unwrap();
    assert!(said.contains("agreed within the team"), "{said}");

    let lena = platform.sign_in("lena").await;
    let approvals = lena.get("/approvals").await.expect(200).page().body();
    assert!(approvals.contains("notice"), "{approvals}");
    let _ = decide(&lena, &id, "approve", "").await.expect(200);
    let claim = applied(&dana, &id).await;
    let _ = until_claim(&dana, &claim, "Ready").await;
}

async fn a_control_plane_is_asked_for_used_and_kept(platform: &Platform, dana: &Person) {
    // The right to make them was granted a moment ago.
    until("clusters can be asked for", SOON, async || {
        let form = dana.get(&format!("/catalog/{CLUSTER}/request")).await;
        let said = form.page().text("main")?;
        (form.status == 200 && !said.contains("No control plane can serve")).then_some(())
    })
    .await;
    let id = request(dana, CLUSTER, "sandbox", &[]).await;
    let pat = platform.sign_in("pat").await;
    let _ = decide(&pat, &id, "approve", "").await.expect(200);
    let cluster = applied(dana, &id).await;
    let _ = until_page(dana, &cluster, "It has joined Portico").await;
    let _ = until_claim(dana, &cluster, "Ready").await;

    // It is used by the link on its page, as soon as kro there serves sites.
    let link = until("a link to ask for a site on it", TIMEOUT, async || {
        let links = dana
            .get(&cluster)
            .await
            .page()
            .attributes("main .chips a", "href");
        links.into_iter().find(|link| link.contains(SITE))
    })
    .await;
    let form_page = dana.get(&link).await.expect(200);
    let form = form_page.page().form("/request").expect("a form");
    let form = form.with("_name", "blog").with("/spec/title", "Our blog");
    let sent = dana.submit(&form_page.url, &form, Some(("_do", "submit"))).await;
    let site = claim_path(&until_request(dana, &request_id(&sent), "Fulfilled").await);
    assert!(site.starts_with("/claims/sandbox-"), "{site}");
    let _ = until_claim(dana, &site, "Ready").await;
    let _ = until_page(dana, &site, "blog-settings").await;

    // It is kept while the site is there, and goes when that is gone.
    let delete = format!("{cluster}/delete");
    let page = until_page(dana, &delete, "Still on sandbox (dev)").await;
    let form = page.page().form("/delete").expect("a form");
    let refused = dana
        .submit(&page.url, &form.with("_confirm", "sandbox"), None)
        .await;
    let said = refused.expect(422).page().text("main").unwrap();
    assert!(
        said.contains("It is a control plane with 1 claim on it."),
        "{said}"
    );
    deleted(dana, &site, "blog").await;
    deleted(dana, &cluster, "sandbox").await;
    let left = platform
        .eu
        .kubectl()
        .json(&["get", CLUSTER, "--namespace=payments-dev"]);
    assert_eq!(left["items"], serde_json::json!([]), "the cluster is gone");
}

/// Deletes a claim, and waits until it has left the list.
async fn deleted(person: &Person, claim: &str, name: &str) {
    let page = person.get(&format!("{claim}/delete")).await.expect(200);
    let form = page.page().form("/delete").expect("a form");
    let sent = person.submit(&page.url, &form.with("_confirm", name), None).await;
    let _ = until_request(person, &request_id(&sent), "Fulfilled").await;
    until("the claim leaves the list", TIMEOUT, async || {
        let links = person.get("/claims").await.page().attributes("a", "href");
        (!links.iter().any(|link| link == claim)).then_some(())
    })
    .await;
}
