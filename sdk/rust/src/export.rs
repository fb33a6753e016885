//! Exports types that implement [`Recipe`] from a component.

use std::cell::RefCell;
use std::marker::PhantomData;

use crate::bindings::buildout::recipe::types::Failure;
use crate::bindings::buildout::recipe::{buildout, options};
use crate::bindings::exports::buildout::recipe::description::PackageDescription;
use crate::bindings::exports::buildout::recipe::parts as wit;
use crate::description::Description;
use crate::error::Error;
use crate::init::Init;
use crate::paths::Paths;
use crate::recipe::{Cacheable, Inputs, Recipe, Recorded, Uninstall, Update};

/// Exports the crate's entry points, each with its type, so that the crate becomes a component.
///
/// ```
/// # use buildout_recipe::{Description, Error, Init, Paths, Recipe};
/// # struct Mkdir;
/// # impl Recipe for Mkdir {
/// #     fn describe() -> Description { Description::new("") }
/// #     fn init(_: &Init<'_>) -> Result<Self, Error> { Ok(Self) }
/// #     fn install(&mut self) -> Result<Paths, Error> { Ok(Paths::none()) }
/// # }
/// # type Debug = Mkdir;
/// buildout_recipe::export! {
///     "mkdir" => Mkdir,
///     "debug" => Debug,
/// }
/// # fn main() {}
/// ```
///
/// The name and version of the package are those of the crate. `package "other-name";` before the entry points sets another
/// name. Use exactly one `export!` per component.
#[macro_export]
macro_rules! export {
    (package $package:expr; $($name:literal => $recipe:ty),+ $(,)?) => {
        #[cfg(target_arch = "wasm32")]
        #[allow(unsafe_code, missing_docs, unreachable_pub)]
        const _: () = {
            use $crate::__private::{Plain as _, WithInputs as _, WithUninstall as _, WithUpdate as _};
            use $crate::bindings::exports::buildout::recipe as exports;

            struct Component;

            fn entry_points() -> ::std::vec::Vec<$crate::__private::EntryPoint> {
                ::std::vec![$({
                    let probe = &&$crate::__private::Probe::<$recipe>::NEW;
                    $crate::__private::EntryPoint {
                        name: $name,
                        describe: <$recipe as $crate::Recipe>::describe,
                        init: $crate::__private::Part::of::<$recipe>,
                        update: probe.update(),
                        uninstall: probe.uninstall(),
                        inputs: probe.inputs(),
                    }
                }),+]
            }

            impl exports::description::Guest for Component {
                fn describe() -> exports::description::PackageDescription {
                    $crate::__private::describe($package, ::std::env!("CARGO_PKG_VERSION"), entry_points())
                }
            }

            impl exports::parts::Guest for Component {
                type Part = $crate::__private::Part;

                fn init(
                    entry_point: ::std::string::String,
                    options: $crate::bindings::buildout::recipe::options::Options,
                    buildout: &$crate::bindings::buildout::recipe::buildout::Buildout,
                ) -> ::std::result::Result<exports::parts::Part, exports::parts::Failure> {
                    $crate::__private::init(entry_points(), &entry_point, options, buildout)
                }

                fn uninstall(
                    entry_point: ::std::string::String,
                    part: ::std::string::String,
                    recorded: ::std::vec::Vec<exports::parts::RecordedOption>,
                ) -> ::std::result::Result<(), exports::parts::Failure> {
                    $crate::__private::uninstall(entry_points(), &entry_point, &part, recorded)
                }
            }

            $crate::bindings::export!(Component with_types_in $crate::bindings);
        };
    };
    ($($name:literal => $recipe:ty),+ $(,)?) => {
        $crate::export! { package ::std::env!("CARGO_PKG_NAME"); $($name => $recipe),+ }
    };
}

type UpdateFn = fn(&mut dyn std::any::Any) -> Result<Option<Paths>, Error>;
type UninstallFn = fn(&str, &Recorded) -> Result<(), Error>;
type InputsFn = fn(&mut dyn std::any::Any) -> Result<Inputs, Error>;

/// An entry point of the component, created by [`export!`](crate::export).
pub struct EntryPoint {
    /// Its name.
    pub name: &'static str,
    /// [`Recipe::describe`].
    pub describe: fn() -> Description,
    /// [`Part::of`] with its recipe.
    pub init: fn(&Init<'_>) -> Result<Part, Error>,
    /// [`Update::update`], if there is one.
    pub update: Option<UpdateFn>,
    /// [`Uninstall::uninstall`], if there is one.
    pub uninstall: Option<UninstallFn>,
    /// [`Cacheable::inputs`], if there is one.
    pub inputs: Option<InputsFn>,
}

/// A part of any of the entry points.
pub struct Part {
    recipe: RefCell<Box<dyn std::any::Any>>,
    install: fn(&mut dyn std::any::Any) -> Result<Paths, Error>,
    update: Option<UpdateFn>,
    inputs: Option<InputsFn>,
}

impl Part {
    /// Initializes a part of type `R`.
    pub fn of<R: Recipe>(init: &Init<'_>) -> Result<Self, Error> {
        let recipe = R::init(init)?;
        Ok(Self { recipe: RefCell::new(Box::new(recipe)), install: install::<R>, update: None, inputs: None })
    }
}

fn downcast<R: Recipe>(part: &mut dyn std::any::Any) -> Result<&mut R, Error> {
    part.downcast_mut().ok_or_else(|| Error::fault("the part belongs to another entry point"))
}

fn install<R: Recipe>(part: &mut dyn std::any::Any) -> Result<Paths, Error> {
    downcast::<R>(part)?.install()
}

impl wit::GuestPart for Part {
    fn install(&self) -> Result<Vec<String>, Failure> {
        let mut recipe = self.recipe.borrow_mut();
        Ok((self.install)(recipe.as_mut())?.into_vec())
    }

