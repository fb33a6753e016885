//! Built-in recipe `download`: downloads a file, or downloads and unpacks an archive, as `slapos.recipe.build:download` and
//! `slapos.recipe.build:download-unpacked` do.

mod file;
mod source;
mod unpacked;

pub use file::File;
pub use unpacked::Unpacked;

buildout_recipe::export! {
    package "download";
    "default" => File,
    "download" => File,
    "unpacked" => Unpacked,
    "download-unpacked" => Unpacked,
}

#[cfg(test)]
mod tests;
