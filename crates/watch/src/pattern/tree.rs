//! What must hold: single conditions joined by and, or.

/// Conditions joined by and, or. All of none hold; any of none does not.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Tree<L> {
    Leaf(L),
    All(Vec<Tree<L>>),
    Any(Vec<Tree<L>>),
}

impl<L> Tree<L> {
    /// All of these; one of one is itself.
    pub(super) fn all(mut trees: Vec<Self>) -> Self {
        match (trees.len(), trees.pop()) {
            (1, Some(tree)) => tree,
            (_, last) => Self::All(trees.into_iter().chain(last).collect()),
        }
    }

    /// Any of these; one of one is itself.
    pub(super) fn any(mut trees: Vec<Self>) -> Self {
        match (trees.len(), trees.pop()) {
            (1, Some(tree)) => tree,
            (_, last) => Self::Any(trees.into_iter().chain(last).collect()),
        }
    }

    /// Whether it holds, when each leaf is asked in turn until that is known.
    pub(super) fn holds(&self, ask: &mut impl FnMut(&L) -> bool) -> bool {
        match self {
            Self::Leaf(leaf) => ask(leaf),
            Self::All(trees) => trees.iter().all(|tree| tree.holds(ask)),
            Self::Any(trees) => trees.iter().any(|tree| tree.holds(ask)),
        }
    }

    /// The same tree with other leaves.
    pub(super) fn map<M>(&self, change: &mut impl FnMut(&L) -> M) -> Tree<M> {
        match self {
            Self::Leaf(leaf) => Tree::Leaf(change(leaf)),
            Self::All(trees) => Tree::All(trees.iter().map(|tree| tree.map(change)).collect()),
            Self::Any(trees) => Tree::Any(trees.iter().map(|tree| tree.map(change)).collect()),
        }
    }

    /// Visits every leaf, left to right.
    pub(super) fn visit<'t>(&'t self, see: &mut impl FnMut(&'t L)) {
        match self {
            Self::Leaf(leaf) => see(leaf),
            Self::All(trees) | Self::Any(trees) => trees.iter().for_each(|tree| tree.visit(see)),
        }
    }
}
