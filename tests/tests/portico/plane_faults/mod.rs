//! A control plane that refuses, lies, hangs or is down: pages stay fast and explain it, and nothing is lost or
//! done twice.

mod forms;
mod open_pages;
mod permission;
mod planes;
mod requests;

use std::time::{Duration, Instant};

use portico_tests::demo::Demo;
use portico_tests::person::{Answer, Person};
use portico_tests::proxy::{Fault, Proxy};
use portico_tests::raw_client::RawClient;
use portico_tests::separate_process::SeparateProcess;
use portico_tests::story::{BUCKET, CACHE, POSTGRESQL, submit_form};
use portico_tests::until::until;
use serde_json::{Value, json};

const BUCKETS: &str = "/apis/storage.demo.portico.dev/v1/namespaces/payments-dev/buckets";
/// The limit for a page. It is generous, for debug builds on a busy machine.
const A_MOMENT: Duration = Duration::from_secs(1);
/// Longer than any timeout for a control plane.
const HANGS: Fault = Fault::Slow(Duration::from_secs(30));

/// A demo whose portal reaches one control plane through a proxy.
struct World {
    portal: SeparateProcess,
    proxy: Proxy,
    plane: RawClient,
    elsewhere: RawClient,
}

impl World {
    async fn start() -> Self {
        let begun = Self::before("eu-shared", async |_| ()).await;
        begun.until_it_serves("eu-shared").await;
        begun
    }

    /// Starts a demo with a proxy before this control plane, with an initial fault.
    async fn before(plane: &str, matter: impl AsyncFnOnce(&mut Proxy)) -> Self {
        let world = Demo::start_with(&["--world-only"]).await;
        world.remove_quotas();
        let kubeconfig = |name: &str| {
            let mut planes = world.ready.control_planes.iter();
            planes
                .find(|plane| plane.name == name)
                .unwrap()
                .kubeconfig
                .clone()
        };
        let own = kubeconfig(plane);
        let troubled = own.with_file_name("troubled.yaml");
        let mut proxy = Proxy::start(&own, &troubled).await;
        matter(&mut proxy).await;
        let planes = world.configuration("control-planes.yaml");
        let before = std::fs::read_to_string(&planes).unwrap();
        let after = before.replace(
            &format!("\"../kubeconfigs/{plane}.yaml\""),
            "\"../kubeconfigs/troubled.yaml\"\n  limits: { timeoutSeconds: 2 }",
        );
        assert_ne!(before, after);
        std::fs::write(&planes, after).unwrap();
        let elsewhere = RawClient::of(&kubeconfig("us-shared"));
        let portal = SeparateProcess::over(world, "info").await;
        Self {
            portal,
            proxy,
            plane: RawClient::of(&own),
            elsewhere,
        }
    }

    /// The portal answers before all its control planes have synced, so wait for that.
    async fn until_it_serves(&self, plane: &str) {
        let dana = self.sign_in("dana", "payments/dev").await;
        for offering in [BUCKET, CACHE, POSTGRESQL] {
            until(
                "the control plane's offerings",
                Duration::from_secs(30),
                async || {
                    let page = dana.get(&format!("/api/v1/offerings/{offering}")).await;
                    page.text.contains(plane).then_some(())
                },
            )
            .await;
        }
    }

    async fn sign_in(&self, who: &str, place: &str) -> Person {
        let person = self.portal.world.sign_in(who).await;
        person.work_in(place).await;
        person
    }

    async fn bucket(&self, name: &str) -> Option<Value> {
        self.plane.get(&format!("{BUCKETS}/{name}")).await
    }
}

async fn ask_for_bucket(person: &Person, name: &str) -> Answer {
    submit_form(person, BUCKET, name, &[("_plane", "eu-shared")]).await
}

fn field_conflict() -> Fault {
    Fault::Refusal {
        code: 409,
        status: json!({
            "reason": "Conflict",
            "message": "Apply failed with 1 conflict: conflict with \"kubectl\" using storage.demo.portico.dev/v1: .spec.quota",
            "details": { "causes": [{
                "reason": "FieldManagerConflict", "field": ".spec.quota",
                "message": "conflict with \"kubectl\" using storage.demo.portico.dev/v1",
            }] },
        }),
        retry_after: None,
    }
}

fn invalid() -> Fault {
    Fault::Refusal {
        code: 422,
        status: json!({
            "reason": "Invalid",
            "message": "Bucket is invalid: spec.quota: Invalid value: too much for this quarter, and another",
            "details": { "causes": [
                { "reason": "FieldValueInvalid", "field": "spec.quota", "message": "too much for this quarter" },
                { "reason": "FieldValueInvalid", "field": "spec.storageClass", "message": "not for this team" },
            ] },
        }),
        retry_after: None,
    }
}

fn overloaded() -> Fault {
    Fault::Refusal {
        code: 429,
        status: json!({ "reason": "TooManyRequests", "message": "try again later" }),
        retry_after: Some(2),
    }
}

/// Gets a page within the limit; the fastest of three attempts counts.
async fn quickly(person: &Person, path: &str) -> Answer {
    let mut quickest = Duration::MAX;
    for _ in 0..3 {
        let begun = Instant::now();
        let answer = person.get(path).await;
        quickest = quickest.min(begun.elapsed());
        if quickest < A_MOMENT {
            return answer.expect(200);
        }
    }
    panic!("{path} took at least {quickest:?}");
}
