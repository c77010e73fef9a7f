//! Simulated control planes, an OpenID provider, and a demo made of both, over real HTTP on loopback.
//!
//! None of it is part of a portal in production. The portal does not know that it talks to a simulator: it signs
//! in by OpenID Connect and uses a Kubernetes client.

pub mod clock_rng;
pub mod demo;
pub mod kube;
pub mod oidc;
