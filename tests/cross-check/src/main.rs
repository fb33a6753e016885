//! What the crate `sigstore`, written by others, says of keys and signatures: tests compare it with what this project says.
//!
//! A program, not a dependency of the tests: see its `Cargo.toml`. Passphrases come from `COSIGN_PASSWORD`, as cosign's do.

use std::fs;
use std::process::ExitCode;

use sigstore::crypto::signing_key::SigStoreKeyPair;
use sigstore::crypto::{CosignVerificationKey, Signature, SigningScheme};

const SCHEME: SigningScheme = SigningScheme::ECDSA_P256_SHA256_ASN1;

const USAGE: &str = "\
Usage: cross-check generate NAME           write the key pair NAME.key, NAME.pub
       cross-check sign KEY FILE           print the signature of FILE, in DER, to standard output
       cross-check verify PUB FILE SIG     whether the file SIG holds the signature of FILE, base64";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments[..] {
        ["generate", name] => generate(name),
        ["sign", key, file] => sign(key, file),
        ["verify", public, file, signature] => verify(public, file, signature),
        _ => Err(USAGE.into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

type Done = Result<(), Box<dyn std::error::Error>>;

fn passphrase() -> Vec<u8> {
    std::env::var("COSIGN_PASSWORD").unwrap_or_default().into_bytes()
}

fn generate(name: &str) -> Done {
    let pair = SCHEME.create_signer()?.to_sigstore_keypair()?;
    fs::write(format!("{name}.key"), pair.private_key_to_encrypted_pem(&passphrase())?)?;
    Ok(fs::write(format!("{name}.pub"), pair.public_key_to_pem()?)?)
}

fn sign(key: &str, file: &str) -> Done {
    let pair = SigStoreKeyPair::from_encrypted_pem(&fs::read(key)?, &passphrase())?;
    let signature = pair.to_sigstore_signer(&SCHEME)?.sign(&fs::read(file)?)?;
    Ok(std::io::Write::write_all(&mut std::io::stdout(), &signature)?)
}

fn verify(public: &str, file: &str, signature: &str) -> Done {
    let key = CosignVerificationKey::from_pem(&fs::read(public)?, &SCHEME)?;
    let signature = fs::read(signature)?;
    Ok(key.verify_signature(Signature::Base64Encoded(signature.trim_ascii()), &fs::read(file)?)?)
}
