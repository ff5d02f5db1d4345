"""Builds the documentation's site: `make docs`, or `python tools/site.py [--serve]`.

The pages are those of docs/ and the Markdown files at the top, with the links that they have in the repository: they
are put together in build/pages, since a site has one folder.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
TOP = ("SPEC.md", "CONTRIBUTING.md", "CHANGELOG.md")
SHOWN_WHOLE = ("ops",)
"""Folders whose files pages link to."""


def gather(pages: Path) -> None:
    """Put all pages into a folder, which is made anew."""
    shutil.rmtree(pages, ignore_errors=True)
    shutil.copytree(CHECKOUT / "docs", pages)
    for folder in SHOWN_WHOLE:
        shutil.copytree(CHECKOUT / folder, pages / folder)
    for page in pages.rglob("*.md"):
        text = page.read_text()
        text = text.replace("](../README.md", "](index.md").replace("](../../", "](../")
        if page.parent == pages:
            text = text.replace("](../", "](")
        page.write_text(text)
    for name in TOP:
        text = (CHECKOUT / name).read_text().replace("](docs/adr)", "](adr/0001-tools.md)")
        (pages / name).write_text(re.sub(r"\]\(docs/", "](", text))


def main() -> None:
    """Build it, or serve it while it is written."""
    command = "serve" if "--serve" in sys.argv[1:] else "build"
    gather(CHECKOUT / "build" / "pages")
    strict = ["--clean", "--strict"] if command == "build" else []
    done = subprocess.run(["zensical", command, *strict], cwd=CHECKOUT, check=False)
    sys.exit(done.returncode)


if __name__ == "__main__":
    main()
