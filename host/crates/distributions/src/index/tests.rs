//! Tests of the index: pages in both formats, and places on this machine.

use std::sync::atomic::{AtomicUsize, Ordering};

use base::event::Silent;
use proptest::prelude::*;

use super::*;
use crate::lock::Purpose;

/// Pages from a table.
#[derive(Default)]
struct Table {
    pages: BTreeMap<&'static str, (&'static str, String)>,
    asked: AtomicUsize,
}

impl Web for Table {
    fn page(&self, url: &str, _: bool, _: &dyn Report) -> Result<Option<Page>, WebError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        match self.pages.get(url) {
            Some((kind, _)) if *kind == "error" => Err(WebError::Failed("it is down".into())),
            Some((kind, text)) => Ok(Some(page(url, kind, text))),
            None => Ok(None),
        }
    }

    fn bytes(&self, _: &str, _: &dyn Report) -> Result<Option<Vec<u8>>, WebError> {
        Ok(None)
    }

    fn forget(&self, _: &str) {}
}

fn page(url: &str, kind: &str, text: &str) -> Page {
    Page { url: Url::parse(url).unwrap(), content_type: kind.to_owned(), body: text.as_bytes().to_vec() }
}

const HTML: &str = "text/html; charset=utf-8";
const JSON: &str = "application/vnd.pypi.simple.v1+json";
const SHA: &str = "2a0d60c172f83ac6ab31e4554906c0f3b3588d37b5cb939b1c061f4907e278e0";

fn sources(index: &str, find_links: &[&str]) -> DistributionSources {
    let root = Path::new("/nonexistent");
    DistributionSources {
        origin: None,
        index: SearchLocation::parse(index, root),
        find_links: find_links.iter().map(|link| SearchLocation::parse(link, root)).collect(),
        allowed: AllowedHosts::default(),
        local: false,
    }
}

fn files(project: &ProjectFiles) -> Vec<String> {
    project.files.iter().map(|file| format!("{} {}", file.file, file.location)).collect()
}

#[test]
fn links_of_html() {
    let text = format!(
        "<!DOCTYPE html><html><head><base href='../files/'></head><body>\n\
         <a href=\"a-1.0-py3-none-any.whl#sha256={SHA}\" data-requires-python=\"&gt;=3.8\" data-core-metadata=\"sha256={SHA}\">x</a>\n\
         <A HREF='https://o.invalid/a%2B-1.1.tar.gz?x=1&amp;y=2#md5=no' data-yanked>\n<a>none</a><a href='javascript:x'>y</a>\n\
         <a href='file:///etc/passwd.zip'>z</a><a href='a-1.2.zip' data-yanked='broken'><script>\"<a href='evil-1.0.zip'>\"</script>"
    );
    let links = html::links(&page("https://i.invalid/simple/a/", HTML, &text)).unwrap();
    let shown: Vec<_> = links.iter().map(|link| (link.name.as_str(), link.location.to_string())).collect();
    assert_eq!(
        shown[0],
        ("a-1.0-py3-none-any.whl", "https://i.invalid/simple/files/a-1.0-py3-none-any.whl".to_owned())
    );
    assert_eq!(shown[1], ("a+-1.1.tar.gz", "https://o.invalid/a%2B-1.1.tar.gz?x=1&y=2".to_owned()));
    assert_eq!((links[0].checksums.len(), links[0].requires_python.as_deref()), (1, Some(">=3.8")));
    assert_eq!(
        links[0].metadata.as_ref().map(|checksum| checksum.as_ref().map(ToString::to_string)),
        Some(Some(SHA.to_owned()))
    );
    assert_eq!((links[1].yanked.as_deref(), links[1].checksums.len()), (Some(""), 0));
    assert_eq!(links[2].yanked.as_deref(), Some("broken"));
    assert!(
        !shown.iter().any(|(name, _)| *name == "passwd.zip"),
        "a page of the network leads to no file here: {shown:?}"
    );
}

