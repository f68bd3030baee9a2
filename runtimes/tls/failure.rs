//! What the errors of rustls mean to the machine.

use rustls::{AlertDescription, CertificateError, ClientConnection, Error, InvalidMessage};

use crate::error::TlsFailure;

/// The core's word for an error of this connection.
#[expect(clippy::wildcard_enum_match_arm, reason = "rustls has many; these have a word")]
pub(super) fn failure(
    error: &Error,
    connection: &ClientConnection,
    has_certificate: bool,
) -> TlsFailure {
    let has_met = connection.protocol_version().is_some();
    match error {
        Error::InvalidCertificate(error) => of_certificate(error),
        Error::NoCertificatesPresented => TlsFailure::BadCertificate,
        Error::UnsupportedNameType => TlsFailure::InvalidName,
        Error::PeerIncompatible(_) => TlsFailure::NoCommonProtocol,
        Error::AlertReceived(alert) => of_alert(*alert, has_met, has_certificate),
        // What has not come as far as a version is something else: text, above all.
        Error::InvalidMessage(
            InvalidMessage::InvalidContentType
            | InvalidMessage::UnknownProtocolVersion
            | InvalidMessage::MessageTooLarge,
        ) if !has_met => TlsFailure::NotTls,
        _ => TlsFailure::Other,
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the others are malformed in their own ways")]
const fn of_certificate(error: &CertificateError) -> TlsFailure {
    match error {
        CertificateError::UnknownIssuer | CertificateError::ApplicationVerificationFailure => {
            TlsFailure::UnknownIssuer
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            TlsFailure::WrongName
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => TlsFailure::Expired,
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            TlsFailure::NotYetValid
        }
        CertificateError::Revoked
        | CertificateError::UnknownRevocationStatus
        | CertificateError::ExpiredRevocationList
        | CertificateError::ExpiredRevocationListContext { .. } => TlsFailure::Revoked,
        CertificateError::BadSignature => TlsFailure::BadSignature,
        _ => TlsFailure::BadCertificate,
    }
}

/// What the server means. Before TLS 1.3 it has no word of its own for a missing certificate.
#[expect(clippy::wildcard_enum_match_arm, reason = "the others tell nothing that helps")]
const fn of_alert(alert: AlertDescription, has_met: bool, has_certificate: bool) -> TlsFailure {
    let about_client = if has_certificate {
        TlsFailure::ClientCertificateRefused
    } else {
        TlsFailure::ClientCertificateWanted
    };
    match alert {
        AlertDescription::HandshakeFailure if !has_met => TlsFailure::NoCommonProtocol,
        AlertDescription::ProtocolVersion | AlertDescription::InsufficientSecurity => {
            TlsFailure::NoCommonProtocol
        }
        AlertDescription::HandshakeFailure
        | AlertDescription::CertificateRequired
        | AlertDescription::NoCertificate
        | AlertDescription::BadCertificate
        | AlertDescription::UnsupportedCertificate
        | AlertDescription::CertificateRevoked
        | AlertDescription::CertificateExpired
        | AlertDescription::CertificateUnknown
        | AlertDescription::UnknownCA
        | AlertDescription::AccessDenied => about_client,
        AlertDescription::UnrecognisedName => TlsFailure::WrongName,
        _ => TlsFailure::Other,
    }
}
