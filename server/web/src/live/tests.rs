use std::time::Duration;

use http::Method;
use portico_domain::authz::{AuditEvent, SystemAuthority};
use portico_domain::record::NewEvent;
use reqwest::Response;

use crate::testing::House;

/// Far longer than any step of these tests takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// Reads until the text arrives; `false` if the stream ends first.
async fn hears(stream: &mut Response, text: &str) -> bool {
    let mut heard = String::new();
    let read = async {
        while let Some(chunk) = stream.chunk().await.unwrap() {
            heard.push_str(&String::from_utf8_lossy(&chunk));
            if heard.contains(text) {
                return true;
            }
        }
        false
    };
    tokio::time::timeout(PATIENCE, read)
        .await
        .expect("neither the text nor the end")
}

/// Reads until the stream ends.
async fn ends(stream: &mut Response) {
    assert!(!hears(stream, "no event says this").await);
}

#[tokio::test]
async fn a_stream_ends_with_the_session_it_is_for() {
    let house = House::start().await;
    let mut dana = house.signed_in("dana").await;
    let mut elsewhere = house.signed_in("dana").await;
    let (mut stream, mut other) = (dana.listen().await, elsewhere.listen().await);
    let home = dana.get("/").await;
    let _ = dana
        .post("/auth/logout", &[("_csrf", &home.hidden("_csrf"))])
        .await;
    ends(&mut stream).await;

    // The provider ends the session, too.
    let now = jiff::Timestamp::now().as_second();
    let logout = serde_json::json!({
        "iss": house.provider.issuer(), "aud": "portico", "iat": now, "exp": now + 120, "sub": "id-dana",
        "jti": uuid::Uuid::new_v4().to_string(),
        "events": { "http://schemas.openid.net/event/backchannel-logout": {} },
    });
    let token = house.provider.sign(&logout).unwrap();
    let form = [("logout_token", token.as_str())];
    let _ = house
        .browser()
        .send(Method::POST, "/auth/backchannel-logout", &[], Some(&form))
        .await;
    ends(&mut other).await;
}

#[tokio::test]
async fn who_is_no_longer_a_member_hears_no_more_of_a_tenant() {
    let house = House::start().await;
    let mut stream = house.signed_in("dana").await.listen().await;
    let mut follower = Follower::new(&house).await;
    follower.record("payments", 1).await;
    assert!(hears(&mut stream, "event: request").await);

    let file = house.folder.path().join("tenants.yaml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("payments-developers", "payments-others")).unwrap();
    house.reload();
    assert!(
        hears(&mut stream, "event: missed").await,
        "it looks again, and sees less"
    );
    follower.record("payments", 3).await;
    follower.overflow().await;
    let mut heard = String::new();
    while !heard.contains("event: missed") {
        let chunk = tokio::time::timeout(PATIENCE, stream.chunk()).await.unwrap();
        heard.push_str(&String::from_utf8_lossy(&chunk.unwrap().expect("it goes on")));
    }
    assert!(!heard.contains("event: request"), "{heard}");
}

#[tokio::test]
async fn who_listens_is_told_when_more_happened_than_can_be_told_one_by_one() {
    let house = House::start().await;
    let mut stream = house.signed_in("devon").await.listen().await;
    let mut follower = Follower::new(&house).await;
    follower.overflow().await;
    assert!(hears(&mut stream, "event: missed").await);
}

/// Forwards recorded events to listeners, as a background task of the program does.
struct Follower<'h> {
    house: &'h House,
    last: i64,
}

impl<'h> Follower<'h> {
    async fn new(house: &'h House) -> Self {
        let last = house
            .portal
            .tail_audit_log(&SystemAuthority::for_tests(), None)
            .await
            .unwrap();
        Self { house, last }
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
            self.house.store.append(event).await.unwrap();
        }
        self.last = self
            .house
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