#[test]
fn listings_in_json() {
    let text = format!(
        r#"{{"meta": {{"api-version": "1.4"}}, "name": "a", "files": [
        {{"filename": "a-1.0-py3-none-any.whl", "url": "../../x/a-1.0-py3-none-any.whl", "hashes": {{"sha256": "{SHA}", "sha1": "x"}},
          "requires-python": ">=3", "yanked": false, "core-metadata": {{"sha256": "{SHA}"}}, "size": 7}},
        {{"filename": "a-1.1.tar.gz", "url": "https://o.invalid/1", "hashes": {{}}, "yanked": "bad", "dist-info-metadata": true}},
        {{"filename": "../../etc/a-1.2.zip", "url": "https://o.invalid/2", "hashes": {{}}, "requires-python": null}},
        {{"filename": "a-1.3.zip", "url": "file:///etc/passwd", "hashes": {{}}}}]}}"#
    );
    let links = json::links(&page("https://i.invalid/simple/a/", JSON, &text)).unwrap();
    let shown: Vec<_> = links.iter().map(|link| format!("{} {}", link.name, link.location)).collect();
    assert_eq!(shown[0], "a-1.0-py3-none-any.whl https://i.invalid/x/a-1.0-py3-none-any.whl");
    assert_eq!((links[0].size, links[0].checksums.len(), links[0].yanked.as_deref()), (Some(7), 1, None));
    assert_eq!((links[1].yanked.as_deref(), links[1].metadata.clone()), (Some("bad"), Some(None)));
    assert_eq!(links.len(), 3);
    assert!(links[2].clone().into_file().is_none(), "a name with a directory in it is not a file");
    for (text, cause) in [
        ("{}", "not a listing"),
        ("[", "not a listing"),
        (r#"{"meta": {"api-version": "2.0"}, "files": []}"#, "has version"),
    ] {
        assert!(json::links(&page("https://i.invalid/", JSON, text)).unwrap_err().contains(cause), "{text}");
    }
}

#[test]
fn a_page_of_a_million_links_is_refused() {
    let text = "<a href=a-1.zip>".repeat(1_000_000);
    assert!(html::links(&page("https://i.invalid/", HTML, &text)).unwrap_err().contains("more than"));
}

#[test]
fn a_project_is_asked_for_once_by_its_normal_name() {
    let mut table = Table::default();
    table
        .pages
        .insert("https://i.invalid/simple/zope-a/", (HTML, "<a href='zope.a-1.0.zip'><a href='other-1.0.zip'>".into()));
    let index = PackageIndex::new(sources("https://i.invalid/simple", &[]), &table, &Silent);
    for written in ["Zope_A", "zope.a"] {
        assert_eq!(
            files(&index.project("zope-a", written, Purpose::Use).unwrap()),
            ["zope.a-1.0.zip https://i.invalid/simple/zope-a/zope.a-1.0.zip"]
        );
    }
    assert_eq!(table.asked.load(Ordering::SeqCst), 1);
    let none = index.project("none", "none", Purpose::Use).unwrap();
    assert!(!none.known && !none.refused);
}

#[test]
fn hosts_that_are_not_allowed_are_not_asked() {
    let mut table = Table::default();
    table.pages.insert(
        "https://i.invalid/simple/a/",
        (HTML, "<a href='https://other.invalid/a-1.0.zip'><a href='a-2.0.zip'>".into()),
    );
    let allowed = |hosts: &str| DistributionSources {
        allowed: AllowedHosts::parse(hosts),
        ..sources("https://i.invalid/simple", &["https://l.invalid/"])
    };
    let index = PackageIndex::new(allowed("i.invalid"), &table, &Silent);
    assert_eq!(
        files(&index.project("a", "a", Purpose::Use).unwrap()),
        ["a-2.0.zip https://i.invalid/simple/a/a-2.0.zip"]
    );
    assert_eq!(table.asked.load(Ordering::SeqCst), 1);
    let nothing = PackageIndex::new(allowed("x.invalid"), &table, &Silent);
    let found = nothing.project("a", "a", Purpose::Use).unwrap();
    assert!(found.files.is_empty() && found.refused, "the error names allow-hosts");
    assert_eq!(table.asked.load(Ordering::SeqCst), 1);
}

