use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::misbehaviour::members;
use super::provider_state::ProviderState;

/// The discovery document (OpenID Connect Discovery 1.0, section 3).
pub(super) async fn metadata(State(provider): State<Arc<ProviderState>>) -> Json<Value> {
    let at = |path: &str| format!("{}{path}", provider.issuer);
    let mut metadata = members(&json!({
        "issuer": provider.issuer,
        "authorization_endpoint": at("/authorize"),
        "token_endpoint": at("/token"),
        "userinfo_endpoint": at("/userinfo"),
        "jwks_uri": at("/jwks"),
        "end_session_endpoint": at("/end-session"),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "code_challenge_methods_supported": ["S256"],
        "scopes_supported": ["openid", "profile", "email", "groups"],
        "claims_supported": [
            "sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "sid",
            "name", "preferred_username", "email", "email_verified", "groups",
        ],
        "prompt_values_supported": ["none", "login", "select_account"],
        "authorization_response_iss_parameter_supported": true,
        "claims_parameter_supported": false,
        "request_parameter_supported": false,
        "request_uri_parameter_supported": false,
    }));
    metadata.extend(provider.forgery.lock().discovery.clone());
    Json(Value::Object(metadata))
}

/// The public keys of the provider.
pub(super) async fn keys(State(provider): State<Arc<ProviderState>>) -> Json<Value> {
    Json(json!({ "keys": [provider.key.public()] }))
}
