//! Names of servers: each is looked up once for many connections. Many connections to an index start at the same time, and name
//! servers drop queries that come in a burst; each connection would then wait until the system repeats its query.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;
use ureq::{Error, Timeout};

/// How long an answer is used. A long run must notice that a server has moved.
const FRESH: Duration = Duration::from_secs(60);

/// Remembers the addresses of names. All clones share what they know.
#[derive(Clone, Debug, Default)]
pub(super) struct RememberedNames<R = SystemNames> {
    known: Arc<Mutex<HashMap<String, NameEntry>>>,
    inner: R,
}

/// What is known of one name; locked while it is looked up.
type NameEntry = Arc<Mutex<Option<EndedLookup>>>;

/// The system's resolver.
#[derive(Clone, Debug, Default)]
pub(super) struct SystemNames;

impl Resolver for SystemNames {
    fn resolve(&self, uri: &Uri, config: &Config, timeout: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        DefaultResolver::default().resolve(uri, config, timeout)
    }
}

/// A lookup that ended.
#[derive(Debug)]
struct EndedLookup {
    ended: Instant,
    outcome: Result<Vec<SocketAddr>, FailedLookup>,
}

/// Why a name has no address, for all that waited for the answer.
#[derive(Debug)]
enum FailedLookup {
    Timeout(Timeout),
    System(io::ErrorKind, String),
    NotFound,
}

impl EndedLookup {
    /// Whether it answers a question of the time `asked`: a failure answers only those that waited for it.
    fn answers(&self, asked: Instant) -> bool {
        match self.outcome {
            Ok(_) => self.ended.elapsed() < FRESH,
            Err(_) => self.ended >= asked,
        }
    }
}

impl<R: Resolver> Resolver for RememberedNames<R> {
    fn resolve(&self, uri: &Uri, config: &Config, timeout: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        let asked = Instant::now();
        let known = Arc::clone(locked(&self.known).entry(place(uri)).or_default());
        // The first caller asks; the others wait here for the answer.
        let mut known = locked(&known);
        if known.as_ref().is_none_or(|lookup| !lookup.answers(asked)) {
            let outcome = self.inner.resolve(uri, config, timeout);
            let outcome = outcome.map(|found| found.iter().copied().collect()).map_err(FailedLookup::from);
            *known = Some(EndedLookup { ended: Instant::now(), outcome });
        }
        match known.as_ref().map(|lookup| &lookup.outcome) {
            Some(Ok(addresses)) => {
                let mut found = self.empty();
                addresses.iter().for_each(|address| found.push(*address));
                Ok(found)
            }
            Some(Err(failure)) => Err(failure.into()),
            None => Err(Error::HostNotFound),
        }
    }
}

impl From<Error> for FailedLookup {
    fn from(error: Error) -> Self {
        match error {
            Error::Timeout(timeout) => Self::Timeout(timeout),
            Error::Io(error) => Self::System(error.kind(), error.to_string()),
            Error::HostNotFound => Self::NotFound,
            other => Self::System(io::ErrorKind::Other, other.to_string()),
        }
    }
}

impl From<&FailedLookup> for Error {
    fn from(failure: &FailedLookup) -> Self {
        match failure {
            FailedLookup::Timeout(timeout) => Self::Timeout(*timeout),
            FailedLookup::System(kind, message) => Self::Io(io::Error::new(*kind, message.clone())),
            FailedLookup::NotFound => Self::HostNotFound,
        }
    }
}

/// Host and port: the port is part of addresses.
fn place(uri: &Uri) -> String {
    let scheme = uri.scheme_str().unwrap_or_default();
    let authority = uri.authority().map(|authority| (authority.host(), authority.port_u16()));
    format!("{scheme} {authority:?}")
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use ureq::Agent;

    use super::*;

    /// Counts questions, and answers when all of those who ask are there.
    #[derive(Clone, Debug)]
    struct CountingNames {
        questions: Arc<AtomicUsize>,
        fails: bool,
    }

    impl Resolver for CountingNames {
        fn resolve(&self, _uri: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
            self.questions.fetch_add(1, Ordering::Relaxed);
            if self.fails {
                return Err(Error::Io(io::Error::new(io::ErrorKind::TimedOut, "no answer")));
            }
            let mut found = self.empty();
            found.push(SocketAddr::from(([127, 0, 0, 1], 80)));
            Ok(found)
        }
    }

    fn names(fails: bool) -> (RememberedNames<CountingNames>, Arc<AtomicUsize>) {
        let questions = Arc::new(AtomicUsize::new(0));
        let inner = CountingNames { questions: Arc::clone(&questions), fails };
        (RememberedNames { known: Arc::default(), inner }, questions)
    }

    fn resolve(names: &RememberedNames<CountingNames>, url: &str) -> Result<Vec<SocketAddr>, Error> {
        let timeout = NextTimeout { after: Duration::from_secs(9).into(), ..NextTimeout::default() };
        let config: Config = Agent::config_builder().build();
        names.resolve(&url.parse().unwrap(), &config, timeout).map(|found| found.iter().copied().collect())
    }

    #[test]
    fn a_name_is_looked_up_once_for_all_connections() {
        let (names, questions) = names(false);
        let all_are_here = Barrier::new(8);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    all_are_here.wait();
                    assert_eq!(resolve(&names.clone(), "http://a.example/x").unwrap().len(), 1);
                });
            }
        });
        assert_eq!(questions.load(Ordering::Relaxed), 1);
        resolve(&names, "https://a.example/x").unwrap();
        resolve(&names, "http://a.example:8080/x").unwrap();
        assert_eq!(questions.load(Ordering::Relaxed), 3, "other ports");
    }

    #[test]
    fn a_failure_is_not_remembered() {
        let (names, questions) = names(true);
        for _ in 0..2 {
            let error = resolve(&names, "http://a.example/x").unwrap_err();
            assert!(matches!(error, Error::Io(error) if error.kind() == io::ErrorKind::TimedOut));
        }
        assert_eq!(questions.load(Ordering::Relaxed), 2);
    }
}
