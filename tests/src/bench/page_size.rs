//! Measures a cold page load: requests and compressed bytes, with all assets.

use reqwest::Client;
use url::Url;

use super::figure;
use crate::html::Page;
use crate::separate_process::SeparateProcess;
use crate::story::POSTGRESQL;

/// Measures catalog, form and claim.
///
/// # Panics
/// When a page does not answer.
pub async fn measure() {
    let portal = SeparateProcess::start().await;
    let dana = portal.world.sign_in("dana").await;
    dana.work_in("payments/dev").await;
    let cookie = dana
        .cookies()
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect::<Vec<_>>()
        .join("; ");
    let client = Client::builder().no_proxy().build().unwrap();
    let fetch = async |url: &Url| {
        let request = client
            .get(url.clone())
            .header("cookie", &cookie)
            .header("accept-encoding", "br, gzip");
        let answer = request.send().await.unwrap();
        let encoding = answer
            .headers()
            .get("content-encoding")
            .and_then(|value| value.to_str().ok())
            .unwrap_or("plain")
            .to_owned();
        (encoding, answer.bytes().await.unwrap())
    };
    for (what, path) in [
        ("catalog page", "/catalog".to_owned()),
        ("request form", format!("/catalog/{POSTGRESQL}/request")),
        (
            "claim page",
            format!("/claims/eu-shared/{POSTGRESQL}/payments-dev/orders"),
        ),
    ] {
        let url = Url::parse(&portal.world.ready.portal)
            .unwrap()
            .join(&path)
            .unwrap();
        let (encoding, body) = fetch(&url).await;
        let html = dana.get(&path).await.expect(200);
        let mut total = body.len();
        let mut parts = vec![format!("page {} ({encoding})", kilobytes(body.len()))];
        let assets = assets(&html.page(), &html.text);
        for asset in &assets {
            let (encoding, body) = fetch(&url.join(asset).unwrap()).await;
            total += body.len();
            let name = asset.rsplit('/').next().unwrap_or(asset);
            parts.push(format!("{name} {} ({encoding})", kilobytes(body.len())));
        }
        figure(
            &format!("{what}, cold"),
            &format!(
                "{} in {} requests: {}",
                kilobytes(total),
                assets.len() + 1,
                parts.join(", ")
            ),
        );
    }
}

/// The assets that a page loads: style sheets, scripts and the wasm file.
fn assets(page: &Page, text: &str) -> Vec<String> {
    let mut found = page.attributes(
        "link[rel=stylesheet], link[rel=preload], link[rel=modulepreload], link[rel=icon]",
        "href",
    );
    found.extend(page.attributes("script[src], img[src]", "src"));
    found.extend(
        text.split(['"', '\''])
            .filter(|word| word.starts_with("/assets/"))
            .map(str::to_owned),
    );
    found.retain(|asset| asset.starts_with('/'));
    found.sort();
    found.dedup();
    found
}

fn kilobytes(bytes: usize) -> String {
    format!("{}.{} KB", bytes / 1000, bytes % 1000 / 100)
}
