//! Control planes that attack Portico, one attack per test.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine as _;
use jiff::{SignedDuration, Timestamp};
use portico_domain::documents::{ActAs, ControlPlane as Document, PassedOn};
use portico_domain::tenancy::Scope;
use portico_planes::{Expect, PlaneError, PlaneState, PlaneStatus, Planes, Settings};
use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_rustls::TlsAcceptor;

use crate::hostile_plane::{Hostile, ReceivedRequest, Reply, kubeconfig};
use crate::world::*;

const TOKEN: &str = "kQ3vN8xTz5wLr2Yb";
const BUCKETS: &str = "GET /apis/storage.example.org/v1/buckets?limit=";

/// A registry with only this control plane and this kubeconfig.
fn registry_of(plane: &Plane, text: &str, change: impl FnOnce(&mut Document)) -> Planes {
    plane.write_kubeconfig(text);
    let mut document = plane.document();
    document.spec.limits.timeout_seconds = 1;
    change(&mut document);
    let registry = Planes::new(Settings::default());
    registry.configure(vec![document], Vec::new(), &tenants());
    registry
}

/// A registry with a hostile control plane, and the folder of its kubeconfig.
pub(crate) async fn against(
    trick: impl Fn(&ReceivedRequest) -> Option<Reply> + Send + Sync + 'static,
) -> (Hostile, Planes, Plane) {
    let hostile = Hostile::start(trick).await;
    let plane = Plane::start("hostile").await;
    let registry = registry_of(&plane, &hostile.kubeconfig(TOKEN), |_| {});
    (hostile, registry, plane)
}

pub(crate) async fn when(
    registry: &Planes,
    plane: &Plane,
    what: &str,
    holds: impl Fn(&PlaneStatus) -> bool,
) -> PlaneStatus {
    eventually(what, async || {
        Some(status(registry, plane)).filter(|status| holds(status))
    })
    .await
}

fn said(status: &PlaneStatus) -> String {
    let notes: Vec<&str> = status
        .recent_errors
        .iter()
        .map(|note| note.message.as_str())
        .collect();
    format!(
        "{:?} {notes:?} {:?} {:?}",
        status.state, status.skipped, status.rights
    )
}

