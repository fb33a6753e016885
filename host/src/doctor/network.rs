//! How downloads reach the network: the proxies of the environment. Opens no connection.

use base::environment::Environment;
use base::source::redact;
use url::Url;

use super::{Check, CheckVerdict};

pub(super) fn check(environment: &Environment) -> Vec<Check> {
    let names = ["http_proxy", "https_proxy", "all_proxy", "no_proxy"];
    let set: Vec<(String, &str)> = names.iter().filter_map(|name| variable(environment, name)).collect();
    if !set.iter().any(|(name, _)| !name.eq_ignore_ascii_case("no_proxy")) {
        return vec![Check::good("proxies", "none: downloads are direct")];
    }
    let wrong: Vec<Check> = set.iter().filter_map(|(name, value)| fault(name, value)).collect();
    let shown: Vec<String> = set.iter().map(|(name, value)| format!("{name}={}", redact(value))).collect();
    if wrong.is_empty() { vec![Check::good("proxies", shown.join(", "))] } else { wrong }
}

fn variable<'a>(environment: &'a Environment, name: &str) -> Option<(String, &'a str)> {
    [name.to_owned(), name.to_uppercase()].into_iter().find_map(|name| {
        let value = environment.variables.get(&name)?.trim();
        (!value.is_empty()).then_some((name, value))
    })
}

fn fault(name: &str, value: &str) -> Option<Check> {
    if name.eq_ignore_ascii_case("no_proxy") {
        return None;
    }
    let with_scheme = if value.contains("://") { value.to_owned() } else { format!("http://{value}") };
    let known = ["http", "https", "socks4", "socks4a", "socks5", "socks5h", "socks"];
    let parsed = Url::parse(&with_scheme).ok().filter(|url| url.host_str().is_some());
    if parsed.is_some_and(|url| known.contains(&url.scheme())) {
        return None;
    }
    let found = format!("{name}={} is not the URL of a proxy", redact(value));
    Some(Check::new("proxies", CheckVerdict::Warning, found, format!("Set {name} to http://HOST:PORT, or remove it.")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(variables: &[(&str, &str)]) -> (CheckVerdict, String) {
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let checks = check(&Environment { variables, ..Environment::default() });
        (checks[0].verdict, checks[0].found.clone())
    }

    #[test]
    fn proxies_are_shown_without_credentials() {
        assert_eq!(found(&[]).1, "none: downloads are direct");
        assert_eq!(found(&[("no_proxy", "x")]).1, "none: downloads are direct");
        let (verdict, shown) = found(&[("HTTPS_PROXY", "http://user:secret@proxy:3128")]);
        assert_eq!((verdict, shown.as_str()), (CheckVerdict::Good, "HTTPS_PROXY=http://***@proxy:3128"));
        let (verdict, shown) = found(&[("http_proxy", "ftp://proxy")]);
        assert_eq!(verdict, CheckVerdict::Warning);
        assert!(shown.contains("is not the URL of a proxy"), "{shown}");
    }
}
