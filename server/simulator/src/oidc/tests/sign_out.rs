//! Logout, and the end of the provider.

use super::*;

#[tokio::test]
async fn signing_out_ends_the_session_and_returns_only_to_registered_addresses() {
    let party = Party::start().await;
    let page = party.authorize(&[], None).await;
    let signed_in = party.choose_dana(page).await;
    let cookie = session_cookie(&signed_in);
    let tokens: Value = party
        .exchange(&query(&signed_in, "code").unwrap(), &[])
        .await
        .json()
        .await
        .unwrap();
    let hint = tokens["id_token"].as_str().unwrap();
    let leave = async |hint: &str, back: &str| {
        let parameters = [
            ("id_token_hint", hint),
            ("post_logout_redirect_uri", back),
            ("state", "x"),
        ];
        let url = Url::parse_with_params(&party.at("/end-session"), parameters).unwrap();
        party
            .browser
            .get(url)
            .header("cookie", &cookie)
            .send()
            .await
            .unwrap()
    };
    assert_eq!(
        leave(hint, "https://evil.example/").await.status(),
        StatusCode::BAD_REQUEST
    );
    assert_eq!(leave("a.b.c", HOME).await.status(), StatusCode::BAD_REQUEST);
    assert!(
        query(&party.authorize(&[], Some(&cookie)).await, "code").is_some(),
        "a refused sign-out ends nothing"
    );

    party.wait(3600);
    let left = leave(hint, HOME).await;
    assert_eq!(
        left.headers()["location"],
        format!("{HOME}?state=x"),
        "an expired hint will do"
    );
    assert_eq!(
        party.authorize(&[], Some(&cookie)).await.status(),
        StatusCode::OK,
        "asked again"
    );
    assert_eq!(
        party
            .userinfo(tokens["access_token"].as_str().unwrap())
            .await
            .status(),
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn logout_without_a_hint_asks_for_confirmation() {
    let party = Party::start().await;
    let answer = party.browser.get(party.at("/end-session")).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    assert!(answer.text().await.unwrap().contains("Sign out?"));
}

#[tokio::test]
async fn confirmed_logout_returns_only_to_registered_addresses() {
    let party = Party::start().await;
    let agree = async |back: &str| {
        let form = [
            ("client_id", "portico"),
            ("post_logout_redirect_uri", back),
            ("state", "x"),
        ];
        let url = party.at("/signed-out");
        party.browser.post(url).form(&form).send().await.unwrap()
    };
    assert_eq!(agree(HOME).await.headers()["location"], format!("{HOME}?state=x"));
    assert_eq!(agree("https://evil.example/").await.status(), StatusCode::OK);
}

#[tokio::test]
async fn shutdown_does_not_wait_for_idle_connections() {
    let party = Party::start().await;
    party
        .browser
        .get(party.at("/"))
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    let address = party.provider.address();
    party.provider.shutdown().await;
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}
