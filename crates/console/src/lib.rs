//! The files of the console's page, as `build.rs` made them of `console/`: nothing is read from disk or fetched when they
//! are shown.

/// A file of the page.
#[derive(Debug, Clone, Copy)]
pub struct File {
    /// Below `/console/`, such as `assets/index-BcD3.js`.
    pub path: &'static str,
    /// Such as `text/css; charset=utf-8`.
    pub content_type: &'static str,
    /// Another one for other content, in quotes.
    pub etag: &'static str,
    /// What is in it, compressed by gzip.
    pub gzip: &'static [u8],
}

impl File {
    /// Whether its name changes with its content, so that nobody need ask for it twice.
    pub fn is_immutable(&self) -> bool {
        self.path.starts_with("assets/")
    }
}

include!(concat!(env!("OUT_DIR"), "/files.rs"));

/// The file at a path below `/console/`. What has no file is a place of the page: the page itself.
pub fn file(path: &str) -> Option<&'static File> {
    let find = |path: &str| FILES.iter().find(|file| file.path == path);
    find(path).or_else(|| if path.starts_with("assets/") { None } else { find("index.html") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_of_the_page_is_the_page_and_a_missing_file_is_missing() {
        let page = file("").expect("the page");
        assert_eq!((page.path, page.content_type), ("index.html", "text/html; charset=utf-8"));
        assert_eq!(file("logs/insights").expect("the page").etag, page.etag);
        assert!(!page.is_immutable());
        assert!(file("assets/none.js").is_none());
        let script = FILES.iter().find(|file| file.path.ends_with(".js")).expect("a script");
        assert!(script.is_immutable() && script.gzip.starts_with(&[0x1f, 0x8b]));
    }
}
