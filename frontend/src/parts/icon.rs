//! Icons: symbols of `assets/icons.svg`. Each page embeds the ones that it uses, once, at its end.

use leptos::prelude::*;

const SPRITE: &str = include_str!("../../assets/icons.svg");

/// A decorative icon, hidden from screen readers.
pub(crate) fn icon(name: &'static str) -> impl IntoView + use<> {
    let href = symbols()
        .iter()
        .find(|symbol| symbol.name == name)
        .map_or("#i-other", |symbol| symbol.href.as_str());
    view! { <svg class="icon" aria-hidden="true"><use href=href></use></svg> }
}

/// The icon of an offering: the one that it names, if there is one, else its category's.
pub(crate) fn glyph(wanted: &str, category: &'static str) -> &'static str {
    symbols()
        .iter()
        .find(|symbol| symbol.name == wanted)
        .map_or(category, |symbol| symbol.name)
}

/// The icon of an offering on a tinted tile, in the colour of well-known products.
pub(crate) fn glyph_tile(wanted: &str, category: &'static str, large: bool) -> impl IntoView + use<> {
    let name = glyph(wanted, category);
    let class = if large { "glyph large" } else { "glyph" };
    view! { <span class=class data-glyph=name>{icon(name)}</span> }
}

/// The sprite with the symbols that `html` refers to.
pub(crate) fn sprite_for(html: &str) -> String {
    const REFERENCE: &str = "href=\"#i-";
    let symbols = symbols();
    let mut used = vec![false; symbols.len()];
    let mut rest = html;
    while let Some(at) = rest.find(REFERENCE) {
        rest = &rest[at + REFERENCE.len()..];
        let name = &rest[..rest.find('"').unwrap_or(0)];
        if let Some(index) = symbols.iter().position(|symbol| symbol.name == name) {
            used[index] = true;
        }
    }
    let mut sprite = String::with_capacity(4096);
    sprite.push_str("<svg id=\"sprite\" class=\"sprite\" aria-hidden=\"true\">");
    for (symbol, used) in symbols.iter().zip(used) {
        if used {
            sprite.push_str(symbol.markup);
        }
    }
    sprite.push_str("</svg>");
    sprite
}

struct Symbol {
    name: &'static str,
    href: String,
    markup: &'static str,
}

fn symbols() -> &'static [Symbol] {
    static SYMBOLS: std::sync::LazyLock<Vec<Symbol>> = std::sync::LazyLock::new(|| {
        SPRITE
            .lines()
            .filter_map(|line| {
                let name = line.strip_prefix("<symbol id=\"i-")?.split('"').next()?;
                Some(Symbol {
                    name,
                    href: format!("#i-{name}"),
                    markup: line,
                })
            })
            .collect()
    });
    &SYMBOLS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_embeds_only_the_symbols_that_it_uses() {
        let sprite = sprite_for(r##"<use href="#i-home"></use><use href="#i-no-such"></use>"##);
        assert!(sprite.contains("id=\"i-home\""));
        assert!(!sprite.contains("id=\"i-catalog\""));
    }

    #[test]
    fn an_unknown_icon_falls_back_to_the_category() {
        assert_eq!(glyph("postgresql", "databases"), "postgresql");
        assert_eq!(glyph("\"><script>", "databases"), "databases");
    }
}
