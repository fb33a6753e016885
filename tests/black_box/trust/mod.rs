//! Recipes from a registry, in the real host: locked once and then fixed, verified each time, and run only with what they
//! were granted (`docs/testing.md`, bad input 17, 46, 47, 50).

mod locked;

use std::path::PathBuf;
use std::sync::Arc;

use base::digest::Digest;
use base::environment::Environment;
use base::event::Silent;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use registry::oci::{
    Artifact, ArtifactDescription, ArtifactSignature, ImageLayout, Reference, Remote, RemoteSettings, add_signature,
};
use registry::signature::{Payload, PrivateKey};
use test_support::Space;
use test_support::registry::Registry;

/// A buildout of one part whose recipe `acme` comes from a registry, and the publisher of that recipe.
struct Sharing {
    space: Space,
    registry: Registry,
    acme: PrivateKey,
}

/// A recipe that asks for nothing.
const MODEST: &str = "recipe_debug";
/// One that asks for programs, downloads and a day of time.
const GREEDY: &str = "recipe_python_build";

fn component(name: &str) -> Vec<u8> {
    std::fs::read(test_support::component(name)).unwrap()
}

impl Sharing {
    fn new() -> Self {
        let sharing = Self { space: Space::new(), registry: Registry::start(), acme: PrivateKey::generate().unwrap() };
        sharing.space.write("buildout.cfg", "[buildout]\nparts = one\n[one]\nrecipe = acme\ncommand = true\n");
        sharing.key("acme", &sharing.acme);
        sharing.recipes_toml("signed-by = [\"acme\"]", "");
        sharing
    }

