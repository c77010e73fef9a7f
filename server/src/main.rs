//! The program `portico`.

fn main() {
    let folder = std::env::args().nth(1).unwrap_or_default();
    for problem in portico::config::load(std::path::Path::new(&folder)).problems {
        println!("{problem}");
    }
}