/// What it says of the time is taken for a clock that is wrong, and for nothing else.
#[tokio::test]
async fn a_clock_that_is_wrong_is_told() {
    for (minutes, told) in [(7, 7), (-90, -90)] {
        let (_hostile, registry, plane) = against(move |request| {
            let date =
                (Timestamp::now() + SignedDuration::from_mins(minutes)).strftime("%a, %d %b %Y %T GMT");
            let (status, body) = if request.line.starts_with("GET /version") {
                (200, r#"{"gitVersion":"v1.37.0"}"#)
            } else {
                (404, "{}")
            };
            let length = body.len();
            let answer =
                format!("HTTP/1.1 {status} x\r\ndate: {date}\r\ncontent-length: {length}\r\n\r\n{body}");
            Some(Reply::Raw(answer.into_bytes()))
        })
        .await;
        let told = SignedDuration::from_mins(told);
        let status = when(&registry, &plane, "the offset is known", |status| {
            (status.clock_offset - told).abs() <= SignedDuration::from_secs(2)
        })
        .await;
        assert_ne!(status.state, PlaneState::Unreachable, "{}", said(&status));
    }
}

#[tokio::test]
async fn does_not_follow_redirects_with_credentials() {
    let elsewhere = Hostile::start(|_| None).await;
    let to = elsewhere.url.clone();
    let (_hostile, registry, plane) = against(move |request| {
        let path = request.line.split(' ').nth(1).unwrap_or_default();
        let answer = format!("HTTP/1.1 307 x\r\nlocation: {to}{path}\r\ncontent-length: 0\r\n\r\n");
        Some(Reply::Raw(answer.into_bytes()))
    })
    .await;
    let status = when(&registry, &plane, "it is told", |status| {
        status.state == PlaneState::Unreachable
    })
    .await;
    assert!(said(&status).contains("answered 307"), "{}", said(&status));
    assert!(elsewhere.requests().is_empty(), "{:?}", elsewhere.requests());
}

#[tokio::test]
async fn ends_an_endless_list() {
    let pages = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let (_hostile, registry, plane) = against(move |request| {
        let page = pages.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let more = json!({ "metadata": { "resourceVersion": "1", "continue": format!("page-{page}") }, "items": [] });
        request.line.starts_with(BUCKETS).then_some(Reply::Json(200, more))
    })
    .await;
    let status = when(&registry, &plane, "it is told", |status| {
        said(status).contains("does not end")
    })
    .await;
    assert_ne!(status.state, PlaneState::Unreachable, "the rest of it is well");
}

#[tokio::test]
async fn cuts_an_endless_response() {
    let (_hostile, registry, plane) = against(|request| {
        let head = "HTTP/1.1 200 OK\r\n\r\n{\"items\":[".to_owned();
        let again = vec![b' '; 1 << 20];
        request
            .line
            .starts_with(BUCKETS)
            .then_some(Reply::Endless(head, again))
    })
    .await;
    when(&registry, &plane, "it is told", |status| {
        let said = said(status);
        said.contains("longer than") || said.contains("did not answer within")
    })
    .await;
}

#[tokio::test]
async fn does_not_wait_for_a_trickling_body() {
    let (_hostile, registry, plane) = against(|request| {
        let head = "HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n".to_owned();
        request.line.starts_with(BUCKETS).then_some(Reply::Trickle(head))
    })
    .await;
    let begun = Instant::now();
    when(&registry, &plane, "it is told", |status| {
        said(status).contains("did not answer within 1 seconds")
    })
    .await;
    assert!(begun.elapsed() < Duration::from_secs(15));
}

#[tokio::test]
async fn wrong_types_affect_only_their_objects() {
    let good = bucket("payments-dev", "good", 1);
    let mut good = good.clone();
    good["metadata"]["uid"] = json!("u");
    good["metadata"]["resourceVersion"] = json!("2");
    let deep = format!("{}1{}", "[".repeat(500), "]".repeat(500));
    let items = format!(
        "null, 7, [], \"x\", {{}}, {{\"metadata\":7}}, {{\"metadata\":{{\"name\":7,\"namespace\":[],\"uid\":{{}}}}}}, \
         {{\"metadata\":{{\"name\":\"../x\",\"namespace\":\"payments-dev\",\"uid\":\"u\"}}}}, {{\"deep\":{deep}}}, {good}"
    );
    let (_hostile, registry, plane) = against(move |request| {
        let body = format!("{{\"metadata\":{{\"resourceVersion\":\"5\"}},\"items\":[{items}]}}");
        let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        request
            .line
            .starts_with(BUCKETS)
            .then(|| Reply::Raw(answer.into_bytes()))
    })
    .await;
    eventually("the good one is there", async || {
        (names(&registry, &Scope::for_tests()) == ["good"]).then_some(())
    })
    .await;
    when(&registry, &plane, "the rest is told", |status| {
        said(status).contains("malformed") && said(status).contains("cannot be read")
    })
    .await;
}

#[tokio::test]
async fn reports_malformed_lists() {
    let bodies = [
        "",
        "<html>",
        "null",
        "[]",
        "{}",
        "{\"items\":7}",
        "{\"items\":{},\"metadata\":{}}",
        "{\"items\":[]}",
        "\u{1f}\u{8b}\u{8}",
        "{\"items\":[",
    ];
    let turn = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let (hostile, registry, plane) = against(move |request| {
        if !request.line.starts_with(BUCKETS) {
            return None;
        }
        let body = bodies[turn.fetch_add(1, std::sync::atomic::Ordering::Relaxed) % bodies.len()];
        let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        Some(Reply::Raw(answer.into_bytes()))
    })
    .await;
    let status = when(&registry, &plane, "it is told", |status| {
        said(status).contains("invalid response") && hostile.requests().len() > 8
    })
    .await;
    assert_ne!(status.state, PlaneState::Unreachable, "{}", said(&status));
    assert!(names(&registry, &Scope::for_tests()).is_empty());
}

#[tokio::test]
async fn large_objects_stay_within_the_cache_limit() {
    let (_hostile, registry, plane) = against(|_| None).await;
    drop(registry);
    let hostile = Hostile::start(|request| {
        if !request.line.starts_with(BUCKETS) {
            return None;
        }
        // In a tenant's namespace, so that whole objects are kept; 200 KB each.
        let items: Vec<Value> = (0..40)
            .map(|number| {
                let mut object = bucket("payments-dev", &format!("b{number}"), 1);
                object["metadata"]["uid"] = json!(format!("u{number}"));
                object["metadata"]["resourceVersion"] = json!("1");
                object["spec"]["data"] = json!("x".repeat(200_000));
                object
            })
            .collect();
        Some(Reply::Json(
            200,
            json!({ "metadata": { "resourceVersion": "1" }, "items": items }),
        ))
    })
    .await;
    let registry = registry_of(&plane, &hostile.kubeconfig(TOKEN), |document| {
        document.spec.limits.cache_bytes = 1 << 20;
        document.spec.limits.timeout_seconds = 20;
    });
    let status = when(&registry, &plane, "it is told", |status| {
        said(status).contains("take more than 1 MiB together (limits.cacheBytes)")
    })
    .await;
    assert!(status.cache_bytes <= 1 << 20, "{}", status.cache_bytes);
    assert!(
        (4..=5).contains(&status.claims),
        "{} of 40 are held",
        status.claims
    );
}

#[tokio::test]
async fn hides_tokens_in_error_pages() {
    let (hostile, registry, plane) = against(|request| {
        let head = format!("{} {}", request.line, request.head.join(" "));
        if request.line.contains("version") {
            // Like the error pages of some proxies.
            return Some(Reply::Json(500, json!({ "message": head })));
        }
        Some(Reply::Json(
            403,
            json!({ "message": head, "details": { "causes": [{ "field": head, "message": head }] } }),
        ))
    })
    .await;
    let status = when(&registry, &plane, "it is told", |status| {
        !status.recent_errors.is_empty()
    })
    .await;
    assert!(said(&status).contains("(hidden)"), "{}", said(&status));
    let manifest = bucket("payments-dev", "new", 5);
    let answer = registry
        .apply(
            &crate::world::system(),
            &plane.name,
            &crate::world::portico(),
            &bucket_resource(),
            &manifest,
            &Expect::Anything,
        )
        .await
        .unwrap_err();
    for text in [
        said(&status),
        format!("{answer} {answer:?} {}", answer.admin_message()),
    ] {
        assert!(!text.contains(TOKEN), "{text}");
    }
    assert_eq!(
        hostile.requests()[0].as_go_reads("authorization"),
        [format!("Bearer {TOKEN}")],
        "it was there to be shown"
    );
}

#[tokio::test]
async fn no_group_arrives_as_a_system_group() {
    let hostile = Hostile::start(|_| None).await;
    let plane = Plane::start("hostile").await;
    let registry = registry_of(&plane, &hostile.kubeconfig(TOKEN), |document| {
        document.spec.act_as = ActAs::Person(PassedOn::default());
    });
    in_state(&registry, &plane, PlaneState::Ready).await;
    let mut groups = BTreeSet::from(["payments-developers".to_owned()]);
    for before in [
        "",
        " ",
        "\t",
        "  ",
        "\u{a0}",
        "\r\n",
        "\n",
        "\0",
        "x\r\nImpersonate-Group: ",
    ] {
        for after in ["", " ", "\t", "\r\n"] {
            groups.insert(format!("{before}system:masters{after}"));
        }
    }
    let manifest = bucket("payments-dev", "new", 5);
    let ask = async |subject: &str| {
        let actor = crate::world::person(subject.to_owned(), "sso".to_owned(), groups.clone());
        registry
            .apply(
                &crate::world::system(),
                &plane.name,
                &actor,
                &bucket_resource(),
                &manifest,
                &Expect::Anything,
            )
            .await
    };
    let _ = ask("https://sso#dana").await;
    let patches = |hostile: &Hostile| -> Vec<ReceivedRequest> {
        let requests = hostile.requests();
        requests
            .into_iter()
            .filter(|request| request.line.starts_with("PATCH"))
            .collect()
    };
    let requests = patches(&hostile);
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0].as_go_reads("impersonate-user"), ["https://sso#dana"]);
    assert_eq!(
        requests[0].as_go_reads("impersonate-group"),
        ["payments-developers"]
    );

    // A person whose name cannot be passed on is neither Portico nor anonymous.
    for subject in [
        "",
        " system:admin",
        "system:admin",
        "a\r\nImpersonate-User: b",
        "te\u{200b}am ",
    ] {
        let refused = ask(subject).await;
        assert!(
            matches!(refused, Err(PlaneError::Forbidden { .. })),
            "{subject:?}: {refused:?}"
        );
    }
    assert_eq!(patches(&hostile).len(), 1, "and nothing was asked");
}

