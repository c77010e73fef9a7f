//! An agent and a listener over real TLS, with a small API server behind the agent.

mod certificates;
mod hostile;
mod world;
