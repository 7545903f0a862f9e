"""The published study, recomputed from its own numbers: tables and figures, an audit, other rankings.

Miranda, Vulić, Korhonen, "Polyglot Teachers" (arXiv 2604.11290). Its numbers are carried in `data/`, each
file with its source; nothing else of the paper is. `study.recompute` makes the whole, `page.render_page`
the page.
"""
