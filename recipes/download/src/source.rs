//! The options that both entry points have: the source of a download, and its target.

use std::path::Path;

use buildout_recipe::{
    Context, Description, Download, DownloadReason, Downloader, Error, Fetched, Init, Inputs, OptionDescription,
};
use buildout_recipe::{Options, activity, info};
use shared_parts::{PartLocation, filled, join};

/// Options that do not decide what a part contains.
const INDIFFERENT: [&str; 8] =
    ["_profile_base_location_", "alternate-url", "environment", "md5sum", "offline", "sha256sum", "sha512sum", "url"];

/// A file to download.
pub(crate) struct DownloadSource {
    url: String,
    alternate: Option<String>,
    md5: Option<String>,
    sha256: Option<String>,
    sha512: Option<String>,
}

impl DownloadSource {
    pub(crate) fn of(options: &Options) -> Result<Self, Error> {
        // Only `[buildout] offline` decides. Reading the option avoids a warning for profiles that set it per part.
        options.get("offline")?;
        Ok(Self {
            url: options.require("url")?.trim().to_owned(),
            alternate: filled(options, "alternate-url")?,
            md5: filled(options, "md5sum")?,
            sha256: filled(options, "sha256sum")?,
            sha512: filled(options, "sha512sum")?,
        })
    }

    /// Whether a digest identifies the file.
    pub(crate) fn has_digest(&self) -> bool {
        self.md5.is_some() || self.sha256.is_some() || self.sha512.is_some()
    }

    /// Downloads the file, from the alternate URL if the first one is not available.
    pub(crate) fn fetch(&self) -> Result<Fetched, Error> {
        activity("download");
        let downloader = Downloader::open(&["*", "file:///"])?;
        match (self.request(&self.url).fetch(&downloader), &self.alternate) {
            (Ok(file), _) => Ok(file),
            (Err(error), Some(alternate)) if error.reason() == DownloadReason::Unavailable => {
                info!("{error}; trying {alternate}");
                Ok(self.request(alternate).fetch(&downloader)?)
            }
            (Err(error), _) => Err(error.into()),
        }
    }

    /// What decides the content of a part: the file's digest, not where it comes from.
    pub(crate) fn inputs(&self, target: &DownloadTarget) -> Inputs {
        match target {
            DownloadTarget::Destination { .. } => Inputs::unknown("its destination is not in its location"),
            DownloadTarget::Place(_) => {
                let inputs = Inputs::none().download(&self.request(&self.url));
                INDIFFERENT.iter().fold(inputs, |inputs, option| inputs.indifferent(*option))
            }
        }
    }

    fn request(&self, url: &str) -> Download {
        let mut download = Download::new(url);
        for (digest, with) in [
            (&self.md5, Download::md5 as fn(Download, String) -> Download),
            (&self.sha256, Download::sha256),
            (&self.sha512, Download::sha512),
        ] {
            if let Some(digest) = digest {
                download = with(download, digest.clone());
            }
        }
        download
    }
}

/// The target of a download: a directory of the part, or the path in `destination`.
pub(crate) enum DownloadTarget {
    Place(PartLocation),
    /// The user's absolute path, and the buildout directory.
    Destination {
        path: String,
        buildout: String,
    },
}

impl DownloadTarget {
    pub(crate) fn of(init: &Init<'_>, source: &DownloadSource) -> Result<Self, Error> {
        let options = init.options();
        let destination = filled(options, "destination")?;
        if shared_parts::is_true(options, "shared")? {
            if destination.is_some() {
                return Err(Error::user("The options shared and destination cannot be used together"));
            }
            if !source.has_digest() {
                return Err(Error::user("A part with shared = true needs a digest: sha256sum, sha512sum or md5sum"));
            }
        }
        match destination {
            Some(destination) => {
                let buildout = init.buildout().directory()?;
                Ok(Self::Destination { path: join(&buildout, &destination), buildout })
            }
            None => Ok(Self::Place(PartLocation::of(init)?)),
        }
    }
}

/// Creates the parent of `path` if it is missing. Outside the buildout, the user has to create it.
pub(crate) fn make_parent(path: &str, buildout: &str) -> Result<(), Error> {
    let Some(parent) = Path::new(path).parent().filter(|parent| parent.starts_with(buildout)) else { return Ok(()) };
    if parent.exists() {
        return Ok(());
    }
    std::fs::create_dir_all(parent).context(format!("creating {}", parent.display()))
}

/// Adds the options and grants of both entry points.
pub(crate) fn describe(description: Description) -> Description {
    description
        .option(OptionDescription::text("url", "The source: a URL (http, https, file) or a path.").required())
        .option(OptionDescription::text("alternate-url", "An alternate URL or path, used if the first one is not available."))
        .option(OptionDescription::text("sha256sum", "The SHA-256 digest of the file, in hexadecimal digits."))
        .option(OptionDescription::text("sha512sum", "The SHA-512 digest of the file, in hexadecimal digits."))
        .option(OptionDescription::text(
            "md5sum",
            "The MD5 digest of the file, in hexadecimal digits. It protects against damage, but not against manipulation.",
        ))
        .option(
            OptionDescription::boolean(
                "shared",
                "Whether several buildouts share the part. Its location is then in one of the directories in `[buildout] \
                 shared-part-list`. Requires a digest.",
            )
            .default("false"),
        )
        .option(OptionDescription::text(
            "offline",
            "Accepted for older profiles, and ignored: `[buildout] offline` applies to the whole run.",
        ))
        .grant_fetch("*")
        .grant_fetch("file:///")
        .grant_run("chmod")
        .grant_write("${buildout:directory}")
        .grant_write("${:destination}")
        .grant_write("${buildout:shared-part-list}")
        .grant_timeout(std::time::Duration::from_secs(24 * 60 * 60))
}
