//! When certificates end.

use jiff::Timestamp;

/// When a certificate in DER ends (RFC 5280, section 4.1.2.5: `tbsCertificate.validity.notAfter`).
/// `None` for what is no certificate.
pub(crate) fn not_after(der: &[u8]) -> Option<Timestamp> {
    let (_, certificate) = x509_parser::parse_x509_certificate(der).ok()?;
    Timestamp::from_second(certificate.validity().not_after.timestamp()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nonsense_is_no_certificate() {
        for der in [&b""[..], b"\x30\x82\xff\xff", &[0x30; 64]] {
            assert_eq!(not_after(der), None);
        }
    }
}
