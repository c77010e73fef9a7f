//! Writes of others to the object that Portico is about to write.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use portico_planes::{Expect, PlaneState};
use serde_json::json;

use crate::hostile::{against, when};
use crate::hostile_plane::Reply;
use crate::world::*;

/// They are met by reading and writing again; who never stops is told of.
#[tokio::test]
async fn writes_of_others_are_met_by_trying_again() {
    const OBJECT: &str = "/apis/storage.example.org/v1/namespaces/payments-dev/buckets/receipts";
    let left = Arc::new(AtomicUsize::new(0));
    let contended = left.clone();
    let (hostile, registry, plane) = against(move |request| {
        let mut live = bucket("payments-dev", "receipts", 5);
        live["metadata"]["uid"] = json!("1");
        live["metadata"]["resourceVersion"] = json!("7");
        if !request.line.contains(OBJECT) {
            return None;
        }
        let others_write = request.line.starts_with("PATCH")
            && contended
                .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1))
                .is_ok();
        // What a real API server says, see tests/portico/server_text.rs.
        let refusal = json!({ "reason": "Conflict", "message": "Operation cannot be fulfilled on buckets \"receipts\": \
            the object has been modified; please apply your changes to the latest version and try again" });
        Some(if others_write {
            Reply::Json(409, refusal)
        } else {
            Reply::Json(200, live)
        })
    })
    .await;
    when(&registry, &plane, "it is ready", |status| {
        status.state == PlaneState::Ready
    })
    .await;
    let manifest = bucket("payments-dev", "receipts", 5);
    let resource = bucket_resource();
    let taking = Expect::Taking {
        uid: "1".into(),
        fields: Vec::new(),
    };
    for expect in [taking, Expect::Uid("1".into()), Expect::Anything] {
        let try_out = async || {
            let submit = crate::world::submit();
            let applied = registry.dry_run(&submit, &plane.name, &resource, &manifest, &expect);
            applied.await.map_err(|error| error.slug())
        };
        left.store(4, Ordering::SeqCst);
        let before = hostile.requests().len();
        assert!(try_out().await.is_ok(), "{expect:?}");
        let asked: Vec<String> = hostile
            .requests()
            .split_off(before)
            .iter()
            .map(|of| of.line.clone())
            .collect();
        let writes = asked.iter().filter(|line| line.starts_with("PATCH")).count();
        let reads = asked
            .iter()
            .filter(|line| line.starts_with("GET") && line.contains(OBJECT))
            .count();
        assert_eq!(writes, 5, "{asked:?}");
        // What is written to by version is read anew each time.
        assert_eq!(
            reads,
            if matches!(expect, Expect::Taking { .. }) {
                5
            } else {
                0
            },
            "{asked:?}"
        );
        left.store(99, Ordering::SeqCst);
        assert_eq!(try_out().await.unwrap_err(), "contended", "{expect:?}");
        assert_eq!(left.load(Ordering::SeqCst), 94, "{expect:?}");
    }
}