#[tokio::test]
async fn checks_the_contents_of_successful_responses() {
    let (_hostile, registry, plane) = against(|request| {
        let other = bucket("payments-dev", "another", 1);
        request
            .line
            .starts_with("PATCH")
            .then_some(Reply::Json(200, other))
    })
    .await;
    in_state(&registry, &plane, PlaneState::Ready).await;
    let manifest = bucket("payments-dev", "new", 5);
    let answer = registry
        .apply(
            &crate::world::system(),
            &plane.name,
            &crate::world::portico(),
            &bucket_resource(),
            &manifest,
            &Expect::Anything,
        )
        .await;
    assert!(
        matches!(answer, Err(PlaneError::InvalidResponse { .. })),
        "{answer:?}"
    );
}

/// A server certificate, the certificate to trust, both in PEM, and the acceptor.
struct Shown {
    certificate: String,
    acceptor: TlsAcceptor,
}

fn shown(names: &[&str], change: impl FnOnce(&mut CertificateParams)) -> Shown {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let key = KeyPair::generate().unwrap();
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut parameters = CertificateParams::new(names).unwrap();
    change(&mut parameters);
    let certificate = parameters.self_signed(&key).unwrap().pem();
    let chain = vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(key.serialize_pem().as_bytes()).unwrap();
    let config = rustls::ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    Shown {
        certificate,
        acceptor: TlsAcceptor::from(Arc::new(config)),
    }
}

