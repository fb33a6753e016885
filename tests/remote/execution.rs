//! Actions that a server runs: with buildbox-casd, and with a server whose streams break.

use std::collections::BTreeMap;
use std::thread;

use bazel_remote_apis::build::bazel::remote::execution::v2;
use bazel_remote_apis::google::rpc;
use remote::{
    ActionDescription, EncodedAction, ExecutionEvent, ExecutionFailure, LinkPolicy, RemoteExecution, ResultCache,
    materialize,
};
use test_support::casd::Casd;
use test_support::wait_until;
use tonic::{Code, Status};
use v2::execution_stage::Value as Stage;

use crate::casd::settings;
use crate::operations::{ended, stage, stage_with_log};
use crate::server::{Fault, FaultyServer};
use crate::work::{OUTPUT, TestMachine, action};

fn executor(machine: &TestMachine, server: &remote::ServerSettings) -> ResultCache {
    ResultCache::new(machine.store(), None, Some(server.clone()), &machine.interrupt)
}

fn run(cache: &ResultCache, action: &EncodedAction) -> (Result<RemoteExecution, ExecutionFailure>, Vec<String>) {
    let mut events = Vec::new();
    let outcome = cache.execute(action, &BTreeMap::new(), &mut |event| {
        events.push(match event {
            ExecutionEvent::Queued => "queued".to_owned(),
            ExecutionEvent::Running => "running".to_owned(),
            ExecutionEvent::Output(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        });
    });
    (outcome, events)
}

fn shell(script: &str, inputs: &[(&str, &str)]) -> EncodedAction {
    let mut action = ActionDescription {
        arguments: ["/bin/sh", "-c", script].map(str::to_owned).into(),
        environment: [("PATH".to_owned(), "/usr/bin:/bin".to_owned())].into(),
        outputs: [OUTPUT.to_owned()].into(),
        ..ActionDescription::default()
    };
    for (path, content) in inputs {
        action.inputs.file(path, (*content).to_owned(), false).unwrap();
    }
    action.encode()
}

#[test]
fn casd_runs_an_action_with_its_inputs() {
    let (casd, machine) = (Casd::start(), TestMachine::new());
    let cache = executor(&machine, &settings(&casd));
    let script =
        "mkdir -p parts/hello/empty; tr a-z A-Z < in/text > parts/hello/text; ln -s text parts/hello/link; echo done";
    let (outcome, _) = run(&cache, &shell(script, &[("in/text", "hello")]));
    let execution = outcome.unwrap();
    assert_eq!(String::from_utf8_lossy(&execution.stdout), "done\n");
    cache.fetch(&execution.hit).unwrap();
    let node = &execution.hit.outputs.paths[OUTPUT];
    let made = materialize(node, cache.store(), &machine.path(OUTPUT), LinkPolicy::Inside, &machine.interrupt);
    made.unwrap().place().unwrap();
    assert_eq!(std::fs::read_to_string(machine.path(OUTPUT).join("link")).unwrap(), "HELLO");
    assert!(machine.path(OUTPUT).join("empty").is_dir());
    // It is an ordinary result from now on.
    let (again, _) = run(&cache, &shell(script, &[("in/text", "hello")]));
    assert!(again.unwrap().cached);
    assert_eq!(cache.take_warnings(), []);
}

#[test]
fn casd_reports_a_command_that_fails_or_makes_too_little() {
    let (casd, machine) = (Casd::start(), TestMachine::new());
    let cache = executor(&machine, &settings(&casd));
    let (outcome, _) = run(&cache, &shell("echo out; echo err >&2; exit 3", &[]));
    match outcome.unwrap_err() {
        ExecutionFailure::Command { exit_code, stdout, stderr } => {
            assert_eq!((exit_code, stdout.as_slice(), stderr.as_slice()), (3, &b"out\n"[..], &b"err\n"[..]));
        }
        other => panic!("{other}"),
    }
    let (outcome, _) = run(&cache, &shell("true", &[]));
    assert!(matches!(outcome, Err(ExecutionFailure::Unaccepted(_))), "{outcome:?}");
    assert_eq!(cache.take_warnings(), []);
}

fn success(server: &FaultyServer) -> v2::ExecuteResponse {
    let digest = Some(server.insert(b"made".to_vec()));
    let output = v2::OutputFile { path: OUTPUT.to_owned(), digest, ..v2::OutputFile::default() };
    let result = v2::ActionResult { output_files: vec![output], ..v2::ActionResult::default() };
    v2::ExecuteResponse { result: Some(result), ..v2::ExecuteResponse::default() }
}

fn failure(code: Code) -> v2::ExecuteResponse {
    let status = rpc::Status { code: code as i32, message: "as the test wants".to_owned(), details: vec![] };
    v2::ExecuteResponse { status: Some(status), ..v2::ExecuteResponse::default() }
}

#[test]
fn a_stream_that_breaks_is_waited_for_again() {
    let (server, machine) = (FaultyServer::start(), TestMachine::new());
    *server.state.executions.lock().unwrap() = vec![
        vec![Ok(stage(Stage::Queued)), Err(Status::unavailable("broken"))],
        vec![Ok(stage(Stage::Executing)), Err(Status::unavailable("broken"))],
        vec![Ok(ended(&success(&server)))],
    ];
    let cache = executor(&machine, &server.settings());
    let (outcome, events) = run(&cache, &action("x"));
    outcome.unwrap();
    assert_eq!(events, ["queued", "running"]);
    assert_eq!((server.count("Execute"), server.count("WaitExecution")), (1, 2));
    assert_eq!(server.count("CancelOperation"), 0);
}

#[test]
fn streams_that_break_before_they_send_anything_are_not_opened_forever() {
    let (server, machine) = (FaultyServer::start(), TestMachine::new());
    let broken = (0..20).map(|_| vec![Err(Status::unavailable("broken"))]);
    *server.state.executions.lock().unwrap() = broken.collect();
    let settings = server.settings();
    let cache = executor(&machine, &settings);
    let failure = run(&cache, &action("x")).0.unwrap_err();
    assert_eq!(failure, ExecutionFailure::Unavailable);
    assert_eq!(server.count("Execute"), settings.limits.attempts as usize);
    assert_eq!(cache.take_warnings().len(), 1);
}

#[test]
fn inputs_that_the_server_lost_are_sent_again() {
    let (server, machine) = (FaultyServer::start(), TestMachine::new());
    let lost = ended(&failure(Code::FailedPrecondition));
    *server.state.executions.lock().unwrap() = vec![vec![Ok(lost)], vec![Ok(ended(&success(&server)))]];
    let cache = executor(&machine, &server.settings());
    run(&cache, &action("x")).0.unwrap();
    assert_eq!((server.count("Execute"), server.count("FindMissingBlobs") >= 2), (2, true));
}

#[test]
fn failures_of_the_server_differ_from_those_of_the_command() {
    for (code, expected) in [(Code::DeadlineExceeded, "longer than allowed"), (Code::Internal, "as the test wants")] {
        let (server, machine) = (FaultyServer::start(), TestMachine::new());
        *server.state.executions.lock().unwrap() = vec![vec![Ok(ended(&failure(code)))]];
        let failure = run(&executor(&machine, &server.settings()), &action("x")).0.unwrap_err();
        assert!(failure.to_string().contains(expected), "{failure}");
    }
}

#[test]
fn a_stall_of_the_executor_is_one_warning() {
    thread::scope(|scope| {
        for call in ["Execute", "FindMissingBlobs", "BatchUpdateBlobs"] {
            scope.spawn(move || {
                let (server, machine) = (FaultyServer::start(), TestMachine::new());
                server.fail(call, Fault::Stall);
                let cache = executor(&machine, &server.settings());
                let failure = run(&cache, &action("x")).0.unwrap_err();
                assert_eq!(failure, ExecutionFailure::Unavailable, "{call}");
                assert_eq!(cache.take_warnings().len(), 1, "{call}");
            });
        }
    });
}

#[test]
fn an_interrupt_cancels_the_action() {
    let (server, machine) = (FaultyServer::start(), TestMachine::new());
    *server.state.executions.lock().unwrap() = vec![vec![Ok(stage(Stage::Executing))]];
    let cache = executor(&machine, &server.settings());
    let interrupt = machine.interrupt.clone();
    let outcome = cache.execute(&action("x"), &BTreeMap::new(), &mut |event| {
        assert_eq!(event, ExecutionEvent::Running);
        interrupt.raise(2);
    });
    assert_eq!(outcome.unwrap_err(), ExecutionFailure::Interrupted);
    wait_until("it is canceled", || server.count("CancelOperation") == 1);
    assert_eq!(cache.take_warnings(), []);
}

#[test]
fn the_output_of_a_command_comes_while_it_runs() {
    let (server, machine) = (FaultyServer::start(), TestMachine::new());
    let log = server.insert(b"a line\n".repeat(10_000));
    let running = stage_with_log(Stage::Executing, &format!("logs/{}/0", log.hash));
    // The command runs until the output was seen: it never ends by itself.
    *server.state.executions.lock().unwrap() = vec![vec![Ok(stage(Stage::Queued)), Ok(running)]];
    let cache = executor(&machine, &server.settings());
    let interrupt = machine.interrupt.clone();
    let mut output = Vec::new();
    let outcome = cache.execute(&action("x"), &BTreeMap::new(), &mut |event| {
        if let ExecutionEvent::Output(bytes) = event {
            output.extend_from_slice(bytes);
            if output.len() == 70_000 {
                interrupt.raise(2);
            }
        }
    });
    assert_eq!(outcome.unwrap_err(), ExecutionFailure::Interrupted);
    assert_eq!(output, b"a line\n".repeat(10_000));
}
