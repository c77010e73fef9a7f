//! An authority of its own, and a certificate that it signs for a server on this machine.

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};

/// What a server needs to speak TLS, all in PEM.
#[derive(Debug)]
pub struct Certificates {
    /// The authority that clients must trust.
    pub authority: String,
    /// The server's certificate, for `localhost` and `127.0.0.1`.
    pub certificate: String,
    /// Its private key.
    pub key: String,
}

impl Certificates {
    /// Makes new ones. No two authorities may have one name: clients that trust several choose by it.
    ///
    /// # Panics
    /// When the machine lacks randomness.
    #[must_use]
    pub fn make(authority_name: &str, server_name: &str) -> Self {
        let mut authority = CertificateParams::new(Vec::new()).unwrap();
        authority
            .distinguished_name
            .push(DnType::CommonName, authority_name);
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        authority.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let authority_key = KeyPair::generate().unwrap();
        let authority_certificate = authority.self_signed(&authority_key).unwrap();
        let issuer = Issuer::new(authority, authority_key);
        let mut server = CertificateParams::new(["localhost", "127.0.0.1"].map(str::to_owned)).unwrap();
        server.distinguished_name.push(DnType::CommonName, server_name);
        server.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        server.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate().unwrap();
        let certificate = server.signed_by(&key, &issuer).unwrap();
        Self {
            authority: authority_certificate.pem(),
            certificate: certificate.pem(),
            key: key.serialize_pem(),
        }
    }
}
