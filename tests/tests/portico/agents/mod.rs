//! Control planes behind firewalls, on real API servers with real agents: the main flow, and everything that can happen to
//! the connection.

mod faults;
mod replicas;

use std::fs;
use std::net::SocketAddr;
use std::process::Command;
use std::time::{Duration, Instant};

use portico_tests::agents::{
    AgentHome, Relay, SOON, WIDGETS, add_plane, agents, listen_for_agents, make_authority, token,
    until_connected, until_page, until_ready,
};
use portico_tests::apiserver::ApiServer;
use portico_tests::kubectl::Kubectl;
use portico_tests::person::Person;
use portico_tests::processes::portico;
use portico_tests::separate_process::SeparateProcess;
use portico_tests::story::{claim_path, request, request_id, until_claim, until_request};
use portico_tests::until::{until, until_right};
use reqwest::Method;
use serde_json::Value;

/// What `portico rbac --agent` prints for the control plane, as YAML below `allow:`.
fn printed_rules(setting: &Setting) -> String {
    let definitions = setting.portal.world.data().join("definitions.yaml");
    fs::write(&definitions, include_str!("../widget.yaml")).unwrap();
    let mut command = Command::new(portico());
    command
        .args(["rbac", "--for", "hidden", "--agent", "--config"])
        .arg(&setting.portal.world.ready.configuration)
        .arg("--definitions")
        .arg(&definitions);
    let printed = command.output().unwrap();
    let text = String::from_utf8(printed.stdout).unwrap();
    let rules = text.split("below spec:\n").nth(1).expect("rules");
    let rules = rules.split("---").next().unwrap();
    let rules: Value =
        serde_json::from_value(kube_schema::yaml::parse_all(rules).unwrap().remove(0)).unwrap();
    assert_eq!(rules["impersonate"], false);
    // YAML includes JSON.
    rules["allow"].to_string()
}

const WIDGET: &str = "widgets.tests.portico.dev";
const NAMESPACE: &str = "--namespace=payments-dev";
const SIZE: &[(&str, &str)] = &[("/spec/size", "3"), ("/spec/colour", "green")];

/// A portal that listens for agents, a control plane that only its agent reaches, and an admin.
struct Setting {
    portal: SeparateProcess,
    server: ApiServer,
    kubectl: Kubectl,
    /// Where the portal listens for agents.
    address: SocketAddr,
    relay: Relay,
    admin: Person,
}

impl Setting {
    async fn start(minutes: u32) -> Self {
        Self::start_on(minutes, None).await
    }

    async fn start_on(minutes: u32, database: Option<&str>) -> Self {
        let server = ApiServer::start().await;
        let kubectl = server.kubectl();
        kubectl.apply(include_str!("../widget.yaml"), &[]);
        let _ = kubectl.try_run(&["create", "namespace", "payments-dev"], None);
        let world = SeparateProcess::world().await;
        let authority = world.data().join("authority");
        make_authority(&authority);
        let address = listen_for_agents(&world.ready.configuration, &authority, minutes);
        add_plane(&world.ready.configuration, "hidden");
        let database = database.map(|database| ("PORTICO_DATABASE", database.to_owned()));
        let environment: Vec<_> = database.into_iter().collect();
        let portal = SeparateProcess::with_environment(world, "info", &environment).await;
        let admin = portal.world.sign_in("pat").await;
        Self {
            address,
            relay: Relay::start(vec![address]).await,
            portal,
            server,
            kubectl,
            admin,
        }
    }

    /// The home of an agent that lets widgets through.
    fn home(&self, allow: &str) -> AgentHome {
        AgentHome::new("hidden", &[self.relay.address], self.server.kubeconfig(), allow)
    }

    async fn dana(&self) -> Person {
        let dana = self.portal.world.sign_in("dana").await;
        dana.work_in("payments/dev").await;
        dana
    }
}

fn is_here(test: &str) -> bool {
    Kubectl::is_here(test) && ApiServer::is_here(test)
}

