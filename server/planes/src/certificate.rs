//! Validity of certificates.

use jiff::Timestamp;

/// When a DER certificate expires (RFC 5280, section 4.1.2.5: `tbsCertificate.validity.notAfter`). `None` if it is
/// not a certificate.
pub(crate) fn not_after(der: &[u8]) -> Option<Timestamp> {
    validity(der).map(|(_, end)| end)
}

/// The validity period of a DER certificate. `None` if it is not a certificate.
pub(crate) fn validity(der: &[u8]) -> Option<(Timestamp, Timestamp)> {
    let (_, certificate) = x509_parser::parse_x509_certificate(der).ok()?;
    let validity = certificate.validity();
    let at = |seconds| Timestamp::from_second(seconds).ok();
    Some((
        at(validity.not_before.timestamp())?,
        at(validity.not_after.timestamp())?,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rejects_what_is_not_a_certificate() {
        for der in [&b""[..], b"\x30\x82\xff\xff", &[0x30; 64]] {
            assert_eq!(not_after(der), None);
        }
    }
}