/// The state of a control plane with this server certificate and this trusted certificate.
async fn state_of(shown: Shown, trusted: Option<&str>, more: &str) -> String {
    let hostile = Hostile::over(Some(shown.acceptor), |_| None).await;
    let plane = Plane::start("hostile").await;
    let authority = trusted.map_or_else(String::new, |pem| {
        let data = base64::engine::general_purpose::STANDARD.encode(pem);
        format!(", certificate-authority-data: {data}")
    });
    let registry = registry_of(
        &plane,
        &kubeconfig(&hostile.url, &format!("{authority}{more}"), TOKEN),
        |_| {},
    );
    let status = when(&registry, &plane, "it is known", |status| {
        status.state != PlaneState::Connecting
    })
    .await;
    if status.state == PlaneState::Ready {
        return format!("ready {:?}", status.warnings);
    }
    assert!(
        hostile.requests().is_empty(),
        "nothing is asked of whoever is not trusted"
    );
    said(&status)
}

#[tokio::test]
async fn accepts_a_directly_trusted_certificate_like_go() {
    for authority in [false, true] {
        let own = shown(&["127.0.0.1"], |parameters| {
            if authority {
                parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            } else {
                parameters.is_ca = IsCa::ExplicitNoCa;
            }
        });
        let trusted = own.certificate.clone();
        let state = state_of(own, Some(&trusted), "").await;
        assert_eq!(state, "ready []", "CA: {authority}");
    }
}

