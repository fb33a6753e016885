//! What is fetched, and where it goes: the options that both entry points have.

use std::path::Path;

use buildout_recipe::{
    Context, Description, Download, DownloadReason, Downloader, Error, Fetched, Init, OptionDescription,
};
use buildout_recipe::{Options, activity, info};
use shared_parts::{Place, filled, join};

/// A file to fetch.
pub(crate) struct Source {
    url: String,
    alternate: Option<String>,
    md5: Option<String>,
    sha256: Option<String>,
    sha512: Option<String>,
}

impl Source {
    pub(crate) fn of(options: &Options) -> Result<Self, Error> {
        // Whether the run is offline is decided for the whole run; profiles that say so for a part are taken as they are.
        options.get("offline")?;
        Ok(Self {
            url: options.require("url")?.trim().to_owned(),
            alternate: filled(options, "alternate-url")?,
            md5: filled(options, "md5sum")?,
            sha256: filled(options, "sha256sum")?,
            sha512: filled(options, "sha512sum")?,
        })
    }

    /// Whether it is known what the file is.
    pub(crate) fn has_digest(&self) -> bool {
        self.md5.is_some() || self.sha256.is_some() || self.sha512.is_some()
    }

    /// Fetches the file; from the other address where it cannot be had at the first.
    pub(crate) fn fetch(&self) -> Result<Fetched, Error> {
        activity("download");
        let downloader = Downloader::open(&["*"])?;
        match (self.request(&self.url).fetch(&downloader), &self.alternate) {
            (Ok(file), _) => Ok(file),
            (Err(error), Some(alternate)) if error.reason() == DownloadReason::Unavailable => {
                info!("{error}; trying {alternate}");
                Ok(self.request(alternate).fetch(&downloader)?)
            }
            (Err(error), _) => Err(error.into()),
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

/// Where it goes: a directory of the part, or what `destination` says.
pub(crate) enum Target {
    Place(Place),
    /// A path of the person's, absolute, and the buildout directory.
    Destination {
        path: String,
        buildout: String,
    },
}

impl Target {
    pub(crate) fn of(init: &Init<'_>, source: &Source) -> Result<Self, Error> {
        let options = init.options();
        let destination = filled(options, "destination")?;
        if shared_parts::is_true(options, "shared")? {
            if destination.is_some() {
                return Err(Error::user("A part with shared = true has no destination of its own"));
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
            None => Ok(Self::Place(Place::of(init)?)),
        }
    }
}

/// Makes the directory above `path` if it is missing. Outside the buildout that is the person's to do.
pub(crate) fn make_parent(path: &str, buildout: &str) -> Result<(), Error> {
    let Some(parent) = Path::new(path).parent().filter(|parent| parent.starts_with(buildout)) else { return Ok(()) };
    if parent.exists() {
        return Ok(());
    }
    std::fs::create_dir_all(parent).context(format!("creating {}", parent.display()))
}

/// Adds the options that both entry points have, and what both need.
pub(crate) fn describe(description: Description) -> Description {
    description
        .option(OptionDescription::text("url", "The address: http, https, file, or a path.").required())
        .option(OptionDescription::text("alternate-url", "Another address, for when the first cannot be had."))
        .option(OptionDescription::text("sha256sum", "The SHA-256 digest of the file, in hexadecimal digits."))
        .option(OptionDescription::text("sha512sum", "The SHA-512 digest of the file, in hexadecimal digits."))
        .option(OptionDescription::text(
            "md5sum",
            "The MD5 digest of the file, in hexadecimal digits. It protects against damage, not against intent.",
        ))
        .option(
            OptionDescription::boolean(
                "shared",
                "Whether many buildouts share the part: it then lies in one of the directories of `[buildout] \
                 shared-part-list`. Needs a digest.",
            )
            .default("false"),
        )
        .option(OptionDescription::text(
            "offline",
            "Read for the sake of older profiles; `[buildout] offline` decides for the whole run.",
        ))
        .grant_fetch("*")
        .grant_run("chmod")
        .grant_write("${buildout:directory}")
        .grant_write("${:destination}")
        .grant_write("${buildout:shared-part-list}")
        .grant_timeout(std::time::Duration::from_secs(24 * 60 * 60))
}