/// The person in the same session at another replica.
fn at(url: &str, person: &Person) -> Person {
    let there = Person::anonymous(url);
    there.set_cookies(person.cookies());
    there
}

async fn until_offered(person: &Person) {
    until("a card for widgets", SOON, async || {
        let cards = person.get("/catalog").await.page().texts(".card h2");
        cards.contains(&"Widget".to_owned()).then_some(())
    })
    .await;
}

fn set_ready(kubectl: &Kubectl, name: &str) {
    set_reason(kubectl, name, "Made");
}

async fn until_reason(person: &Person, claim: &str, reason: &str) {
    until_right(
        "the condition on the claim's page",
        SOON,
        async || person.get(claim).await.page().body(),
        |page| page.contains(reason),
    )
    .await;
}

fn set_reason(kubectl: &Kubectl, name: &str, reason: &str) {
    let status = format!(
        r#"{{"status":{{"conditions":[{{"type":"Ready","status":"True","reason":"{reason}","message":"{reason} was set","lastTransitionTime":"2026-01-01T00:00:00Z"}}]}}}}"#
    );
    let patch = [
        "patch",
        WIDGET,
        name,
        NAMESPACE,
        "--subresource=status",
        "--type=merge",
        "--patch",
        &status,
    ];
    let _ = kubectl.run(&patch);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_main_flow_works_through_an_agent() {
    if !is_here("the_main_flow_works_through_an_agent") {
        return;
    }
    let setting = Setting::start(60).await;
    let (admin, kubectl) = (&setting.admin, &setting.kubectl);
    until_page(admin, "hidden", "No agent is connected").await;
    until_page(admin, "hidden", "no agent is connected").await;

    // An admin makes a token on the page; it is shown once, with the command.
    let page = admin.get("/admin/control-planes/hidden").await.expect(200);
    let form = page
        .page()
        .forms()
        .into_iter()
        .find(|form| form.action.ends_with("/hidden"));
    let made = admin
        .submit(&page.url, &form.expect("a form"), None)
        .await
        .expect(200);
    assert_eq!(made.header("cache-control"), Some("no-store"));
    let token = made
        .page()
        .text("#agent-token")
        .expect("a token")
        .trim()
        .to_owned();
    let command = made.page().text("#agent-command").unwrap();
    assert!(
        command.contains(&token) && command.contains("portico agent --config"),
        "{command}"
    );
    assert!(
        !admin
            .get("/admin/control-planes/hidden")
            .await
            .text
            .contains(&token)
    );

    // With exactly the rules that are printed for it.
    let home = setting.home(&printed_rules(&setting));
    let begun = Instant::now();
    let _agent = home.start(Some(&token));
    until_page(admin, "hidden", "Connected").await;
    println!("connected {:?} after its start", begun.elapsed());
    let dana = setting.dana().await;
    until_offered(&dana).await;

    // Requested and applied, and the status comes back by a watch.
    let id = request(&dana, WIDGET, "shop-front", SIZE).await;
    let claim = claim_path(&until_request(&dana, &id, "Fulfilled").await);
    let object = kubectl.json(&["get", WIDGET, "shop-front", NAMESPACE]);
    assert_eq!(object["metadata"]["labels"]["portico.dev/tenant"], "payments");
    let _ = until_claim(&dana, &claim, "Pending").await;
    set_ready(kubectl, "shop-front");
    let _ = until_claim(&dana, &claim, "Ready").await;

    until_page(admin, "hidden", "Portico has every right it needs there").await;

    // Deleted.
    let delete = dana.get(&format!("{claim}/delete")).await.expect(200);
    let form = delete.page().form("/delete").expect("a form");
    let sent = dana
        .submit(&delete.url, &form.with("_confirm", "shop-front"), None)
        .await;
    let _ = until_request(&dana, &request_id(&sent), "Fulfilled").await;

    // The record says who made the token and that it was used; the log has neither token nor key.
    let record = admin.get("/admin/record").await.page().body();
    assert!(record.contains("made a token for an agent of"), "{record}");
    assert!(record.contains("enrolled an agent of"), "{record}");
    for log in [setting.portal.log(), home.log()] {
        assert!(!log.contains(&token) && !log.contains("PRIVATE KEY"), "{log}");
    }
    let metrics = admin.get("/metrics").await.text;
    assert!(
        metrics.contains("portico_agents_connected{plane=\"hidden\"} 1"),
        "{metrics}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_agent_lets_through_what_its_document_allows() {
    if !is_here("the_agent_lets_through_what_its_document_allows") {
        return;
    }
    let setting = Setting::start(60).await;
    let admin = &setting.admin;
    let home = setting.home(&WIDGETS.replace(", patch, delete]", ", patch]"));
    let _agent = home.start(Some(&token(admin, "hidden").await));
    until_connected(admin, "hidden", 1).await;
    let dana = setting.dana().await;
    until_offered(&dana).await;

    // What is missing is shown before anybody runs into it: the agent answers the review of rights.
    let page = until_page(admin, "hidden", "delete widgets").await;
    assert!(!page.contains("create widgets"), "{page}");

    let id = request(&dana, WIDGET, "kept", SIZE).await;
    let claim = claim_path(&until_request(&dana, &id, "Fulfilled").await);
    let delete = dana.get(&format!("{claim}/delete")).await.expect(200);
    let said = delete.page().body();
    let sentence = "The hidden one does not allow it: the agent of hidden refused it: its document does not allow delete of \
                    widgets.tests.portico.dev in the namespace payments-dev";
    let said = match delete.page().form("/delete") {
        None => said,
        Some(form) => {
            let sent = dana
                .submit(&delete.url, &form.with("_confirm", "kept"), None)
                .await;
            format!("{said}{}", sent.page().body())
        }
    };
    assert!(said.contains(sentence), "{said}");
    let row = until_page(admin, "hidden", "since it started").await;
    assert!(row.contains("does not allow"), "{row}");
    let _ = setting.kubectl.run(&["get", WIDGET, "kept", NAMESPACE]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_good_for_one_agent_of_one_control_plane() {
    if !is_here("a_token_is_good_for_one_agent_of_one_control_plane") {
        return;
    }
    let setting = Setting::start(60).await;
    let admin = &setting.admin;
    add_plane(&setting.portal.world.ready.configuration, "other");
    until_page(admin, "other", "No agent is connected").await;

    // Of another control plane: refused, and not used up.
    let for_hidden = token(admin, "hidden").await;
    let other = AgentHome::new(
        "other",
        &[setting.relay.address],
        setting.server.kubeconfig(),
        "[]",
    );
    let log = other.until_ended(&mut other.start(Some(&for_hidden))).await;
    assert!(log.contains("the token is for another control plane"), "{log}");

    // Used once.
    let home = setting.home(WIDGETS);
    let mut agent = home.start(Some(&for_hidden));
    until_connected(admin, "hidden", 1).await;
    let second = setting.home(WIDGETS);
    let log = second.until_ended(&mut second.start(Some(&for_hidden))).await;
    assert!(log.contains("the token is not valid"), "{log}");

    // A restart with the same command uses the certificate, not the token.
    agent.stop(Duration::from_secs(5));
    until_connected(admin, "hidden", 0).await;
    let _agent = home.start(Some(&for_hidden));
    until_connected(admin, "hidden", 1).await;

    // Of another authority: the agent trusts nobody on first use.
    let elsewhere = tempfile::tempdir().unwrap();
    make_authority(elsewhere.path());
    let mut strange = for_hidden.clone();
    strange.replace_range(20..24, "AAAA");
    let log = second.until_ended(&mut second.start(Some(&strange))).await;
    assert!(log.contains("is not the Portico that made the token"), "{log}");

    // No token, and what is none.
    let fresh = setting.home(WIDGETS);
    let log = fresh.until_ended(&mut fresh.start(None)).await;
    assert!(log.contains("this agent is not enrolled"), "{log}");
    let log = fresh.until_ended(&mut fresh.start(Some("portico_agent_x"))).await;
    assert!(log.contains("this is not an enrolment token"), "{log}");

    // Nobody else makes one, and not for a control plane that has no agent.
    let dana = setting.dana().await;
    let path = "/api/v1/control-planes/hidden/enrolments";
    let _ = dana.api(Method::POST, path, None).await.expect(404);
    let _ = admin
        .api(Method::POST, "/api/v1/control-planes/us-shared/enrolments", None)
        .await
        .expect(404);
    let mode = fs::metadata(home.state().join("identity.json"))
        .unwrap()
        .permissions();
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&mode) & 0o777, 0o600);
}

#[tokio::test(flavor = "multi_thread")]
async fn agents_are_doubled_replaced_and_revoked() {
    if !is_here("agents_are_doubled_replaced_and_revoked") {
        return;
    }
    let setting = Setting::start(60).await;
    let admin = &setting.admin;
    let (one, two) = (setting.home(WIDGETS), setting.home(WIDGETS));
    let mut first = one.start(Some(&token(admin, "hidden").await));
    let dana = setting.dana().await;
    until_offered(&dana).await;

    // Two at once: calls go on when either ends.
    let mut second = two.start(Some(&token(admin, "hidden").await));
    until_connected(admin, "hidden", 2).await;
    second.kill();
    let id = request(&dana, WIDGET, "with-first", SIZE).await;
    let _ = until_request(&dana, &id, "Fulfilled").await;
    let second = two.start(None);
    until_connected(admin, "hidden", 2).await;
    first.kill();
    let id = request(&dana, WIDGET, "with-second", SIZE).await;
    let _ = until_request(&dana, &id, "Fulfilled").await;
    until_connected(admin, "hidden", 1).await;

    // Revoked on the page: cut off at once, refused for good, and told why.
    let connected = agents(admin, "hidden").await;
    let revoked = connected[0]["id"].as_str().unwrap().to_owned();
    let page = admin.get("/admin/control-planes/hidden").await.expect(200);
    let ends = format!("/agents/{revoked}/revoke");
    let form = page
        .page()
        .forms()
        .into_iter()
        .find(|form| form.action.ends_with(&ends));
    let begun = Instant::now();
    let after = admin
        .submit(&page.url, &form.expect("a form"), None)
        .await
        .expect(200);
    assert!(after.page().body().contains("The agent is revoked"));
    until_right(
        "no connected agent",
        Duration::from_secs(3),
        async || agents(admin, "hidden").await,
        |agents| agents.iter().all(|agent| agent["state"] != "connected"),
    )
    .await;
    println!("cut off {:?} after revoking", begun.elapsed());
    until("the reason in the agent's log", SOON, async || {
        two.log().contains("this agent was revoked").then_some(())
    })
    .await;
    until_page(admin, "hidden", "Revoked").await;
    drop(second);

    // Nobody revokes an agent of another control plane, or twice.
    let path = |plane: &str| format!("/api/v1/control-planes/{plane}/agents/{revoked}");
    let _ = admin
        .api(Method::DELETE, &path("us-shared"), None)
        .await
        .expect(404);
    let _ = admin.api(Method::DELETE, &path("hidden"), None).await.expect(404);
    let _ = dana.api(Method::DELETE, &path("hidden"), None).await.expect(404);

    // A new token brings the agent back, in the same folder.
    let _second = two.start(Some(&token(admin, "hidden").await));
    until_connected(admin, "hidden", 1).await;
    until_ready(admin, "hidden").await;
    let id = request(&dana, WIDGET, "again", SIZE).await;
    let _ = until_request(&dana, &id, "Fulfilled").await;
}
