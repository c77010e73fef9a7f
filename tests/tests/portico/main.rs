//! End-to-end tests: the real program over HTTP, simulated control planes, real clients and databases.
//!
//! One program, to link once; one file per topic.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "all of it is tests: what does not hold here is a failed test"
)]

/// Runs tests over simulated control planes and over real API servers.
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

mod adoption;
mod agents;
mod approval_expiry;
mod approvals;
mod audit_log;
mod bad_input;
mod claimed_planes;
mod claimed_tenants;
mod clusters;
mod comments;
mod compare;
mod composed_resources;
mod composed_resources_real;
mod connections;
mod controller_fields;
mod cordon;
mod crash;
mod creation;
mod crossplane;
mod deleted_claims;
mod demo_workspaces;
mod dependencies;
mod differential;
mod flux;
mod forms;
mod health;
mod hidden_characters;
mod home;
mod home_check;
mod home_definitions;
mod home_plane;
mod home_replicas;
mod home_rights;
mod json_patch;
mod kcp;
mod keycloak;
mod kro;
mod kubeconfig_oidc;
mod kubectl;
mod kubernetes_yaml;
mod lifecycle;
mod load;
mod managed_elsewhere;
mod names;
mod nested_tenants;
mod new_user;
mod offering_lifecycle;
mod openapi;
mod other_provider;
#[cfg(feature = "otlp")]
mod otlp;
mod ownership;
mod permission;
mod pitfalls;
mod placement;
mod plane_credentials;
mod plane_faults;
mod plane_rights;
mod postgresql;
mod progress;
mod projection;
mod publications;
mod quota;
mod real_control_plane;
mod renew;
mod routes;
mod search;
mod secrets;
mod security_events;
mod server_text;
mod story;
mod take_over;
mod tenant_namespaces;
mod tokens;
mod trace;
mod try_definition;
mod try_health;
mod two_portals;
mod two_tabs;
mod usage;
mod validate;
mod yaml_tab;
