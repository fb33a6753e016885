//! Where symbolic links of a tree lead.
//!
//! A target is followed as the system would follow it, through other links of the tree: `a/..` is not `.` if `a` is a link.

use std::collections::VecDeque;

use super::{HostileTree, TreeDirectory, TreeNode};

/// How many links are followed for one, as on Linux.
const MOST_LINKS: usize = 40;
/// How many names are walked for one link.
const MOST_STEPS: usize = 1000;

/// Which symbolic links that lead out of a tree are accepted.
#[derive(Clone, Copy)]
pub enum LinkPolicy<'a> {
    /// None.
    Inside,
    /// Those whose target, as it is written in the link, is accepted by the function.
    Outside(&'a dyn Fn(&str) -> bool),
}

impl LinkPolicy<'_> {
    /// Checks each symbolic link of the tree.
    ///
    /// # Errors
    /// The first link that is not accepted.
    pub fn check(&self, tree: &TreeNode) -> Result<(), HostileTree> {
        match tree {
            TreeNode::Directory(root) => self.check_below(root, root, &mut Vec::new()),
            // The link is the whole tree, so its target is outside.
            TreeNode::Link { target } => self.check_escape("", target),
            TreeNode::File { .. } | TreeNode::Subtree(_) => Ok(()),
        }
    }

    fn check_below<'t>(
        &self,
        root: &'t TreeDirectory,
        directory: &'t TreeDirectory,
        path: &mut Vec<&'t str>,
    ) -> Result<(), HostileTree> {
        for (name, node) in &directory.entries {
            match node {
                TreeNode::Directory(inner) => {
                    path.push(name);
                    self.check_below(root, inner, path)?;
                    path.pop();
                }
                TreeNode::Link { target } if leaves(root, path, target) => {
                    let link = path.iter().copied().chain([name.as_str()]).collect::<Vec<_>>().join("/");
                    self.check_escape(&link, target)?;
                }
                TreeNode::Link { .. } | TreeNode::File { .. } | TreeNode::Subtree(_) => {}
            }
        }
        Ok(())
    }

    fn check_escape(&self, link: &str, target: &str) -> Result<(), HostileTree> {
        match self {
            Self::Outside(accepts) if accepts(target) => Ok(()),
            _ => Err(HostileTree::Escape { link: link.to_owned(), target: target.to_owned() }),
        }
    }
}

/// Whether a link in `directory` leads out of the tree, or to no place that can be named.
fn leaves(root: &TreeDirectory, directory: &[&str], target: &str) -> bool {
    let mut place: Vec<&str> = directory.to_vec();
    let mut rest: VecDeque<&str> = VecDeque::new();
    let mut links = 0;
    let mut next = Some(target);
    for _ in 0..MOST_STEPS {
        if let Some(target) = next.take() {
            links += 1;
            if target.starts_with('/') || links > MOST_LINKS {
                return true;
            }
            for component in target.split('/').rev() {
                rest.push_front(component);
            }
        }
        match rest.pop_front() {
            None => return false,
            Some("" | ".") => {}
            Some("..") => {
                if place.pop().is_none() {
                    return true;
                }
            }
            Some(name) => {
                if let Some(TreeNode::Link { target }) = find(root, &place).and_then(|inner| inner.entries.get(name)) {
                    next = Some(target);
                } else {
                    place.push(name);
                }
            }
        }
    }
    true
}

fn find<'t>(root: &'t TreeDirectory, place: &[&str]) -> Option<&'t TreeDirectory> {
    place.iter().try_fold(root, |directory, name| match directory.entries.get(*name) {
        Some(TreeNode::Directory(inner)) => Some(inner),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(links: &[(&str, &str)]) -> TreeNode {
        let mut root = TreeDirectory::default();
        for (path, target) in links {
            let mut names: Vec<&str> = path.split('/').collect();
            let last = names.pop().unwrap();
            let directory = names.into_iter().fold(&mut root, |directory, name| {
                let node = directory.entries.entry(name.to_owned());
                match node.or_insert_with(|| TreeNode::Directory(TreeDirectory::default())) {
                    TreeNode::Directory(inner) => inner,
                    other => panic!("{other:?}"),
                }
            });
            directory.entries.insert(last.to_owned(), TreeNode::Link { target: (*target).to_owned() });
        }
        TreeNode::Directory(root)
    }

    #[test]
    fn links_within_the_tree_are_accepted() {
        let inside =
            [("lib/a", "b"), ("lib/c", "../bin/x"), ("d", "lib/../lib/./a"), ("e", "none/../f"), ("g/h/i", "../..")];
        LinkPolicy::Inside.check(&tree(&inside)).unwrap();
    }

    #[test]
    fn links_that_leave_the_tree_are_accepted_only_if_the_caller_does() {
        let outside: [&[(&str, &str)]; 6] = [
            &[("a", "/etc/passwd")],
            &[("a", "..")],
            &[("a/b", "../../x")],
            // `up` is the root, so `up/..` is its parent.
            &[("a/up", ".."), ("b", "a/up/../x")],
            &[("a", "b"), ("b", "a")],
            &[("a/b", "/x"), ("c", "a/b/d")],
        ];
        for links in outside {
            let tree = tree(links);
            assert!(matches!(LinkPolicy::Inside.check(&tree), Err(HostileTree::Escape { .. })), "{links:?}");
            LinkPolicy::Outside(&|_| true).check(&tree).unwrap();
            assert!(LinkPolicy::Outside(&|target| target == "other").check(&tree).is_err());
        }
    }
}
