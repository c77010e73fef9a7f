//! What Portico can be tried and tested against, over real HTTP on loopback: simulated control
//! planes, an OpenID provider, and a demo world made of both.
//!
//! Nothing here is part of a portal in production, and the portal knows nothing of it: it signs
//! in by OpenID Connect and talks to control planes with a Kubernetes client, as it would to real
//! ones.

pub mod chance;
pub mod kube;
pub mod oidc;
pub mod world;
