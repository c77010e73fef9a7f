//! Sign-in, from the client to the provider and back with a code.

use super::*;

#[tokio::test]
async fn every_endpoint_in_the_discovery_document_answers() {
    let party = Party::start().await;
    let url = party.at("/.well-known/openid-configuration");
    let metadata: Value = party.browser.get(url).send().await.unwrap().json().await.unwrap();
    assert_eq!(metadata["issuer"], party.provider.issuer());
    for (name, value) in metadata.as_object().unwrap() {
        if name.ends_with("_endpoint") || name == "jwks_uri" {
            let answer = party.browser.get(value.as_str().unwrap()).send().await.unwrap();
            assert_ne!(answer.status(), StatusCode::NOT_FOUND, "{name}");
        }
    }
    let keys: Value = party
        .browser
        .get(party.at("/jwks"))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(keys["keys"][0]["alg"], "RS256");
    assert!(keys["keys"][0]["d"].is_null(), "the private half stays here");
}

#[tokio::test]
async fn a_person_signs_in_and_the_client_gets_their_claims() {
    let party = Party::start().await;
    let page = party.authorize(&[], None).await;
    let policy = page.headers()["content-security-policy"]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(
        policy.contains("form-action 'self' http://127.0.0.1:8080;"),
        "{policy}"
    );
    let answer = party.choose_dana(page).await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    assert_eq!(query(&answer, "state").unwrap(), "st&te");
    assert_eq!(query(&answer, "iss").unwrap(), party.provider.issuer());

    let tokens: Value = party
        .exchange(&query(&answer, "code").unwrap(), &[])
        .await
        .json()
        .await
        .unwrap();
    let claims = claims(&tokens["id_token"]);
    assert_eq!(claims["iss"], party.provider.issuer());
    assert_eq!(claims["aud"], "portico");
    assert_eq!(claims["nonce"], "n-1");
    assert_eq!(claims["sub"], "0001");
    assert_eq!(claims["preferred_username"], "dana");
    assert_eq!(claims["groups"], json!(["payments-developers"]));
    assert!(claims["exp"].as_i64() > claims["iat"].as_i64());
    assert_eq!(
        party
            .provider
            .state
            .key
            .open(tokens["id_token"].as_str().unwrap()),
        Some(claims)
    );

    let info: Value = party
        .userinfo(tokens["access_token"].as_str().unwrap())
        .await
        .json()
        .await
        .unwrap();
    assert_eq!(info["email"], "dana@example.test");
}

#[tokio::test]
async fn the_sign_in_page_escapes_names() {
    let party = Party::start().await;
    let html = party.authorize(&[], None).await.text().await.unwrap();
    assert!(html.contains("Dana &lt;D&gt; Ito"));
}

#[tokio::test]
async fn an_unregistered_redirect_uri_is_never_used() {
    let party = Party::start().await;
    for uri in [
        None,
        Some("http://127.0.0.1:8080/auth/callback/"),
        Some("https://evil.example/"),
        Some(""),
    ] {
        let answer = party.authorize(&[("redirect_uri", uri)], None).await;
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{uri:?}");
        assert!(answer.headers().get("location").is_none());
    }
    let answer = party.authorize(&[("client_id", Some("stranger"))], None).await;
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn request_errors_are_returned_to_the_client() {
    let party = Party::start().await;
    for (change, expected) in [
        (("response_type", Some("token")), "unsupported_response_type"),
        (("scope", Some("profile")), "invalid_scope"),
        (("code_challenge", None), "invalid_request"),
        (("code_challenge_method", Some("plain")), "invalid_request"),
        (("code_challenge_method", None), "invalid_request"),
        (("response_mode", Some("fragment")), "invalid_request"),
        (("request", Some("eyJ")), "request_not_supported"),
        (("prompt", Some("none")), "login_required"),
    ] {
        let answer = party.authorize(&[change], None).await;
        assert_eq!(query(&answer, "error").as_deref(), Some(expected), "{change:?}");
        assert_eq!(query(&answer, "state").as_deref(), Some("st&te"));
    }
}

#[tokio::test]
async fn an_existing_session_is_reused_unless_the_client_forces_a_prompt() {
    let party = Party::start().await;
    let page = party.authorize(&[], None).await;
    let cookie = session_cookie(&party.choose_dana(page).await);
    assert!(query(&party.authorize(&[], Some(&cookie)).await, "code").is_some());
    assert!(
        query(
            &party.authorize(&[("prompt", Some("none"))], Some(&cookie)).await,
            "code"
        )
        .is_some()
    );
    let again = party
        .authorize(&[("prompt", Some("select_account"))], Some(&cookie))
        .await;
    assert_eq!(again.status(), StatusCode::OK);
}
