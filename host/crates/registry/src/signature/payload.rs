//! The signed statement about a registry artifact: a JSON document with the digest of its manifest and the name under
//! which it is published ("simple signing", containers/image `docs/containers-signature.5.md`), as written by cosign
//! and skopeo.

use std::fmt;

use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value, json};

use base::digest::Digest;

const TYPE: &str = "cosign container image signature";

/// The largest payload, in bytes.
const LONGEST: usize = 16 << 10;

/// A signed statement: this manifest was published under that name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payload {
    /// `HOST[:PORT]/NAME`, with `:TAG` (skopeo needs it) or without (cosign).
    pub reference: String,
    /// Digest of the artifact's manifest.
    pub manifest: Digest,
}

/// Why a payload is invalid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPayload {
    /// Too long.
    #[error("it is longer than {} KiB", LONGEST >> 10)]
    TooLong,
    /// Not JSON, or not a statement.
    #[error("it is not a statement about an artifact ({0})")]
    Form(&'static str),
    /// A statement of another kind.
    #[error("its type is {0:?}, not {TYPE:?}")]
    Type(String),
}

impl Payload {
    /// The text to sign. The same statement always produces the same text.
    pub fn text(&self) -> String {
        let Self { reference, manifest } = self;
        let critical = json!({
            "identity": {"docker-reference": reference},
            "image": {"docker-manifest-digest": format!("sha256:{manifest}")},
            "type": TYPE,
        });
        json!({"critical": critical, "optional": null}).to_string()
    }

    /// Parses a payload whose signature is verified. As in containers/image, no member may be missing, and none may be
    /// added: an unknown member could be a restriction.
    ///
    /// # Errors
    /// If it is not such a statement.
    pub fn parse(text: &[u8]) -> Result<Self, InvalidPayload> {
        if text.len() > LONGEST {
            return Err(InvalidPayload::TooLong);
        }
        let value: Strict = serde_json::from_slice(text).map_err(|_| InvalidPayload::Form("not JSON"))?;
        let top = object(&value.0, &["critical", "optional"], "critical and optional")?;
        let critical = object(&top["critical"], &["identity", "image", "type"], "identity, image and type")?;
        let identity = object(&critical["identity"], &["docker-reference"], "docker-reference")?;
        let image = object(&critical["image"], &["docker-manifest-digest"], "docker-manifest-digest")?;
        let kind = critical["type"].as_str().unwrap_or_default();
        if kind != TYPE {
            return Err(InvalidPayload::Type(kind.chars().take(60).collect()));
        }
        let digest = image["docker-manifest-digest"].as_str().and_then(|text| text.strip_prefix("sha256:"));
        let manifest = digest.and_then(|digest| digest.parse().ok());
        let reference = identity["docker-reference"].as_str();
        Ok(Self {
            reference: reference.ok_or(InvalidPayload::Form("docker-reference is not a string"))?.to_owned(),
            manifest: manifest.ok_or(InvalidPayload::Form("docker-manifest-digest is not a SHA-256 digest"))?,
        })
    }
}

/// An object with exactly these members.
fn object<'a>(
    value: &'a Value,
    members: &[&str],
    what: &'static str,
) -> Result<&'a Map<String, Value>, InvalidPayload> {
    let object = value
        .as_object()
        .filter(|object| object.len() == members.len() && members.iter().all(|member| object.contains_key(*member)));
    object.ok_or(InvalidPayload::Form(what))
}

/// JSON without duplicate members: readers differ in which of two they use.
struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Self)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some((name, Strict(value))) = members.next_entry::<String, Strict>()? {
            if object.insert(name, value).is_some() {
                return Err(A::Error::custom("a member occurs twice"));
            }
        }
        Ok(object.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut array = Vec::new();
        while let Some(Strict(value)) = items.next_element()? {
            array.push(value);
        }
        Ok(array.into())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
}
