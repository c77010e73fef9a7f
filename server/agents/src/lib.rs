//! Control planes behind firewalls. An agent beside the control plane connects to Portico ([`agent::run`]); Portico accepts
//! it ([`Listener`]) and sends its calls over that connection ([`Hub`]).
//!
//! TLS 1.3 with certificates of one [`Authority`] on both sides. On the connection for calls the roles are turned round:
//! the agent, which connected, is the HTTP/2 server. Each agent connects to each replica of Portico, so that no replica
//! has to ask another. Nothing here knows the database: see [`Registrar`].

pub mod agent;
mod allow;
mod authority;
mod certificates;
mod hub;
mod identity;
mod listener;
mod protocol;
mod registrar;
mod request_info;
#[cfg(test)]
mod tests;
mod tls;
mod token;

pub use authority::{Authority, AuthorityError};
pub use hub::{ConnectedAgent, ConnectedAgents, Hub};
pub use identity::Identity;
pub use listener::Listener;
pub use protocol::RefusedCall;
pub use registrar::{Beat, NewAgent, Refusal, Registrar};
pub use token::{EnrolmentToken, NotAToken};
