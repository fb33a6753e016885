//! Whether native commands can be confined: a command is started as a run would start it, and the layer that fails is
//! named.

use std::io;
use std::path::Path;
use std::time::Duration;

use base::interrupt::Interrupt;
use confine::{CommandPolicy, ConfineError, ConfinementLevel, Layer, NativeCommand, Runner};

use super::system::CheckedMachine;
use super::{Check, CheckVerdict};

/// The layers that are shown, in the order in which a command meets them.
const SHOWN: [(&str, &[Layer], &str); 5] = [
    ("user namespaces", &[Layer::UserNamespace], "unprivileged users can create them"),
    ("mounts", &[Layer::Namespaces, Layer::Root], "a private root directory can be created"),
    ("/proc", &[Layer::Proc, Layer::Death], "a private one can be mounted"),
    ("Landlock", &[Layer::Landlock], ""),
    ("seccomp", &[Layer::Limits, Layer::Privileges, Layer::Seccomp], "system calls can be filtered"),
];

pub(super) fn check(machine: &CheckedMachine, program: &Path, interrupt: &Interrupt) -> Vec<Check> {
    let trial = |level| start(program, level, interrupt);
    let full = trial(ConfinementLevel::Full);
    let partial = if full.is_ok() { Ok(()) } else { trial(ConfinementLevel::Partial) };
    SHOWN.into_iter().map(|(name, layers, good)| verdict(machine, name, layers, good, [&full, &partial])).collect()
}

/// Starts this program, to print its version.
fn start(program: &Path, level: ConfinementLevel, interrupt: &Interrupt) -> Result<(), ConfineError> {
    let policy = CommandPolicy { read: vec![program.to_owned()], level, ..CommandPolicy::default() };
    let command = NativeCommand {
        program: program.into(),
        arguments: vec!["--version".into()],
        directory: "/".into(),
        deadline: Some(Duration::from_secs(60)),
        ..NativeCommand::default()
    };
    Runner::new()?.run(&command, &policy, &mut |_, _| {}, interrupt).map(drop)
}

type Trials<'a> = [&'a Result<(), ConfineError>; 2];

fn verdict(machine: &CheckedMachine, name: &'static str, layers: &[Layer], good: &str, trials: Trials<'_>) -> Check {
    let missing = |trial: &&Result<(), ConfineError>| match trial {
        Err(ConfineError::Missing { layer, .. }) => Some(*layer),
        _ => None,
    };
    let failed = trials.iter().find(|trial| missing(trial).is_some_and(|layer| layers.contains(&layer)));
    if let Some(Err(error)) = failed {
        let remedies = missing(failed.unwrap_or(&trials[0])).map(|layer| remedies(layer, machine)).unwrap_or_default();
        return Check { name, verdict: CheckVerdict::Unconfined, found: error.to_string(), remedies };
    }
    let [full, partial] = trials;
    let is_partial = layers.iter().all(|layer| !layer.is_of_full_only());
    if is_passed(layers, full, missing(&full)) || (is_partial && is_passed(layers, partial, missing(&partial))) {
        let version = confine::landlock_version().filter(|_| layers.contains(&Layer::Landlock));
        return Check::good(name, version.map_or_else(|| good.to_owned(), |version| format!("version {version}")));
    }
    let first = trials.iter().filter_map(missing).find_map(shown).unwrap_or("another layer");
    Check {
        name,
        verdict: CheckVerdict::Skipped,
        found: format!("not checked: it needs {first}"),
        remedies: Vec::new(),
    }
}

/// Whether a trial went through these layers.
fn is_passed(layers: &[Layer], trial: &Result<(), ConfineError>, missing: Option<Layer>) -> bool {
    let position = |layer: &Layer| SHOWN.iter().position(|(_, layers, _)| layers.contains(layer));
    let own = layers.first().and_then(position);
    trial.is_ok() || missing.is_some_and(|layer| own < position(&layer))
}

/// The name under which a layer is shown.
fn shown(layer: Layer) -> Option<&'static str> {
    SHOWN.iter().find(|(_, layers, _)| layers.contains(&layer)).map(|(name, ..)| *name)
}

fn remedies(layer: Layer, machine: &CheckedMachine) -> Vec<String> {
    let of_container = machine.is_container.then(|| container(layer)).flatten().map(str::to_owned);
    let mut remedies: Vec<String> = of_container.into_iter().chain(settings(layer)).collect();
    if remedies.is_empty() {
        remedies.extend(layer.remedy().map(sentence));
    }
    remedies
}

fn sentence(clause: &str) -> String {
    let mut letters = clause.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).chain(['.']).collect()
}

/// What the container must be given from outside.
fn container(layer: Layer) -> Option<&'static str> {
    match layer {
        Layer::UserNamespace | Layer::Namespaces | Layer::Root => Some(
            "The container does not let unprivileged users create namespaces and mounts: start it with `--security-opt \
             seccomp=unconfined --security-opt apparmor=unconfined`, or with a profile that allows them.",
        ),
        Layer::Proc => Some(
            "The container masks /proc: start it with `--security-opt systempaths=unconfined` (Podman: `--security-opt \
             unmask=ALL`).",
        ),
        Layer::Landlock => Some(
            "The container's seccomp profile blocks Landlock: use a newer container engine, or a profile that allows \
             the system calls landlock_*; or else the kernel lacks it: it must be 5.19 or newer, with `landlock` in `lsm=`.",
        ),
        _ => None,
    }
}

/// What settings of the kernel say.
fn settings(layer: Layer) -> Vec<String> {
    let is = |file: &str, value: &str| read(file).is_ok_and(|text| text.trim() == value);
    let all = [
        (
            Layer::UserNamespace,
            is("/proc/sys/user/max_user_namespaces", "0"),
            "The kernel does not allow user namespaces: sysctl user.max_user_namespaces=10000",
        ),
        (
            Layer::UserNamespace,
            is("/proc/sys/kernel/unprivileged_userns_clone", "0"),
            "The kernel does not let unprivileged users create user namespaces: sysctl kernel.unprivileged_userns_clone=1",
        ),
        (
            Layer::UserNamespace,
            is("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1"),
            "AppArmor restricts user namespaces: sysctl kernel.apparmor_restrict_unprivileged_userns=0, or give \
             buildout-host a profile.",
        ),
        (
            Layer::Landlock,
            read("/sys/kernel/security/lsm").is_ok_and(|list| !list.split(',').any(|name| name.trim() == "landlock")),
            "Landlock is not enabled: add `landlock` to the list `lsm=` of the kernel's command line.",
        ),
    ];
    // AppArmor lets a user namespace be made, and then refuses what is done in it.
    let means = |about: Layer| about == layer || (about == Layer::UserNamespace && layer == Layer::Root);
    all.into_iter().filter(|(about, holds, _)| means(*about) && *holds).map(|(_, _, text)| text.to_owned()).collect()
}

fn read(file: &str) -> io::Result<String> {
    std::fs::read_to_string(file)
}
