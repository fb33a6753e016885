//! Connections with TLS: an authority that only the user trusts, a certificate of the client.

use std::fs;
use std::process::Command;

use remote::{CacheLookup, MissReason, TlsSettings};

use crate::server::FaultyServer;
use crate::work::{OUTPUT, TestMachine, action, assert_same};

/// A self-signed certificate, for the server and the client.
fn certify(machine: &TestMachine) -> TlsSettings {
    certify_as(machine, "CA:FALSE")
}

fn certify_as(machine: &TestMachine, constraint: &str) -> TlsSettings {
    let constraint = format!("basicConstraints=critical,{constraint}");
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"])
        .args(["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"])
        .args(["-addext", &constraint, "-keyout", "key.pem", "-out", "certificate.pem"])
        .current_dir(machine.space.path())
        .output()
        .expect("openssl starts (.ci/run installs it)");
    assert!(made.status.success(), "{made:?}");
    let (certificate, key) = (machine.path("certificate.pem"), machine.path("key.pem"));
    TlsSettings { authorities: Some(certificate.clone()), client: Some((certificate, key)) }
}

#[test]
fn a_server_with_tls_is_used_only_if_both_trust_each_other() {
    let machine = TestMachine::new();
    let tls = certify(&machine);
    let read = |name: &str| fs::read(machine.path(name)).unwrap();
    let server = FaultyServer::start_with_tls(&read("certificate.pem"), &read("key.pem"));
    let mut settings = server.settings();
    settings.tls = tls.clone();
    assert!(machine.cache(&settings).record(&action("x"), &machine.build()).remote);
    let other = TestMachine::new();
    other.obtain(&other.cache(&settings), &action("x")).unwrap();
    assert_same(&machine.path(OUTPUT), &other.path(OUTPUT));

    let absent = TlsSettings { authorities: Some(machine.path("absent.pem")), client: None };
    for (tls, about) in [
        (TlsSettings { authorities: None, ..tls.clone() }, "certificate"),
        // The server ends the connection after it was opened, and the reason may be lost.
        (TlsSettings { client: None, ..tls }, "GetCapabilities"),
        (absent, "absent.pem"),
    ] {
        settings.tls = tls;
        let other = TestMachine::new();
        let cache = other.cache(&settings);
        for _ in 0..2 {
            assert!(matches!(cache.lookup(&action("x")), CacheLookup::Miss(MissReason::Unavailable)));
        }
        let warnings = cache.take_warnings();
        assert_eq!(warnings.len(), 1, "{warnings:?}");
        assert!(warnings[0].message.contains(about), "{warnings:?}");
    }
}

#[test]
fn usual_mistakes_with_certificates_have_an_advice() {
    let warning = |settings: &remote::ServerSettings| {
        let machine = TestMachine::new();
        let cache = machine.cache(settings);
        assert!(matches!(cache.lookup(&action("x")), CacheLookup::Miss(MissReason::Unavailable)));
        cache.take_warnings().iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    };
    for (constraint, is_trusted, advice) in [
        ("CA:FALSE", false, "add the issuer's certificate with `--tls-certificate`"),
        ("CA:TRUE", true, "not that of the authority itself"),
    ] {
        let machine = TestMachine::new();
        let tls = certify_as(&machine, constraint);
        let read = |name: &str| fs::read(machine.path(name)).unwrap();
        let server = FaultyServer::start_with_tls(&read("certificate.pem"), &read("key.pem"));
        let mut settings = server.settings();
        settings.tls = TlsSettings { authorities: tls.authorities.filter(|_| is_trusted), client: None };
        let warning = warning(&settings);
        assert!(warning.contains(advice) && warning.ends_with(" are made here."), "{constraint}: {warning}");
    }
}