    /// `recipes.toml` with what it says of the recipe, and of other things.
    fn recipes_toml(&self, entry: &str, more: &str) {
        let keys: String = std::fs::read_dir(self.space.buildout().join("keys"))
            .unwrap()
            .map(|file| file.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
            .filter(|name| !more.contains(&format!("[key.{name}]")))
            .map(|name| format!("[key.{name}]\npublic-key = \"keys/{name}.pub\"\n"))
            .collect();
        // What is not in a table comes first.
        let (top, tables) = if more.starts_with('[') { ("", more) } else { (more, "") };
        let source = self.reference();
        self.space
            .write("recipes.toml", &format!("{top}\n[recipe.acme]\noci = \"{source}\"\n{entry}\n{keys}{tables}\n"));
    }

    fn key(&self, name: &str, key: &PrivateKey) {
        self.space.write(&format!("keys/{name}.pub"), &key.public().pem());
    }

    fn reference(&self) -> Reference {
        format!("{}/acme/recipes:1.2", self.registry.host()).parse().unwrap()
    }

    fn remote(&self) -> Remote {
        Remote::new(&Environment::default(), RemoteSettings::default(), Arc::new(Silent))
    }

    /// Publishes a component under the tag, without a signature.
    fn push(&self, name: &str) -> Digest {
        let published =
            Artifact::publish(&self.remote(), &self.reference(), &component(name), &ArtifactDescription::default());
        published.unwrap().manifest.digest
    }

    /// Adds a signature of that text to those of a manifest.
    fn sign(&self, manifest: Digest, key: &PrivateKey, payload: &str) {
        let base64 = STANDARD.encode(key.sign(payload.as_bytes()));
        let signature = ArtifactSignature { payload: payload.into(), base64 };
        add_signature(&self.remote(), &self.reference(), manifest, &signature).unwrap();
    }

    /// Publishes a component, signed by its publisher.
    fn publish(&self, name: &str) -> Digest {
        let manifest = self.push(name);
        self.sign(manifest, &self.acme, &self.payload(manifest));
        manifest
    }

    fn payload(&self, manifest: Digest) -> String {
        Payload { reference: self.reference().to_string(), manifest }.text()
    }

    fn host(&self, arguments: &[&str]) -> (i32, String) {
        let output = self.space.host(arguments);
        let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        (output.status.code().unwrap_or(-1), text)
    }

    #[track_caller]
    fn works(&self, arguments: &[&str], expected: &[&str]) -> String {
        self.ends(arguments, 0, expected)
    }

    #[track_caller]
    fn fails(&self, arguments: &[&str], expected: &[&str]) -> String {
        self.ends(arguments, 1, expected)
    }

    #[track_caller]
    fn ends(&self, arguments: &[&str], code: i32, expected: &[&str]) -> String {
        let (found, text) = self.host(arguments);
        assert_eq!(found, code, "{text}");
        for expected in expected {
            assert!(text.contains(expected), "no {expected:?} in:\n{text}");
        }
        text
    }

    fn cache(&self) -> PathBuf {
        self.space.root().join("home/.cache/buildout-host")
    }

    fn forget(&self) {
        std::fs::remove_dir_all(self.cache()).unwrap();
    }

    /// Neither locked nor compiled.
    #[track_caller]
    fn nothing_came_of_it(&self) {
        assert!(!self.space.exists("recipes.lock"));
        assert!(!self.cache().join("compiled").exists(), "something was compiled");
    }
}

#[test]
fn a_recipe_is_locked_once_and_then_needs_no_registry() {
    let Sharing { space, .. } = &{
        let sharing = Sharing::new();
        let manifest = sharing.publish(MODEST);
        let locked = format!(
            "Locked recipe acme: {} is debug 0.1.0 (sha256:{manifest}), signed by acme (sha256:",
            sharing.reference()
        );
        sharing.works(&["plan"], &["Install one"]);
        assert!(!sharing.space.exists("recipes.lock"), "`plan` writes nothing");
        sharing.fails(
            &["run", "--locked"],
            &["recipes.lock lacks recipe acme, but the lock file must not change in this run"],
        );
        sharing.works(&["run"], &[&locked, "Installing one", "recipe acme"]);
        let lock = sharing.space.read("recipes.lock");
        for line in [
            "[recipe.acme]",
            &format!("manifest = \"sha256:{manifest}\""),
            "version = \"debug 0.1.0\"",
            "wit = \"0.2.0\"",
        ] {
            assert!(lock.contains(line), "no {line} in\n{lock}");
        }
        let Sharing { space, registry, acme } = sharing;
        registry.stop();
        let again = space.host(&["run", "--locked"]);
        let text = String::from_utf8_lossy(&again.stdout).into_owned();
        assert_eq!((again.status.code(), text.contains("Locked")), (Some(0), false), "{text}");
        assert_eq!(space.read("recipes.lock"), lock);
        let offline = space.host(&["run", "-o"]);
        assert_eq!(offline.status.code(), Some(0));
        Sharing { space, registry: Registry::start(), acme }
    };
    assert!(space.exists(".installed.cfg"));
}

#[test]
fn the_lock_wins_over_a_tag_that_moved() {
    let sharing = Sharing::new();
    let locked = sharing.publish(MODEST);
    sharing.works(&["run"], &[]);
    let lock = sharing.space.read("recipes.lock");
    let moved = sharing.publish(GREEDY);
    sharing.forget();
    let expected = format!("points to sha256:{moved} now; recipe acme stays at sha256:{locked}, as in recipes.lock");
    sharing.works(&["run"], &[&expected, "recipe lock --upgrade acme"]);
    assert_eq!(sharing.space.read("recipes.lock"), lock);
    sharing.works(&["recipe", "lock"], &["recipes.lock is up to date"]);
}

#[test]
fn an_upgrade_shows_what_differs_and_asks_for_what_is_not_granted() {
    let sharing = Sharing::new();
    sharing.publish(MODEST);
    sharing.works(&["recipe", "lock"], &["  version   debug 0.1.0", "  signed by acme (sha256:"]);
    sharing.works(&["run", "--locked"], &["Installing one"]);
    let manifest = sharing.publish(GREEDY);
    sharing.fails(&["recipe", "lock", "--upgrade", "amce"], &["no recipe \"amce\"", "Did you mean `acme`?"]);
    let difference = sharing.works(
        &["recipe", "lock", "--upgrade", "acme"],
        &[
            "  version   debug 0.1.0\n          → python-build 0.1.0",
            &format!("→ sha256:{manifest}"),
            "+ buildout:recipe/process@0.2.0",
            "  requests  + ",
        ],
    );
    assert!(!difference.contains("signed by"), "the signer is the same:\n{difference}");
    let refused = sharing.fails(&["run"], &["Recipe acme requests more than recipes.toml grants it: "]);
    let line = refused.lines().find_map(|line| line.split_once("below [recipe.acme]: ")).expect("the line to add").1;
    sharing.recipes_toml(&format!("signed-by = [\"acme\"]\n{line}"), "");
    // What it lacks now is not ours to grant.
    let granted = sharing.fails(&["run", "--locked"], &["Initializing part one"]);
    assert!(!granted.contains("requests more"), "{granted}");
}

#[test]
fn another_source_is_locked_again() {
    let sharing = Sharing::new();
    let manifest = sharing.publish(MODEST);
    sharing.works(&["run"], &["Locked recipe acme"]);
    let pinned = format!("{}@sha256:{manifest}", sharing.reference());
    let text = sharing.space.read("recipes.toml").replace(&sharing.reference().to_string(), &pinned);
    sharing.space.write("recipes.toml", &text);
    sharing.fails(&["run", "--locked"], &["must not change in this run"]);
    sharing.works(&["run"], &["Locked recipe acme"]);
    sharing.space.write("recipes.toml", "");
    sharing.works(&["recipe", "lock"], &["acme: no longer in recipes.toml"]);
    assert!(!sharing.space.read("recipes.lock").contains("acme"));
}

#[test]
fn what_is_not_signed_as_it_must_be_is_not_even_compiled() {
    let sharing = Sharing::new();
    let manifest = sharing.push(MODEST);
    let stranger = PrivateKey::generate().unwrap();
    sharing
        .fails(&["run"], &["is not signed; recipes.toml requires a signature by acme", "recipes.toml:", "push --sign"]);
    sharing.nothing_came_of_it();
    sharing.sign(manifest, &stranger, &sharing.payload(manifest));
    sharing.fails(&["run"], &["is signed by a key that is not in recipes.toml, not by acme", "key import"]);
    sharing.nothing_came_of_it();
    let other = Digest::of(b"another artifact");
    sharing.sign(manifest, &sharing.acme, &sharing.payload(other));
    sharing.fails(
        &["run"],
        &[&format!("The signature of acme for {} is not valid", sharing.reference()), &other.to_string()],
    );
    sharing.nothing_came_of_it();
    // The right one joins the others.
    sharing.sign(manifest, &sharing.acme, &sharing.payload(manifest));
    sharing.works(&["run"], &["signed by acme"]);
}

#[test]
fn a_signature_for_another_name_does_not_count() {
    let sharing = Sharing::new();
    let manifest = sharing.push(MODEST);
    for name in
        ["registry.example/acme/recipes:1.2".to_owned(), sharing.reference().to_string().replace(":1.2", ":1.1")]
    {
        sharing.sign(manifest, &sharing.acme, &Payload { reference: name.clone(), manifest }.text());
        sharing.fails(&["run"], &["The signature of acme for ", "it is for the name "]);
        sharing.nothing_came_of_it();
    }
    // cosign leaves the tag out.
    sharing.sign(manifest, &sharing.acme, &Payload { reference: sharing.reference().name(), manifest }.text());
    sharing.works(&["run"], &["signed by acme"]);
}

#[test]
fn several_signers_may_be_wanted_and_keys_revoked() {
    let sharing = Sharing::new();
    let review = PrivateKey::generate().unwrap();
    sharing.key("review", &review);
    let both = "signed-by = { any = [\"acme\", \"review\"], at-least = 2 }";
    sharing.recipes_toml(both, "");
    let manifest = sharing.publish(MODEST);
    sharing.fails(&["run"], &["is signed only by acme; recipes.toml requires 2 of acme and review"]);
    sharing.nothing_came_of_it();
    sharing.sign(manifest, &review, &sharing.payload(manifest));
    sharing.works(&["run"], &["signed by acme (sha256:", ", review (sha256:"]);
    let revoked = "[key.review]\npublic-key = \"keys/review.pub\"\nrevoked = \"2026-01-01\"";
    sharing.recipes_toml(both, revoked);
    sharing.fails(&["run"], &["The signature of review for ", "the key was revoked (2026-01-01)"]);
    sharing.recipes_toml("signed-by = [\"acme\", \"review\"]", revoked);
    sharing.works(&["run"], &[]);
    let list = sharing.works(&["key", "list"], &["review (revoked: 2026-01-01)", "recipes  acme"]);
    assert!(list.contains(&review.public().to_string()), "{list}");
}

#[test]
fn a_key_that_is_revoked_under_one_name_counts_under_none() {
    let sharing = Sharing::new();
    sharing.publish(MODEST);
    let twin = "[key.acme]\npublic-key = \"keys/acme.pub\"\nrevoked = \"2026-01-01\"\n\
                [key.twin]\npublic-key = \"keys/acme.pub\"\n";
    for (names, keys) in [
        ("\"twin\"", twin.to_owned()),
        ("\"acme\", \"twin\"", twin.to_owned()),
        ("\"acme\", \"twin\"", twin.replace("acme]", "TMP]").replace("twin]", "acme]").replace("TMP]", "twin]")),
    ] {
        sharing.recipes_toml(&format!("signed-by = [{names}]"), &keys);
        sharing.fails(&["recipe", "lock"], &["is not valid: the key was revoked (2026-01-01)"]);
        sharing.fails(&["run"], &["is not valid: the key was revoked (2026-01-01)"]);
        sharing.nothing_came_of_it();
    }
}

#[test]
fn what_is_not_signed_runs_only_where_that_is_said() {
    let sharing = Sharing::new();
    sharing.push(MODEST);
    sharing.recipes_toml("", "");
    sharing.fails(&["run"], &["Recipe \"acme\" comes from a registry and has no \"signed-by\""]);
    sharing.recipes_toml("signed-by = \"unsigned\"", "");
    sharing.works(&["run"], &["without required signatures"]);
}

#[test]
fn copies_are_verified_each_time() {
    let sharing = Sharing::new();
    sharing.publish(MODEST);
    sharing.works(&["run"], &[]);
    let evil = component(GREEDY);
    for file in std::fs::read_dir(sharing.cache().join("artifacts")).unwrap() {
        std::fs::write(file.unwrap().path(), &evil).unwrap();
    }
    // Damaged copies are none: offline nothing is left, otherwise they are read again.
    sharing.fails(&["run", "-o"], &["offline"]);
    sharing.works(&["run"], &[]);
    sharing.works(&["run", "-o"], &[]);
    // A key that is no longer trusted is noticed although everything is there.
    sharing.key("acme", &PrivateKey::generate().unwrap());
    sharing.fails(&["run", "-o"], &["is signed by a key that is not in recipes.toml"]);
}

#[test]
fn what_cannot_be_granted_is_not_proposed() {
    let sharing = Sharing::new();
    sharing.publish("recipe_mkdir");
    let printed = sharing.fails(
        &["run"],
        &[
            "Recipe acme cannot run from a registry: it requests write access to ${buildout:directory}",
            "it cannot be granted",
        ],
    );
    assert!(!printed.contains("grant = {"), "{printed}");
}

#[test]
fn a_directory_that_the_buildout_carries_with_it_needs_no_registry() {
    let sharing = Sharing::new();
    let layout = ImageLayout::create(&sharing.space.buildout().join("vendor")).unwrap();
    let artifact =
        Artifact::publish(&layout, &sharing.reference(), &component(MODEST), &ArtifactDescription::default()).unwrap();
    let manifest = artifact.manifest.digest;
    let payload = sharing.payload(manifest);
    let base64 = STANDARD.encode(sharing.acme.sign(payload.as_bytes()));
    add_signature(&layout, &sharing.reference(), manifest, &ArtifactSignature { payload: payload.into(), base64 })
        .unwrap();
    sharing.fails(&["run", "-o"], &["in offline mode"]);
    sharing.recipes_toml("signed-by = [\"acme\"]", "vendor = \"vendor\"");
    sharing.works(&["run", "-o"], &["Locked recipe acme"]);
    sharing.works(&["run", "-o", "--locked"], &[]);
    sharing.recipes_toml("signed-by = [\"acme\"]", "vendor = \"elsewhere\"");
    sharing.fails(&["run", "-o"], &["elsewhere is not an OCI image layout"]);
}

#[test]
fn a_recipe_in_a_file_is_verified_by_the_signature_next_to_it() {
    let sharing = Sharing::new();
    let (file, entry) =
        (sharing.space.buildout().join("acme.wasm"), "[recipe.acme]\npath = \"acme.wasm\"\nsigned-by = [\"acme\"]\n");
    std::fs::write(&file, component(MODEST)).unwrap();
    sharing.space.write("recipes.toml", &format!("{entry}[key.acme]\npublic-key = \"keys/acme.pub\"\n"));
    sharing.fails(&["run"], &["acme.wasm is not signed; recipes.toml requires a signature by acme", "recipes.toml:3:"]);
    sharing.nothing_came_of_it();
    sharing.space.write("acme.key", &sharing.acme.sealed(b"secret").unwrap());
    sharing.space.write("passphrase", "secret\n");
    sharing.works(&["recipe", "sign", "acme.wasm", "--key", "acme.key", "--passphrase-file", "passphrase"], &[]);
    sharing.works(&["run"], &["Installing one"]);
    std::fs::write(&file, component(GREEDY)).unwrap();
    sharing.fails(&["run"], &["acme.wasm is signed by a key that is not in recipes.toml, not by acme"]);
}

#[test]
fn no_recipe_can_be_granted_to_write_the_keys() {
    let sharing = Sharing::new();
    sharing.publish(MODEST);
    sharing.recipes_toml("signed-by = [\"acme\"]\ngrant = { write = [\"${buildout:directory}/keys\"] }", "");
    sharing.fails(&["run"], &["A grant to write ", "keys is refused: it contains ", "acme.pub"]);
}