#[test]
fn find_links_of_all_kinds() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    std::fs::create_dir(path("archives")).unwrap();
    for name in ["archives/a-1.0.zip", "archives/b-1.0.zip", "archives/README", "a-2.0.tar.gz"] {
        std::fs::write(path(name), "").unwrap();
    }
    std::fs::write(path("page.html"), "<a href='a-3.0.zip'>").unwrap();
    let mut table = Table::default();
    table.pages.insert("https://l.invalid/", (HTML, "<a href='a-4.0.zip'>".into()));
    table.pages.insert("https://down.invalid/", ("error", String::new()));
    let text = |name: &str| path(name).to_str().unwrap().to_owned();
    let file_url = format!("file://{}", text("archives"));
    let links = [
        text("archives"),
        text("a-2.0.tar.gz"),
        text("page.html"),
        text("missing"),
        file_url,
        "https://l.invalid/".into(),
        "https://down.invalid/".into(),
        format!("https://l.invalid/direct/a-5.0.zip#sha256={SHA}"),
    ];
    let links: Vec<&str> = links.iter().map(String::as_str).collect();
    let index = PackageIndex::new(sources("https://i.invalid/simple", &links), &table, &Silent);
    let project = index.project("a", "a", Purpose::Use).unwrap();
    let mut names: Vec<&str> = project.files.iter().map(|file| file.file.as_str()).collect();
    names.dedup();
    assert_eq!(names, ["a-1.0.zip", "a-2.0.tar.gz", "a-3.0.zip", "a-1.0.zip", "a-4.0.zip", "a-5.0.zip"]);
    assert_eq!(project.files.last().unwrap().checksums.len(), 1);
    // Only this machine is used.
    let local = PackageIndex::new(
        DistributionSources { local: true, ..sources("https://i.invalid/simple", &links) },
        &table,
        &Silent,
    );
    assert_eq!(local.project("a", "a", Purpose::Use).unwrap().files.len(), 4);
}

#[test]
fn an_index_on_this_machine() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    std::fs::create_dir(path("a")).unwrap();
    std::fs::create_dir(path("b")).unwrap();
    std::fs::write(path("a/a-1.0.zip"), "").unwrap();
    std::fs::write(path("b/index.html"), "<a href='../a/b-1.0.zip'>").unwrap();
    std::fs::write(path("c-1.0.zip"), "").unwrap();
    let index = PackageIndex::new(sources(directory.path().to_str().unwrap(), &[]), &NoWeb, &Silent);
    let found = |key: &str| {
        index.project(key, key, Purpose::Use).unwrap().files.iter().map(|file| file.file.clone()).collect::<Vec<_>>()
    };
    assert_eq!(
        (found("a"), found("b"), found("c")),
        (vec!["a-1.0.zip".into()], vec!["b-1.0.zip".into()], vec!["c-1.0.zip".into()])
    );
    assert!(found("d").is_empty());
}

#[test]
fn a_page_that_cannot_be_read_is_named() {
    let mut table = Table::default();
    table.pages.insert("https://u:secret@i.invalid/simple/a/", ("error", String::new()));
    let index = PackageIndex::new(sources("https://u:secret@i.invalid/simple", &[]), &table, &Silent);
    let error = index.project("a", "a", Purpose::Use).unwrap_err().to_string();
    assert_eq!(error, "Cannot read https://***@i.invalid/simple/a/: it is down");
}

proptest! {
    #[test]
    fn no_page_is_fatal(text in "(?s)[<>a-z ='\"#&;/{}:,\\[\\]]{0,300}") {
        let _ = html::links(&page("https://i.invalid/", HTML, &text));
        let _ = json::links(&page("https://i.invalid/", JSON, &text));
    }
}