#[tokio::test]
async fn explains_certificate_errors() {
    let trusting = async |own: Shown| {
        let trusted = own.certificate.clone();
        state_of(own, Some(&trusted), "").await
    };
    let strange = shown(&["127.0.0.1"], |parameters| {
        let names = &mut parameters.distinguished_name;
        names.push(rcgen::DnType::CommonName, "a strange authority");
    });
    let said = state_of(shown(&["127.0.0.1"], |_| {}), Some(&strange.certificate), "").await;
    assert!(said.contains("of an authority that is not trusted"), "{said}");
    let said = trusting(shown(&["other.example.org"], |_| {})).await;
    assert!(
        said.contains("is for other names than the one in server"),
        "{said}"
    );
    let said = trusting(shown(&[], |_| {})).await;
    assert!(said.contains("subject alternative names"), "{said}");
    let said = trusting(shown(&["127.0.0.1"], |parameters| {
        parameters.not_before = rcgen::date_time_ymd(2001, 1, 1);
        parameters.not_after = rcgen::date_time_ymd(2002, 1, 1);
    }))
    .await;
    assert!(said.contains("has expired"), "{said}");
    let said = trusting(shown(&["127.0.0.1"], |parameters| {
        parameters.not_before = rcgen::date_time_ymd(2090, 1, 1);
        parameters.not_after = rcgen::date_time_ymd(2091, 1, 1);
    }))
    .await;
    assert!(said.contains("is not valid yet"), "{said}");
}

#[tokio::test]
async fn supports_tls_server_name_and_warns_of_skipped_verification() {
    let own = shown(&["other.example.org"], |_| {});
    let trusted = own.certificate.clone();
    let state = state_of(own, Some(&trusted), ", tls-server-name: other.example.org").await;
    assert_eq!(state, "ready []");
    let state = state_of(
        shown(&["other.example.org"], |_| {}),
        None,
        ", insecure-skip-tls-verify: true",
    )
    .await;
    assert!(
        state.starts_with("ready") && state.contains("its certificate is not checked"),
        "{state}"
    );
}

#[tokio::test]
async fn explains_servers_that_speak_another_protocol() {
    // Go servers answer like this to TLS on an HTTP port.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = format!("https://{}", listener.local_addr().unwrap());
    let answering = tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read_u8().await;
            let _ = stream.write_all(b"HTTP/1.0 400 Bad Request\r\n\r\n").await;
        }
    });
    let plane = Plane::start("hostile").await;
    let registry = registry_of(&plane, &kubeconfig(&server, "", TOKEN), |_| {});
    let status = in_state(&registry, &plane, PlaneState::Unreachable).await;
    assert!(said(&status).contains("does not speak TLS"), "{}", said(&status));
    answering.abort();
    let (_hostile, registry, plane) = against(|_| Some(Reply::Raw(b"SSH-2.0-OpenSSH_9\r\n".to_vec()))).await;
    let status = in_state(&registry, &plane, PlaneState::Unreachable).await;
    assert!(said(&status).contains("does not speak HTTP"), "{}", said(&status));
}

#[tokio::test]
async fn another_uid_is_another_object() {
    // Like a real API server, see tests/portico/server_text.rs.
    let (_hostile, registry, plane) = against(|request| {
        let cause = json!({
            "reason": "FieldValueInvalid", "field": "metadata.uid", "message": "Invalid value: \"1\": field is immutable",
        });
        let refusal = json!({ "reason": "Invalid", "message": "metadata.uid", "details": { "causes": [cause] } });
        request
            .line
            .starts_with("PATCH")
            .then_some(Reply::Json(422, refusal))
    })
    .await;
    when(&registry, &plane, "it is ready", |status| {
        status.state == PlaneState::Ready
    })
    .await;
    let manifest = bucket("payments-dev", "receipts", 5);
    let apply = async |expect: Expect| {
        let actor = crate::world::portico();
        let resource = bucket_resource();
        let authority = crate::world::system();
        let applied = registry.apply(&authority, &plane.name, &actor, &resource, &manifest, &expect);
        applied.await.unwrap_err().slug()
    };
    assert_eq!(apply(Expect::Uid("1".into())).await, "gone");
    assert_eq!(apply(Expect::Anything).await, "invalid");
}
