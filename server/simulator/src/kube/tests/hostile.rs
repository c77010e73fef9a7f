//! Hostile bodies and clients.

use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{BUCKETS, Served, Settings, bucket, bucket_definition};

#[tokio::test]
async fn a_body_of_five_megabytes_gets_413() {
    let served = Served::new().await;
    let request = served
        .request(Method::POST, BUCKETS)
        .body("x".repeat(5 * 1024 * 1024));
    let (code, status) = Served::send(request).await;
    assert_eq!(
        (code.as_u16(), &status["reason"]),
        (413, &json!("RequestEntityTooLarge"))
    );
    let mut large = bucket("large");
    large["spec"]["tags"] = json!({"text": "x".repeat(2 * 1024 * 1024)});
    let (code, status) = served.post(BUCKETS, &large).await;
    assert_eq!(code, 500);
    assert!(
        status["message"]
            .as_str()
            .unwrap()
            .contains("request is too large"),
        "{}",
        status["message"]
    );
}

#[tokio::test]
async fn malformed_bodies_are_refused() {
    let served = Served::new().await;
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    let odd = [
        "",
        "null",
        "[]",
        "7",
        "{",
        "{\"metadata\": 7}",
        "{\"metadata\": {\"name\": 7}}",
        "\u{0}\u{1}",
        deep.as_str(),
    ];
    for body in odd {
        let request = served
            .request(Method::POST, BUCKETS)
            .header("content-type", "application/json")
            .body(body.to_owned());
        let (code, status) = Served::send(request).await;
        let start: String = body.chars().take(20).collect();
        assert_eq!(
            (code.as_u16(), &status["kind"]),
            (400, &json!("Status")),
            "{start}"
        );
    }
    let mut named = bucket("one");
    for name in ["Upper", "a/b", "..", "-x", &"x".repeat(300)] {
        named["metadata"]["name"] = json!(name);
        assert_eq!(served.post(BUCKETS, &named).await.0, 422, "{name}");
    }
    let mut labelled = bucket("one");
    labelled["metadata"]["labels"] = json!({"bad key": "x"});
    assert_eq!(served.post(BUCKETS, &labelled).await.0, 422);
    // Undecodable metadata fails before validation, as in the real API server.
    labelled["metadata"]["labels"] = json!({"key": 7});
    assert_eq!(served.post(BUCKETS, &labelled).await.0, 400);
    labelled["metadata"]["labels"] = json!(["list"]);
    assert_eq!(served.post(BUCKETS, &labelled).await.0, 400);
}

#[tokio::test]
async fn a_yaml_bomb_is_refused_quickly() {
    let served = Served::new().await;
    let mut bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n".to_owned();
    for level in 1..12 {
        let before = level - 1;
        let aliases = vec![format!("*a{before}"); 10].join(",");
        bomb.push_str(
            &[
                "a",
                &level.to_string(),
                ": &a",
                &level.to_string(),
                " [",
                &aliases,
                "]\n",
            ]
            .concat(),
        );
    }
    let request = served
        .request(Method::PATCH, &format!("{BUCKETS}/one?fieldManager=a"))
        .header("content-type", "application/apply-patch+yaml")
        .body(bomb);
    assert_eq!(Served::send(request).await.0, 400);
}

#[tokio::test]
async fn malformed_paths_get_404() {
    let served = Served::new().await;
    for path in [
        "/",
        "/apis/a/b/c/d/e/f/g",
        "/api/v2/pods",
        "/apis/%ff/v1/x",
        "/api/v1/namespaces/a%2Fb/pods/x",
    ] {
        assert_eq!(served.get(path).await.0, 404, "{path}");
    }
    let (code, _) = served.post(&format!("{BUCKETS}/one"), &bucket("one")).await;
    assert_eq!(code, 405);
    assert_eq!(served.put(BUCKETS, &bucket("one")).await.0, 405);
}

#[tokio::test]
async fn a_full_control_plane_refuses_new_objects() {
    let served = Served::with(Settings {
        max_objects: 4,
        ..Settings::default()
    })
    .await;
    served.plane.objects().create(bucket_definition()).unwrap();
    let mut codes = Vec::new();
    for name in ["a", "b", "c"] {
        codes.push(served.post(BUCKETS, &bucket(name)).await.0.as_u16());
    }
    assert_eq!(codes, [201, 500, 500]);
}

#[tokio::test]
async fn a_client_that_does_not_read_does_not_block_others() {
    let served = Served::with(Settings {
        history: 50,
        ..Settings::default()
    })
    .await;
    served.plane.objects().create(bucket_definition()).unwrap();
    let mut idle = tokio::net::TcpStream::connect(served.address()).await.unwrap();
    let head = format!(
        "GET {BUCKETS}?watch=1 HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\r\n",
        served.token
    );
    idle.write_all(head.as_bytes()).await.unwrap();
    let mut first = [0; 12];
    idle.read_exact(&mut first).await.unwrap();
    assert_eq!(&first, b"HTTP/1.1 200");
    served.post(BUCKETS, &bucket("busy")).await;
    let filler = "x".repeat(100_000);
    for round in 0..200 {
        let change = json!({"spec": {"tags": {"round": format!("{round}"), "filler": filler}}});
        let (code, _) = served.merge(&format!("{BUCKETS}/busy"), &change).await;
        assert_eq!(code, 200);
    }
    let (_, list) = served.get(BUCKETS).await;
    assert_eq!(list["items"][0]["spec"]["tags"]["round"], "199");
    // It gets 410 or is disconnected; nobody waits for it.
    let mut rest = Vec::new();
    let ended = tokio::time::timeout(std::time::Duration::from_secs(15), async {
        let mut chunk = vec![0; 1 << 16];
        loop {
            match idle.read(&mut chunk).await {
                Ok(0) | Err(_) => return,
                Ok(n) => rest.extend_from_slice(&chunk[..n]),
            }
            if rest.windows(10).any(|w| w == b"\"code\":410") {
                return;
            }
        }
    });
    assert!(ended.await.is_ok());
    let _: Value = list;
}
