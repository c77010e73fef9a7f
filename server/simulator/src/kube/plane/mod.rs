//! What one control plane has besides its objects: settings, tokens and rules, faults, the audit log, certificates.

pub(crate) mod access;
pub(crate) mod audit;
pub(crate) mod credentials;
pub(crate) mod faults;
pub(crate) mod inner;
pub(crate) mod load;
pub(crate) mod settings;
pub(crate) mod shard;
