//! `recipes.lock`: all that it says is held against what is there, and no entry gets lost.

use super::*;

#[test]
fn an_edited_lock_is_refused() {
    let sharing = Sharing::new();
    let manifest = sharing.publish(MODEST);
    sharing.works(&["run"], &[]);
    let lock = sharing.space.read("recipes.lock");
    let component = Digest::of(&component(MODEST)).to_string();
    sharing.space.write("recipes.lock", &lock.replace(&component, &Digest::of(b"x").to_string()));
    sharing.fails(&["run"], &["recipes.lock says that ", " has the component sha256:"]);
    sharing.space.write("recipes.lock", &lock.replace(&manifest.to_string(), &Digest::of(b"x").to_string()));
    sharing.fails(&["run"], &["There is no ", "recipes.toml:"]);
    sharing.space.write("recipes.lock", "<<<<<<< HEAD\n");
    sharing.fails(&["run"], &["recipes.lock:1:", "Invalid TOML"]);
}

#[test]
fn all_that_the_lock_says_is_checked() {
    let sharing = Sharing::new();
    sharing.publish(MODEST);
    sharing.works(&["run"], &[]);
    let lock = sharing.space.read("recipes.lock");
    let asks = format!("{lock}\n[recipe.acme.asks]\nrun = [\"sh\"]\n");
    for (edited, printed) in [
        (lock.replace("version = \"debug 0.1.0\"", "version = \"debug 0.0.9\""), "its version"),
        (lock.replace("wit = \"0.2.0\"", "wit = \"0.0.1\""), "what it is made for (wit)"),
        (lock.replace("\"buildout:recipe/", "\"buildout:other/"), "what it imports"),
        (asks, "what it requests"),
    ] {
        assert_ne!(edited, lock);
        sharing.space.write("recipes.lock", &edited);
        let expected = format!("recipes.lock does not match the component of recipe acme: {printed}");
        sharing.fails(&["run", "--locked"], &[&expected, "recipes.toml:", "buildout-host recipe lock"]);
        sharing.fails(&["run"], &[&expected]);
        assert_eq!(sharing.space.read("recipes.lock"), edited);
        sharing.works(&["recipe", "lock"], &["acme: "]);
        assert_eq!(sharing.space.read("recipes.lock"), lock);
        sharing.works(&["run", "--locked"], &[]);
    }
    let stale =
        format!("{lock}{}", lock[lock.find("[recipe.acme]").unwrap()..].replace("[recipe.acme]", "[recipe.old]"));
    sharing.space.write("recipes.lock", &stale);
    sharing.fails(
        &["run", "--locked"],
        &["recipes.lock has recipe old, which does not come from a registry in recipes.toml"],
    );
    sharing.works(&["recipe", "lock"], &["old: no longer in recipes.toml"]);
    assert_eq!(sharing.space.read("recipes.lock"), lock);
}

#[test]
fn who_signed_is_locked_too() {
    let sharing = Sharing::new();
    let manifest = sharing.publish(MODEST);
    let beta = PrivateKey::generate().unwrap();
    sharing.key("beta", &beta);
    sharing.recipes_toml("signed-by = [\"acme\", \"beta\"]", "");
    sharing.works(&["run"], &["signed by acme (sha256:"]);
    let lock = sharing.space.read("recipes.lock");
    let edited = lock.replace("\"acme sha256:", "\"alice sha256:").replace("\"acme (", "\"alice (");
    assert_ne!(edited, lock);
    sharing.space.write("recipes.lock", &edited);
    sharing.fails(&["run", "--locked"], &["recipes.lock does not match the component of recipe acme: who signed it"]);
    sharing.works(&["recipe", "lock"], &["signed by alice (", "→ acme ("]);
    assert_eq!(sharing.space.read("recipes.lock"), lock);
    // Another signature takes nothing away, and `recipe lock` knows of it without an upgrade.
    sharing.sign(manifest, &beta, &sharing.payload(manifest));
    sharing.forget();
    sharing.works(&["run", "--locked"], &[]);
    sharing.works(&["recipe", "lock"], &["signed by acme (", "→ acme (", ", beta ("]);
    sharing.works(&["run", "--locked"], &[]);
    sharing.recipes_toml("signed-by = [\"beta\"]", "");
    sharing.fails(&["run", "--locked"], &["who signed it"]);
    sharing.works(&["run"], &["Locked recipe acme: ", "signed by beta ("]);
    sharing.works(&["run", "--locked"], &[]);
    sharing.recipes_toml("signed-by = \"unsigned\"", "");
    sharing.fails(&["run", "--locked"], &["who signed it"]);
    sharing.works(&["recipe", "lock"], &["→ not required"]);
    sharing.works(&["run", "--locked"], &[]);
}

#[test]
fn what_is_locked_is_verified_when_it_is_locked_again() {
    let sharing = Sharing::new();
    sharing.publish(MODEST);
    sharing.works(&["recipe", "lock"], &["acme: "]);
    let lock = sharing.space.read("recipes.lock");
    sharing.recipes_toml(
        "signed-by = [\"acme\"]",
        "[key.acme]\npublic-key = \"keys/acme.pub\"\nrevoked = \"2026-01-01\"\n",
    );
    sharing.fails(&["recipe", "lock"], &["The signature of acme for ", "the key was revoked (2026-01-01)"]);
    assert_eq!(sharing.space.read("recipes.lock"), lock);
}

#[test]
fn runs_at_once_lock_side_by_side() {
    let sharing = Sharing::new();
    sharing.publish(MODEST);
    let source = sharing.reference();
    let names: Vec<String> = (0..6).map(|number| format!("acme{number}")).collect();
    let entry = |name: &String| format!("[recipe.{name}]\noci = \"{source}\"\nsigned-by = [\"acme\"]\n");
    let entries: String = names.iter().map(entry).collect();
    sharing.space.write("recipes.toml", &format!("{entries}[key.acme]\npublic-key = \"keys/acme.pub\"\n"));
    for name in &names {
        let directory = sharing.space.buildout().join(name);
        std::fs::create_dir(&directory).unwrap();
        let text = format!("[buildout]\ndirectory = {}\nparts = one\n[one]\nrecipe = {name}\n", directory.display());
        sharing.space.write(&format!("{name}.cfg"), &text);
    }
    for round in 0..3 {
        if round > 0 {
            std::fs::remove_file(sharing.space.buildout().join("recipes.lock")).unwrap();
        }
        std::thread::scope(|scope| {
            for name in &names {
                let sharing = &sharing;
                // Which of them locks a recipe, a run or the command below, is a matter of luck.
                scope.spawn(move || sharing.works(&["run", "-c", &format!("{name}.cfg")], &[]));
            }
            scope.spawn(|| sharing.works(&["recipe", "lock"], &[]));
        });
        let lock = sharing.space.read("recipes.lock");
        for name in &names {
            assert!(lock.contains(&format!("[recipe.{name}]")), "no {name} in\n{lock}");
        }
        sharing.works(&["recipe", "lock"], &["recipes.lock is up to date"]);
    }
}
