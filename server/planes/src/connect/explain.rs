//! Explains failed connections in our own words: texts of libraries may quote credentials.

use std::error::Error as StdError;
use std::io;

use rustls::{AlertDescription, CertificateError, Error as TlsError, PeerIncompatible};

use super::problem::SignInError;
use crate::agent::AgentError;

/// The sign-in error at the root of an error, if there is one.
pub(crate) fn sign_in_error<'e>(error: &'e (dyn StdError + 'static)) -> Option<&'e SignInError> {
    chain(error).find_map(|error| error.downcast_ref::<SignInError>())
}

/// The reason for a failed connection, in a few words.
pub(crate) fn explain(error: &(dyn StdError + 'static)) -> &'static str {
    let mut found = "the connection failed";
    for error in chain(error) {
        if let Some(agent) = error.downcast_ref::<AgentError>() {
            return match agent {
                AgentError::NotConnected => "no agent is connected",
                AgentError::Cut => "the connection to its agent was cut",
            };
        }
        if let Some(tls) = error.downcast_ref::<TlsError>() {
            return tls_words(tls);
        }
        if let Some(io) = error.downcast_ref::<io::Error>() {
            if let Some(tls) = io.get_ref().and_then(|inner| inner.downcast_ref::<TlsError>()) {
                return tls_words(tls);
            }
            found = io_words(io.kind()).unwrap_or(found);
        }
        if let Some(hyper) = error.downcast_ref::<hyper::Error>() {
            found = hyper_words(hyper).unwrap_or(found);
        }
        // Its type is private, so compare the text. It is never shown.
        if error.to_string() == "dns error" {
            return "its name is not known: DNS does not find its host";
        }
    }
    found
}

pub(super) fn chain<'e>(
    error: &'e (dyn StdError + 'static),
) -> impl Iterator<Item = &'e (dyn StdError + 'static)> {
    let mut next = Some(error);
    std::iter::from_fn(move || {
        let error = next?;
        // An I/O error hides its inner error from `source`.
        let inner = error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref)
            .map(|inner| -> &(dyn StdError + 'static) { inner });
        next = inner.or_else(|| error.source());
        Some(error)
    })
}

fn io_words(kind: io::ErrorKind) -> Option<&'static str> {
    Some(match kind {
        io::ErrorKind::ConnectionRefused => "connection refused: nothing listens there",
        io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionAborted => {
            "the connection was cut"
        }
        io::ErrorKind::UnexpectedEof => "the connection ended too early",
        io::ErrorKind::TimedOut => "connecting took too long",
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => {
            "there is no way to its network"
        }
        io::ErrorKind::AddrNotAvailable => "this machine has no free port left",
        io::ErrorKind::PermissionDenied => "this machine does not allow the connection",
        _ => return None,
    })
}

fn hyper_words(error: &hyper::Error) -> Option<&'static str> {
    if error.is_timeout() {
        Some("it took too long")
    } else if error.is_parse() {
        Some("what answers there does not speak HTTP")
    } else if error.is_incomplete_message() || error.is_closed() || error.is_canceled() {
        Some("the connection ended too early")
    } else {
        None
    }
}

fn tls_words(error: &TlsError) -> &'static str {
    match error {
        TlsError::InvalidCertificate(error) => certificate_words(error),
        TlsError::AlertReceived(alert) => alert_words(*alert),
        TlsError::PeerIncompatible(
            PeerIncompatible::ServerDoesNotSupportTls12Or13
            | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig
            | PeerIncompatible::Tls12NotOffered,
        ) => "it speaks no TLS newer than 1.1; 1.2 is the least that is safe",
        TlsError::PeerIncompatible(_) => "its TLS and ours have no method in common",
        TlsError::InvalidMessage(_) => "what answers there does not speak TLS: is it http://?",
        TlsError::PeerMisbehaved(_) => "its TLS breaks the protocol",
        TlsError::NoCertificatesPresented => "it showed no certificate",
        TlsError::UnsupportedNameType => {
            "its certificate can be checked neither by its name nor by its address"
        }
        _ => "TLS failed",
    }
}

fn certificate_words(error: &CertificateError) -> &'static str {
    match error {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "its certificate has expired",
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "its certificate is not valid yet: is this machine's clock right?"
        }
        CertificateError::UnknownIssuer => {
            "its certificate is of an authority that is not trusted: certificate-authority-data has to hold that authority"
        }
        CertificateError::NotValidForName => NAME_MISSING,
        CertificateError::NotValidForNameContext { presented, .. } if presented.is_empty() => NAME_MISSING,
        CertificateError::NotValidForNameContext { .. } => {
            "its certificate is for other names than the one in server: use one of them, or give it as tls-server-name"
        }
        CertificateError::BadSignature => "its certificate is not signed by the authority that it names",
        CertificateError::Revoked => "its certificate was revoked",
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            "its certificate is not for servers (no serverAuth in its extended key usage)"
        }
        CertificateError::UnhandledCriticalExtension => {
            "its certificate has a critical extension that Portico does not know"
        }
        CertificateError::BadEncoding => "its certificate cannot be read",
        CertificateError::Other(other) => match format!("{other:?}") {
            text if text.contains("CaUsedAsEndEntity") => {
                "its certificate is an authority's own (CA:TRUE), which Go takes and Portico does not: put that very \
                 certificate into certificate-authority-data, or have one made for the server"
            }
            text if text.contains("EndEntityUsedAsCa") => {
                "a certificate in its chain is no authority's (CA:FALSE), and signed another"
            }
            text if text.contains("UnsupportedCertVersion") => {
                "its certificate is of X.509 version 1 or 2; only version 3 can say for which names it is"
            }
            text if text.contains("NameConstraintViolation") => {
                "its authority may not sign certificates for that name"
            }
            text if text.contains("MaximumPathBuildCallsExceeded")
                || text.contains("MaximumSignatureChecksExceeded") =>
            {
                "its chain of certificates is too long to be checked"
            }
            text if text.contains("Unsupported") => WEAK_SIGNATURE,
            _ => "its certificate cannot be checked",
        },
        _ => WEAK_SIGNATURE,
    }
}

const NAME_MISSING: &str = "its certificate does not say that it is for the host in server: it needs that name, or IP \
                            address, among its subject alternative names (a common name alone counts for nobody)";
const WEAK_SIGNATURE: &str = "its certificate is signed by a method that is too old or not known (SHA-1, RSA of less than 2048 bits, …)";

fn alert_words(alert: AlertDescription) -> &'static str {
    match alert {
        AlertDescription::CertificateRequired => {
            "it asks for a client certificate, and the kubeconfig has none"
        }
        AlertDescription::BadCertificate
        | AlertDescription::UnsupportedCertificate
        | AlertDescription::CertificateUnknown
        | AlertDescription::CertificateRevoked
        | AlertDescription::AccessDenied => "it does not accept the client certificate",
        AlertDescription::CertificateExpired => {
            "it does not accept the client certificate, which has expired"
        }
        AlertDescription::UnknownCA => {
            "it does not accept the client certificate, which is of an authority that it does not trust"
        }
        AlertDescription::ProtocolVersion => "it speaks no version of TLS that is safe (1.2 or 1.3)",
        AlertDescription::HandshakeFailure | AlertDescription::InsufficientSecurity => {
            "its TLS and ours have no method in common, or it wants a client certificate"
        }
        AlertDescription::UnrecognisedName => {
            "it serves no host of that name: see server and tls-server-name"
        }
        _ => "it ended TLS with an error",
    }
}
