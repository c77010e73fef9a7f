//! End to end: the real program over HTTP, its simulated control planes, real clients and databases.
//!
//! One program, so that it is linked once; a file for each promise.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "all of it is tests: what does not hold here is a failed test"
)]

/// Runs each of these over the simulated control planes and over real API servers.
macro_rules! on_all_planes {
    ($($test:ident),+ $(,)?) => {
        mod simulated {
            use portico_tests::demo::Planes;
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $test() {
                    super::$test(Planes::Simulated).await;
                }
            )+
        }

        mod real {
            use portico_tests::apiserver::ApiServer;
            use portico_tests::demo::Planes;
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $test() {
                    if ApiServer::is_here(concat!(stringify!($test), ", over real API servers")) {
                        super::$test(Planes::Real).await;
                    }
                }
            )+
        }
    };
}

mod agreement;
mod approvals;
mod bad_input;
mod behind;
mod comments;
mod connections;
mod cordon;
mod crash;
mod creation;
mod crossplane;
mod forms;
mod gone;
mod health;
mod hidden_characters;
mod home;
mod judges;
mod keycloak;
mod kubectl;
mod kubernetes_yaml;
mod lifecycle;
mod load;
mod names;
mod open_pages_real;
mod openapi;
mod other_provider;
mod ownership;
mod permission;
mod placement;
mod plane_credentials;
mod plane_rights;
mod postgresql;
mod projection;
mod quota;
mod real_control_plane;
mod record;
mod renew;
mod routes;
mod search;
mod secrets;
mod security_events;
mod server_text;
mod story;
mod tokens;
mod trace;
mod trouble;
mod two_tabs;
mod validate;
mod yaml_tab;
