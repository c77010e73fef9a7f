//! Security events: the closed list of what the log, the metrics and the record must tell.
//!
//! An event is written as a [`NewEvent`](crate::record::NewEvent) whose verb is [`SecurityEvent::name`]. Whoever
//! appends one to the record has it logged and counted as well.

/// How urgent an event is, as the log's level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// It happens every day: a sign-in, a new token.
    Info,
    /// Something was refused: one is nothing, many are an attack.
    Warning,
    /// Somebody must look at it now.
    Alarm,
}

/// Who can cause an event, and so how many of them the record takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// It comes with a change that was allowed: the record takes every one.
    Change,
    /// A refusal, which anybody can cause as often as they like: the record takes a number of them from each source,
    /// the log and the metrics all.
    Refusal,
}

/// Makes the enum together with its list, so that no variant can be missing from [`SecurityEvent::ALL`].
macro_rules! security_events {
    ($( $(#[$doc:meta])* $variant:ident = $name:literal, $severity:ident, $cause:ident; )+) => {
        /// What happened.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum SecurityEvent {
            $( $(#[$doc])* $variant, )+
        }

        impl SecurityEvent {
            /// Every event.
            pub const ALL: &[Self] = &[ $( Self::$variant, )+ ];

            /// The stable name: the record's verb, the log's field `event`, the metrics' label `event`.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $( Self::$variant => $name, )+ }
            }

            /// How urgent it is.
            #[must_use]
            pub fn severity(self) -> Severity {
                match self { $( Self::$variant => Severity::$severity, )+ }
            }

            /// Who can cause it.
            #[must_use]
            pub fn cause(self) -> Cause {
                match self { $( Self::$variant => Cause::$cause, )+ }
            }
        }
    };
}

security_events! {
    /// A sign-in came back from the provider and was not accepted.
    SignInRefused = "session.refused", Warning, Refusal;
    /// Somebody signed in.
    SessionStarted = "session.started", Info, Change;
    /// Somebody signed out.
    SessionEnded = "session.ended", Info, Change;
    /// A provider ended sessions (back-channel logout).
    SessionsTerminated = "session.terminated", Info, Change;
    /// A logout token of a provider was not accepted.
    LogoutRefused = "logout.refused", Warning, Refusal;
    /// Somebody made an API token.
    TokenCreated = "token.created", Info, Change;
    /// An API token was used for the first time.
    TokenFirstUsed = "token.first-used", Info, Change;
    /// Somebody revoked an API token.
    TokenDeleted = "token.deleted", Info, Change;
    /// Somebody ended sessions or API tokens: their own, or as an administrator another's.
    AccessEnded = "access.ended", Info, Change;
    /// A request came with an API token that is worth nothing.
    TokenRefused = "token.refused", Warning, Refusal;
    /// A signed-in person asked for what is not theirs, or is not there: both look alike.
    AccessDenied = "access.denied", Warning, Refusal;
    /// A changing request without the session's CSRF token, or from another site.
    FormRefused = "form.refused", Warning, Refusal;
    /// Somebody asked too often.
    RateLimited = "rate.limited", Warning, Refusal;
    /// A connection secret was shown to somebody.
    SecretRevealed = "secret.revealed", Info, Change;
    /// A connection secret was not shown to somebody who asked for it.
    RevealDenied = "secret.denied", Warning, Refusal;
    /// Another configuration is in force.
    ConfigurationChanged = "configuration.changed", Info, Change;
    /// A changed configuration has errors; the one before stays in force.
    ConfigurationRefused = "configuration.refused", Warning, Change;
    /// The record is not as it was written.
    RecordBroken = "record.broken", Alarm, Change;
    /// An administrator has taken note of a break of the record.
    RecordBreakAcknowledged = "record.acknowledged", Warning, Change;
    /// Somebody took the record away.
    RecordExported = "record.exported", Info, Change;
    /// A control plane takes no new claims.
    PlaneCordoned = "plane.cordoned", Info, Change;
    /// A control plane takes new claims again.
    PlaneUncordoned = "plane.uncordoned", Info, Change;
}

impl SecurityEvent {
    /// The event of that name; `None` for verbs that are no security events, as those of requests.
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
    fn each_event_has_a_name_of_its_own() {
        let names: BTreeSet<&str> = SecurityEvent::ALL.iter().map(|event| event.name()).collect();
        assert_eq!(names.len(), SecurityEvent::ALL.len());
        for event in SecurityEvent::ALL {
            assert_eq!(SecurityEvent::from_name(event.name()), Some(*event));
        }
        assert_eq!(SecurityEvent::from_name("request.submitted"), None);
    }
}
