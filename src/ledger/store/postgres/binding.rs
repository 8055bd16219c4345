//! What binds a password to the TLS connection over which it is proved: `tls-server-end-point` (RFC 5929), a hash of the server's
//! certificate by the hash of its own signature.

use rustls::ClientConnection;
use sha2::{Digest, Sha256, Sha384, Sha512};

/// The hash for a connection; none where no hash is defined for the certificate's signature.
pub(super) fn server_end_point(connection: &ClientConnection) -> Option<Vec<u8>> {
    end_point(connection.peer_certificates()?.first()?)
}

fn end_point(certificate: &[u8]) -> Option<Vec<u8>> {
    // Certificate ::= SEQUENCE { tbsCertificate SEQUENCE, signatureAlgorithm SEQUENCE { OBJECT IDENTIFIER, … }, … }
    let (certificate_body, _) = value(SEQUENCE, certificate)?;
    let (_, rest) = value(SEQUENCE, certificate_body)?;
    let (algorithm, _) = value(SEQUENCE, rest)?;
    let (identifier, _) = value(OBJECT_IDENTIFIER, algorithm)?;
    match identifier {
        // MD5 and SHA-1 count as SHA-256: RSA (1.2.840.113549.1.1.4 and .5), ECDSA (1.2.840.10045.4.1).
        [42, 134, 72, 134, 247, 13, 1, 1, 4 | 5 | 11] | [42, 134, 72, 206, 61, 4, 1] | ECDSA_WITH_SHA256 => {
            Some(Sha256::digest(certificate).to_vec())
        }
        [42, 134, 72, 134, 247, 13, 1, 1, 12] | ECDSA_WITH_SHA384 => Some(Sha384::digest(certificate).to_vec()),
        [42, 134, 72, 134, 247, 13, 1, 1, 13] | ECDSA_WITH_SHA512 => Some(Sha512::digest(certificate).to_vec()),
        // Ed25519 names no hash, RSA-PSS names it in its parameters.
        _ => None,
    }
}

const SEQUENCE: u8 = 0x30;
const OBJECT_IDENTIFIER: u8 = 0x06;
const ECDSA_WITH_SHA256: &[u8] = &[42, 134, 72, 206, 61, 4, 3, 2];
const ECDSA_WITH_SHA384: &[u8] = &[42, 134, 72, 206, 61, 4, 3, 3];
const ECDSA_WITH_SHA512: &[u8] = &[42, 134, 72, 206, 61, 4, 3, 4];

/// The content of the DER value that stands first, if it has this tag, and what follows it.
fn value(tag: u8, der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&[found, first], rest) = der.split_first_chunk::<2>()?;
    if found != tag {
        return None;
    }
    let (length, rest) = match first {
        short if short < 0x80 => (usize::from(short), rest),
        long => {
            let (bytes, rest) = rest.split_at_checked(usize::from(long & 0x7f))?;
            let length = bytes
                .iter()
                .try_fold(0_usize, |length, byte| length.checked_mul(256)?.checked_add(usize::from(*byte)))?;
            (length, rest)
        }
    };
    rest.split_at_checked(length)
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519};

    use super::end_point;

    #[test]
    fn the_hash_is_the_one_of_the_certificates_signature() {
        let length = |algorithm| {
            let key = KeyPair::generate_for(algorithm).unwrap();
            let certificate = CertificateParams::new(vec!["db".to_owned()]).unwrap().self_signed(&key).unwrap();
            end_point(certificate.der()).map(|hash| hash.len())
        };
        assert_eq!(length(&PKCS_ECDSA_P256_SHA256), Some(32));
        assert_eq!(length(&PKCS_ECDSA_P384_SHA384), Some(48));
        assert_eq!(length(&PKCS_ED25519), None);
        for broken in [&b""[..], b"\x30", b"\x30\x84\xff\xff\xff\xff", b"\x30\x03\x30\x80"] {
            assert_eq!(end_point(broken), None);
        }
    }
}
