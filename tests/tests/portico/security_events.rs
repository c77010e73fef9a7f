//! Triggers every security event and checks its audit record (with person and address) and its metric. The
//! `match` below has no default arm, so a new event does not compile until this test triggers it.

use std::fs;
use std::time::Duration;

use jiff::Timestamp;
use portico_domain::audit_log::Event;
use portico_domain::security::SecurityEvent;
use portico_simulator::oidc::SigningKey;
use portico_tests::agents::until_page;
use portico_tests::demo::Demo;
use portico_tests::person::Person;
use portico_tests::story::POSTGRESQL;
use portico_tests::until::until;
use reqwest::Method;
use serde_json::json;
use sqlx::{Connection as _, SqliteConnection};

/// The participants, and what earlier events left for later ones.
struct Stage {
    demo: Demo,
    dana: Person,
    vic: Person,
    pat: Person,
    /// An API token of dana: id and secret.
    token: Option<(String, String)>,
}

#[tokio::test(flavor = "multi_thread")]
async fn every_security_event_is_recorded_and_counted() {
    // What the demo's people did before it began is recorded too, without an address.
    let begun = Timestamp::now();
    let demo = Demo::start().await;
    let (dana, vic, pat) = (
        demo.sign_in("dana").await,
        demo.sign_in("vic").await,
        demo.sign_in("pat").await,
    );
    let mut stage = Stage {
        demo,
        dana,
        vic,
        pat,
        token: None,
    };
    for event in SecurityEvent::ALL {
        stage.bring_about(*event).await;
        let recorded = until(event.name(), Duration::from_secs(30), async || {
            let mut events = stage.recorded(event.name()).await;
            events.retain(|event| event.event.at >= begun);
            (!events.is_empty()).then_some(events)
        })
        .await;
        for Event { event: found, .. } in &recorded {
            assert!(!found.actor.is_empty() && !found.subject.is_empty(), "{found:?}");
            let by_itself = found.actor == "portico";
            assert_eq!(
                found.remote.as_deref(),
                (!by_itself).then_some("127.0.0.1"),
                "{found:?}"
            );
        }
        let metrics = stage.dana.get("/metrics").await.expect(200).text;
        let counted = format!("portico_security_events_total{{event=\"{}\"}}", event.name());
        assert!(metrics.contains(&counted), "{counted} in\n{metrics}");
    }
    let secret = stage.token.unwrap().1;
    let all = stage.pat.get("/admin/record/export").await.expect(200).text;
    assert!(!all.contains(&secret), "an event contains a token");
    assert!(!stage.demo.log().contains(&secret), "the log contains a token");
}

impl Stage {
    async fn bring_about(&mut self, event: SecurityEvent) {
        let claim = format!("/claims/eu-shared/{POSTGRESQL}/payments-dev/orders");
        match event {
            SecurityEvent::SessionStarted => {}
            SecurityEvent::SignInRefused => {
                let stranger = self.demo.anonymous();
                let _ = stranger
                    .get("/auth/callback?state=made-up&code=1")
                    .await
                    .expect(400);
            }
            SecurityEvent::SessionEnded => {
                let ruth = self.demo.sign_in("ruth").await;
                let token = ruth.csrf().await;
                let body = format!("_csrf={token}");
                let _ = ruth.try_post("/auth/logout", body).await.unwrap().expect(303);
            }
            SecurityEvent::SessionsTerminated => self.end_at_the_provider().await,
            SecurityEvent::LogoutRefused => {
                let body = "logout_token=a.b.c".to_owned();
                let stranger = self.demo.anonymous();
                let answer = stranger.try_post("/auth/backchannel-logout", body).await.unwrap();
                let _ = answer.expect(400);
            }
            SecurityEvent::TokenCreated => {
                let wish = json!({ "name": "pipeline", "days": 7, "scope": "read" });
                let made = self
                    .dana
                    .api(Method::POST, "/api/v1/tokens", Some(&wish))
                    .await
                    .expect(201);
                let text = |name: &str| made.json()[name].as_str().unwrap().to_owned();
                let id = made.json()["token"]["id"]
                    .as_str()
                    .map_or_else(|| text("id"), str::to_owned);
                self.token = Some((id, text("secret")));
            }
            SecurityEvent::TokenFirstUsed => {
                let secret = &self.token.as_ref().unwrap().1;
                let _ = self.with_token(secret).await.expect(200);
            }
            SecurityEvent::TokenDeleted => {
                let path = format!("/api/v1/tokens/{}", self.token.as_ref().unwrap().0);
                let _ = self.dana.api(Method::DELETE, &path, None).await.expect(204);
            }
            SecurityEvent::AccessEnded => {
                let _ = self.demo.sign_in("dana").await;
                let _ = self.dana.post("/sessions/others/end", &[]).await.expect(200);
            }
            SecurityEvent::TokenRefused => {
                let _ = self.with_token("portico_made-up").await.expect(401);
            }
            SecurityEvent::AccessDenied => {
                let _ = self.dana.get("/admin/control-planes").await.expect(404);
                let _ = self.vic.get(&format!("{claim}/change")).await.expect(403);
            }
            SecurityEvent::FormRefused => {
                let _ = self.dana.post_without_csrf("/switch", &[]).await.expect(403);
            }
            SecurityEvent::RateLimited => self.ask_too_often().await,
            SecurityEvent::SecretRevealed => {
                // Wait for its secret: its provisioner must be done.
                until("a secret to reveal", Duration::from_mins(1), async || {
                    let fields = [("_key", "password")];
                    let answer = self.dana.post(&format!("{claim}/reveal"), &fields).await;
                    (answer.status == 200).then_some(())
                })
                .await;
            }
            SecurityEvent::RevealDenied => {
                let fields = [("_key", "password")];
                let _ = self
                    .vic
                    .post(&format!("{claim}/reveal"), &fields)
                    .await
                    .expect(403);
            }
            SecurityEvent::ConfigurationChanged => self.write_tenants("\n# Looked over.\n"),
            SecurityEvent::ConfigurationRefused => self.write_tenants("\nnonsense: [\n"),
            SecurityEvent::RecordBroken => self.break_the_record().await,
            SecurityEvent::RecordBreakAcknowledged => {
                let answer = self.pat.post("/admin/record/acknowledge", &[]).await;
                let _ = answer.expect(200);
            }
            SecurityEvent::RecordExported => {
                let _ = self.pat.get("/admin/record/export").await.expect(200);
            }
            SecurityEvent::PlaneCordoned => {
                let path = "/admin/control-planes/us-shared/cordon";
                let _ = self.pat.post(path, &[]).await.expect(200);
            }
            SecurityEvent::PlaneUncordoned => {
                let path = "/admin/control-planes/us-shared/uncordon";
                let _ = self.pat.post(path, &[]).await.expect(200);
            }
            SecurityEvent::ClusterAccepted => self.accept_another_cluster().await,
        }
    }

