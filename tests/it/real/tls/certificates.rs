//! Authorities, and the certificates that they give away.

use std::sync::{Arc, LazyLock};

use hashslot::Tls;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};

use crate::real::Failure;
use crate::servers::tls;

/// The authority of the nodes, and one that no client trusts.
pub(super) static OURS: LazyLock<Authority> = LazyLock::new(|| Authority::new("ours"));
pub(super) static OTHER: LazyLock<Authority> = LazyLock::new(|| Authority::new("others"));

/// An authority.
pub(super) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pub(super) pem: String,
}

/// A certificate and its key, as PEM.
#[derive(Clone)]
pub(super) struct Identity {
    pub(super) certificate: String,
    pub(super) key: String,
}

impl Authority {
    fn new(name: &str) -> Self {
        let mut params = CertificateParams::new([]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    pub(super) fn certify(&self, names: &[&str]) -> Identity {
        self.certify_with(names, |_| {})
    }

    pub(super) fn certify_with(
        &self,
        names: &[&str],
        change: impl FnOnce(&mut CertificateParams),
    ) -> Identity {
        let key = KeyPair::generate().unwrap();
        let mut params = params(names);
        change(&mut params);
        let certificate = params.signed_by(&key, &self.issuer).unwrap().pem();
        Identity { certificate, key: key.serialize_pem() }
    }

    /// What servers are started with.
    pub(super) fn server(&self, identity: &Identity) -> tls::Tls {
        let Identity { certificate, key } = identity.clone();
        tls::Tls { authority: self.pem.clone(), certificate, key }
    }
}

impl Identity {
    /// One that no authority has signed.
    pub(super) fn self_signed(names: &[&str]) -> Self {
        let key = KeyPair::generate().unwrap();
        let certificate = params(names).self_signed(&key).unwrap().pem();
        Self { certificate, key: key.serialize_pem() }
    }
}

fn params(names: &[&str]) -> CertificateParams {
    let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    // OpenSSL takes a certificate that is named like its authority for self-signed.
    params.distinguished_name.push(DnType::CommonName, "node");
    params.extended_key_usages =
        vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    params
}

pub(super) fn trusting_ours() -> Tls {
    Tls::with_roots(&OURS.pem).unwrap()
}

/// The same by a configuration of the user's own, which speaks one version only.
pub(super) fn trusting_ours_in(version: &'static SupportedProtocolVersion) -> Result<Tls, Failure> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(OURS.pem.as_bytes()) {
        roots.add(certificate?)?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[version])?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Tls::from_config(Arc::new(config)))
}
