"""Sphinx settings. What is special about this site is in `nnfs.site`; this file only chooses."""

project = "Neural Nets from Scratch"
author = "the author"  # the name that stands under every post
copyright = "2026, the author. Text CC BY 4.0, code MIT"

extensions = ["nnfs.site", "sphinxcontrib.bibtex", "sphinx_reredirects"]
exclude_patterns = [
    "_build", ".*", "README.md", "ARCHITECTURE.md", "CONTRIBUTING.md",
    "notes", "tests", "nnfs", "runs", "benchmarks", "interactive", "**/node_modules",
]  # fmt: skip

# --- Markdown and cells
myst_enable_extensions = ["dollarmath", "colon_fence", "deflist", "smartquotes", "attrs_inline"]
myst_heading_anchors = 3
myst_update_mathjax = False  # maths is set by nnfs.site.maths
nb_execution_mode = "off"  # nnfs.site.execution runs the cells
nb_output_stderr = "error"  # a warning from a cell is a finding
nb_merge_streams = True
nb_ipywidgets_js: dict[str, dict[str, str]] = {}  # nothing is loaded from another host
nb_code_prompt_show = "Show the code"
nb_code_prompt_hide = "Hide the code"
numfig = True
numfig_secnum_depth = 0
numfig_format = {"figure": "Figure %s", "table": "Table %s", "code-block": "Listing %s"}

# --- sources
bibtex_bibfiles = ["references.bib"]
bibtex_default_style = "years"  # nnfs.site.citations
bibtex_reference_style = "author_year"
redirects = {  # the drafts' slugs
    "neural-nets-origin-story": "posts/01-origin-story.html",
    "neural-nets-simpler-than-you-think": "posts/02-simpler-than-you-think.html",
}

# --- HTML
html_theme = "sphinx_book_theme"
html_title = project
html_static_path = ["_static"]
html_favicon = "_static/favicon.svg"
html_copy_source = False
html_show_sourcelink = False
html_theme_options = {
    "show_toc_level": 2,
    "use_download_button": False,
    "use_fullscreen_button": False,
    "navigation_with_keys": False,
    "navbar_persistent": [],
}
html_context = {"default_mode": "auto"}
suppress_warnings: list[str] = []  # stays empty: every warning fails the build