    /// Leads one control plane to the cluster of another, and accepts that.
    async fn accept_another_cluster(&self) {
        let kubeconfig = |name: &str| {
            let mut planes = self.demo.ready.control_planes.iter();
            planes
                .find(|plane| plane.name == name)
                .unwrap()
                .kubeconfig
                .clone()
        };
        std::fs::copy(kubeconfig("eu-shared"), kubeconfig("us-shared")).unwrap();
        until_page(&self.pat, "us-shared", "Accept this cluster").await;
        let page = self.pat.get("/admin/control-planes/us-shared").await;
        let form = page.page().form("/cluster").unwrap();
        let _ = self.pat.submit(&page.url, &form, None).await.expect(200);
    }

    async fn recorded(&self, verb: &str) -> Vec<Event> {
        let path = format!("/api/v1/record?verb={verb}");
        let page = self.pat.api(Method::GET, &path, None).await.expect(200).json();
        let rows = page["rows"].as_array().unwrap().iter();
        rows.map(|row| serde_json::from_value(row["event"].clone()).unwrap())
            .collect()
    }

    async fn with_token(&self, secret: &str) -> portico_tests::person::Answer {
        let headers = [("authorization", format!("Bearer {secret}"))];
        let program = self.demo.anonymous();
        program.raw(Method::GET, "/api/v1/viewer", &headers, None).await
    }

    /// Reloads the configuration; `more` decides whether it is valid.
    fn write_tenants(&self, more: &str) {
        let file = self.demo.configuration("tenants.yaml");
        let text = fs::read_to_string(&file).unwrap();
        fs::write(&file, format!("{text}{more}")).unwrap();
    }

    /// A backchannel logout token of the provider.
    async fn end_at_the_provider(&self) {
        let ruth = self.demo.sign_in("ruth").await;
        let _ = ruth.get("/").await.expect(200);
        let of_ruth = self.recorded("session.started").await;
        let subject = &of_ruth
            .iter()
            .find(|event| event.event.actor_name.starts_with("Ruth"))
            .unwrap()
            .event
            .actor;
        let key = fs::read(self.demo.configuration("identity-key.der")).unwrap();
        let now = jiff::Timestamp::now().as_second();
        let claims = json!({
            "iss": self.demo.ready.issuer,
            "aud": "portico",
            "iat": now,
            "exp": now + 120,
            "jti": uuid::Uuid::new_v4().to_string(),
            "sub": subject.rsplit('#').next().unwrap(),
            "events": { "http://schemas.openid.net/event/backchannel-logout": {} },
        });
        let token = SigningKey::from_pkcs8(&key).unwrap().sign(&claims).unwrap();
        let provider = self.demo.anonymous();
        let answer = provider
            .try_post("/auth/backchannel-logout", format!("logout_token={token}"))
            .await;
        let _ = answer.unwrap().expect(200);
    }

    async fn ask_too_often(&self) {
        let stranger = self.demo.anonymous();
        for _ in 0..200 {
            let answer = stranger.ask(Method::GET, "/auth/callback?state=made-up").await;
            if answer.status == 429 {
                assert!(answer.header("retry-after").is_some());
                return;
            }
        }
        panic!("the request was not rate limited");
    }

    /// Manipulates the database file, as an attacker could.
    async fn break_the_record(&self) {
        let url = format!("sqlite://{}", self.demo.configuration("portico.db").display());
        let mut database = SqliteConnection::connect(&url).await.unwrap();
        for statement in [
            "DROP TRIGGER events_are_not_changed",
            "UPDATE events SET actor_name = 'Somebody else' WHERE sequence = 2",
        ] {
            let _ = sqlx::raw_sql(statement).execute(&mut database).await.unwrap();
        }
    }
}
