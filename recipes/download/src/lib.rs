//! Built-in recipe `download`: downloads a file, or downloads and unpacks an archive, as `slapos.recipe.build:download` and
//! `slapos.recipe.build:download-unpacked` do.

mod file;
mod source;
mod unpacked;

pub use file::DownloadedFile;
pub use unpacked::UnpackedDownload;

buildout_recipe::export! {
    package "download";
    "default" => DownloadedFile,
    "download" => DownloadedFile,
    "unpacked" => UnpackedDownload,
    "download-unpacked" => UnpackedDownload,
}

#[cfg(test)]
mod tests;