    fn inputs(&self) -> Result<wit::Inputs, Failure> {
        let Some(inputs) = self.inputs else {
            return Err(Failure::Fault("the entry point is not cacheable".to_owned()));
        };
        let mut recipe = self.recipe.borrow_mut();
        Ok(inputs(recipe.as_mut())?.0)
    }

    fn update(&self) -> Result<Option<Vec<String>>, Failure> {
        let Some(update) = self.update else {
            return Err(Failure::Fault("the entry point has no update".to_owned()));
        };
        let mut recipe = self.recipe.borrow_mut();
        Ok(update(recipe.as_mut())?.map(Paths::into_vec))
    }
}

/// Detects whether a type implements [`Update`], [`Uninstall`] and [`Cacheable`].
///
/// `export!` calls the methods on `&&Probe`. Method resolution finds the implementations of `WithUpdate`, `WithUninstall` and
/// `WithInputs` for `&Probe` before that of `Plain` for `Probe`. This works only for concrete types.
pub struct Probe<R>(PhantomData<R>);

impl<R> Probe<R> {
    /// The probe of `R`.
    pub const NEW: Self = Self(PhantomData);
}

/// Implemented for recipes with [`Update`].
pub trait WithUpdate {
    /// The function of the recipe.
    fn update(&self) -> Option<UpdateFn>;
}

impl<R: Update> WithUpdate for &Probe<R> {
    fn update(&self) -> Option<UpdateFn> {
        Some(|part| downcast::<R>(part)?.update())
    }
}

/// Implemented for recipes with [`Uninstall`].
pub trait WithUninstall {
    /// The function of the recipe.
    fn uninstall(&self) -> Option<UninstallFn>;
}

impl<R: Uninstall> WithUninstall for &Probe<R> {
    fn uninstall(&self) -> Option<UninstallFn> {
        Some(R::uninstall)
    }
}

/// Implemented for recipes with [`Cacheable`].
pub trait WithInputs {
    /// The function of the recipe.
    fn inputs(&self) -> Option<InputsFn>;
}

impl<R: Cacheable> WithInputs for &Probe<R> {
    fn inputs(&self) -> Option<InputsFn> {
        Some(|part| downcast::<R>(part)?.inputs())
    }
}

/// Implemented for all recipes, as the fallback.
pub trait Plain {
    /// None.
    fn update(&self) -> Option<UpdateFn> {
        None
    }

    /// None.
    fn uninstall(&self) -> Option<UninstallFn> {
        None
    }

    /// None.
    fn inputs(&self) -> Option<InputsFn> {
        None
    }
}

impl<R> Plain for Probe<R> {}

/// `describe` of the component.
pub fn describe(name: &str, version: &str, entry_points: Vec<EntryPoint>) -> PackageDescription {
    PackageDescription {
        name: name.to_owned(),
        version: version.to_owned(),
        entry_points: entry_points
            .into_iter()
            .map(|entry| {
                let EntryPoint { name, describe, update, uninstall, inputs, .. } = entry;
                describe().into_wit(name, update.is_some(), uninstall.is_some(), inputs.is_some())
            })
            .collect(),
    }
}

/// `init` of the component.
pub fn init(
    entry_points: Vec<EntryPoint>,
    name: &str,
    options: options::Options,
    buildout: &buildout::Buildout,
) -> Result<wit::Part, Failure> {
    let entry = find(entry_points, name)?;
    let part = (entry.init)(&Init::of_host(options, buildout))?;
    Ok(wit::Part::new(Part { update: entry.update, inputs: entry.inputs, ..part }))
}

/// `uninstall` of the component.
pub fn uninstall(
    entry_points: Vec<EntryPoint>,
    name: &str,
    part: &str,
    recorded: Vec<wit::RecordedOption>,
) -> Result<(), Failure> {
    let recorded = recorded.into_iter().map(|option| (option.name, option.value)).collect();
    match find(entry_points, name)?.uninstall {
        Some(uninstall) => Ok(uninstall(part, &recorded)?),
        None => Ok(()),
    }
}

fn find(entry_points: Vec<EntryPoint>, name: &str) -> Result<EntryPoint, Failure> {
    entry_points
        .into_iter()
        .find(|entry| entry.name == name)
        .ok_or_else(|| Failure::Fault(format!("the package has no entry point {name:?}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Simple;

    impl Recipe for Simple {
        fn describe() -> Description {
            Description::new("")
        }

        fn init(_: &Init<'_>) -> Result<Self, Error> {
            Ok(Self)
        }

        fn install(&mut self) -> Result<Paths, Error> {
            Ok(Paths::none())
        }
    }

    struct Updating;

    impl Recipe for Updating {
        fn describe() -> Description {
            Description::new("")
        }

        fn init(_: &Init<'_>) -> Result<Self, Error> {
            Ok(Self)
        }

        fn install(&mut self) -> Result<Paths, Error> {
            Ok(Paths::none())
        }
    }

    impl Update for Updating {
        fn update(&mut self) -> Result<Option<Paths>, Error> {
            Ok(Some("updated".into()))
        }
    }

    #[test]
    fn detects_implementations_of_update() {
        let (simple, updating) = (&&Probe::<Simple>::NEW, &&Probe::<Updating>::NEW);
        assert!(simple.update().is_none());
        let update = updating.update().expect("has an update");
        assert_eq!(update(&mut Updating).unwrap(), Some("updated".into()));
        assert!(simple.uninstall().is_none() && updating.uninstall().is_none());
        assert!(simple.inputs().is_none());
    }
}
