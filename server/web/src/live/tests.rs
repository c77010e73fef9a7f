use std::time::Duration;

use http::Method;
use portico_domain::audit_log::NewEvent;
use portico_domain::authz::{AuditEvent, SystemAuthority};
use reqwest::Response;

use crate::testing::TestServer;

/// Far longer than any step of these tests takes.
const TIMEOUT: Duration = Duration::from_secs(20);

/// Reads until the text arrives; `false` if the stream ends first.
async fn receives(stream: &mut Response, text: &str) -> bool {
    let mut received = String::new();
    let read = async {
        while let Some(chunk) = stream.chunk().await.unwrap() {
            received.push_str(&String::from_utf8_lossy(&chunk));
            if received.contains(text) {
                return true;
            }
        }
        false
    };
    tokio::time::timeout(TIMEOUT, read)
        .await
        .expect("neither the text nor the end")
}

/// Reads until the stream ends.
async fn reads_to_end(stream: &mut Response) {
    assert!(!receives(stream, "no event says this").await);
}

#[tokio::test]
async fn a_stream_ends_with_its_session() {
    let server = TestServer::start().await;
    let mut dana = server.signed_in("dana").await;
    let mut other_browser = server.signed_in("dana").await;
    let (mut stream, mut other) = (dana.listen().await, other_browser.listen().await);
    let home = dana.get("/").await;
    let _ = dana
        .post("/auth/logout", &[("_csrf", &home.hidden("_csrf"))])
        .await;
    reads_to_end(&mut stream).await;

    // The provider ends the session, too.
    let now = jiff::Timestamp::now().as_second();
    let logout = serde_json::json!({
        "iss": server.provider.issuer(), "aud": "portico", "iat": now, "exp": now + 120, "sub": "id-dana",
        "jti": uuid::Uuid::new_v4().to_string(),
        "events": { "http://schemas.openid.net/event/backchannel-logout": {} },
    });
    let token = server.provider.sign(&logout).unwrap();
    let form = [("logout_token", token.as_str())];
    let _ = server
        .browser()
        .send(Method::POST, "/auth/backchannel-logout", &[], Some(&form))
        .await;
    reads_to_end(&mut other).await;
}

#[tokio::test]
async fn a_former_member_receives_no_events_of_the_tenant() {
    let server = TestServer::start().await;
    let mut stream = server.signed_in("dana").await.listen().await;
    let mut follower = Follower::new(&server).await;
    follower.record("payments", 1).await;
    assert!(receives(&mut stream, "event: request").await);

    let file = server.folder.path().join("tenants.yaml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("payments-developers", "payments-others")).unwrap();
    server.reload();
    assert!(
        receives(&mut stream, "event: missed").await,
        "the stream reports missed after the viewer changed"
    );
    follower.record("payments", 3).await;
    follower.overflow().await;
    let mut received = String::new();
    while !received.contains("event: missed") {
        let chunk = tokio::time::timeout(TIMEOUT, stream.chunk()).await.unwrap();
        received.push_str(&String::from_utf8_lossy(&chunk.unwrap().expect("it goes on")));
    }
    assert!(!received.contains("event: request"), "{received}");
}

#[tokio::test]
async fn a_listener_gets_missed_when_too_many_events_happen() {
    let server = TestServer::start().await;
    let mut stream = server.signed_in("devon").await.listen().await;
    let mut follower = Follower::new(&server).await;
    follower.overflow().await;
    assert!(receives(&mut stream, "event: missed").await);
}

/// Forwards recorded events to listeners, as a background task of the program does.
struct Follower<'h> {
    server: &'h TestServer,
    last: i64,
}

impl<'h> Follower<'h> {
    async fn new(server: &'h TestServer) -> Self {
        let last = server
            .portal
            .tail_audit_log(&SystemAuthority::for_tests(), None)
            .await
            .unwrap();
        Self { server, last }
    }

    /// Records this many events about requests of a tenant.
    async fn record(&mut self, tenant: &str, events: usize) {
        for _ in 0..events {
            let event = AuditEvent::for_tests(NewEvent {
                at: jiff::Timestamp::now(),
                actor: "somebody".to_owned(),
                actor_name: "Somebody".to_owned(),
                verb: "request.submitted".to_owned(),
                subject: "a request".to_owned(),
                tenant: Some(tenant.parse().unwrap()),
                request: Some(portico_domain::names::RequestId(uuid::Uuid::now_v7())),
                remote: None,
                details: serde_json::Value::Null,
            });
            self.server.store.append(event).await.unwrap();
        }
        self.last = self
            .server
            .portal
            .tail_audit_log(&SystemAuthority::for_tests(), Some(self.last))
            .await
            .unwrap();
    }

    /// Records more events than one pass reads.
    async fn overflow(&mut self) {
        self.record("payments", 250).await;
    }
}
