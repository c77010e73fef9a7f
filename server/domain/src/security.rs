//! Security events: the closed list of events for the log, metrics and audit log.
//!
//! An event is written as a [`NewEvent`](crate::audit_log::NewEvent) whose verb is [`SecurityEvent::name`]. Appending
//! one to the audit log also logs and counts it.

/// How urgent an event is; also the level in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Routine: a sign-in, a new token.
    Info,
    /// A refusal. One is harmless, many may indicate an attack.
    Warning,
    /// Needs attention now.
    Alarm,
}

/// Who can cause an event, which decides how many of them the audit log accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// Part of a change that was allowed: the audit log accepts all.
    Change,
    /// A refusal, which anybody can cause: the audit log accepts a limited number per source, the log and metrics
    /// all.
    Refusal,
}

/// Defines the enum together with its list, so that no variant can be missing from [`SecurityEvent::ALL`].
macro_rules! security_events {
    ($( $(#[$doc:meta])* $variant:ident = $name:literal, $severity:ident, $cause:ident; )+) => {
        /// A security event.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum SecurityEvent {
            $( $(#[$doc])* $variant, )+
        }

        impl SecurityEvent {
            /// All events.
            pub const ALL: &[Self] = &[ $( Self::$variant, )+ ];

            /// Returns the stable name: the audit log's verb, the log's field `event`, the metrics' label `event`.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $( Self::$variant => $name, )+ }
            }

            /// Returns how urgent it is.
            #[must_use]
            pub fn severity(self) -> Severity {
                match self { $( Self::$variant => Severity::$severity, )+ }
            }

            /// Returns who can cause it.
            #[must_use]
            pub fn cause(self) -> Cause {
                match self { $( Self::$variant => Cause::$cause, )+ }
            }
        }
    };
}

security_events! {
    /// A sign-in at the provider was not accepted.
    SignInRefused = "session.refused", Warning, Refusal;
    /// Somebody signed in.
    SessionStarted = "session.started", Info, Change;
    /// Somebody signed out.
    SessionEnded = "session.ended", Info, Change;
    /// A provider ended sessions (back-channel logout).
    SessionsTerminated = "session.terminated", Info, Change;
    /// A logout token was not accepted.
    LogoutRefused = "logout.refused", Warning, Refusal;
    /// Somebody created an API token.
    TokenCreated = "token.created", Info, Change;
    /// An API token was used for the first time.
    TokenFirstUsed = "token.first-used", Info, Change;
    /// Somebody revoked an API token.
    TokenDeleted = "token.deleted", Info, Change;
    /// Somebody ended sessions or API tokens: their own, or an administrator another person's.
    AccessEnded = "access.ended", Info, Change;
    /// A request had an invalid API token.
    TokenRefused = "token.refused", Warning, Refusal;
    /// A signed-in person requested something that does not exist or that they may not see.
    AccessDenied = "access.denied", Warning, Refusal;
    /// A changing request without the session's CSRF token, or from another site.
    FormRefused = "form.refused", Warning, Refusal;
    /// Somebody exceeded a rate limit.
    RateLimited = "rate.limited", Warning, Refusal;
    /// A connection secret was shown to somebody.
    SecretRevealed = "secret.revealed", Info, Change;
    /// A connection secret was refused to somebody.
    RevealDenied = "secret.denied", Warning, Refusal;
    /// A new configuration is in force.
    ConfigurationChanged = "configuration.changed", Info, Change;
    /// A new configuration has errors; the previous one stays in force.
    ConfigurationRefused = "configuration.refused", Warning, Change;
    /// The audit log does not match its hashes.
    RecordBroken = "record.broken", Alarm, Change;
    /// An administrator acknowledged a broken audit log.
    RecordBreakAcknowledged = "record.acknowledged", Warning, Change;
    /// Somebody exported the audit log.
    RecordExported = "record.exported", Info, Change;
    /// A control plane was cordoned.
    PlaneCordoned = "plane.cordoned", Info, Change;
    /// A control plane was uncordoned.
    PlaneUncordoned = "plane.uncordoned", Info, Change;
    /// Somebody accepted that another cluster answers for a control plane.
    ClusterAccepted = "plane.cluster-accepted", Warning, Change;
}

impl SecurityEvent {
    /// Returns the event with this name; `None` for verbs that are not security events, such as those of requests.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|event| event.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::SecurityEvent;

    #[test]
    fn event_names_are_unique() {
        let names: BTreeSet<&str> = SecurityEvent::ALL.iter().map(|event| event.name()).collect();
        assert_eq!(names.len(), SecurityEvent::ALL.len());
        for event in SecurityEvent::ALL {
            assert_eq!(SecurityEvent::from_name(event.name()), Some(*event));
        }
        assert_eq!(SecurityEvent::from_name("request.submitted"), None);
    }
}
