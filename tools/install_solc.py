"""Install the pinned Solidity compiler where Brownie, py-solc-x and forge look for it.

The native compiler comes from py-solc-x's own download. Where that download cannot be reached, npm's
`solc` (the same release as WebAssembly, installed by `npm install`) is put in its place behind a small
executable that answers the two calls these tools make: `--version` and `--standard-json`.

The folder is the one that SOLCX_BINARY_PATH names (the Makefile sets it to `.solcx` in the checkout).
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import solcx

VERSION = "0.8.37"
CHECKOUT = Path(__file__).resolve().parent.parent
WRAPPER = """#!/usr/bin/env node
// Answers --version and --standard-json with npm's build of solc. Written by tools/install_solc.py.
const fs = require("fs");
const readImport = (path) => {{
  try {{
    return {{ contents: fs.readFileSync(path, "utf8") }};
  }} catch (error) {{
    return {{ error: error.message }};
  }}
}};
if (process.argv.includes("--standard-json")) {{
  const solc = require({package!r}); // loads for half a second: not needed to tell the version
  process.stdout.write(solc.compile(fs.readFileSync(0, "utf8"), {{ import: readImport }}));
}} else if (process.argv.includes("--version")) {{
  console.log("solc, the solidity compiler commandline interface\\nVersion: {version}");
}} else {{
  console.error("This solc answers --version and --standard-json only.");
  process.exit(1);
}}
"""


def install_from_npm(binary: Path) -> None:
    """Write the executable `binary` over npm's package. Raises SystemExit if npm has not been run."""
    package = CHECKOUT / "node_modules" / "solc"
    if not package.is_dir():
        sys.exit(f"{package} is missing: run `make setup`.")
    asked = ["node", "-p", f"require({json.dumps(str(package))}).version()"]
    version = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
    binary.parent.mkdir(parents=True, exist_ok=True)
    binary.write_text(WRAPPER.format(package=str(package), version=version))
    binary.chmod(0o755)


def works(binary: Path) -> bool:
    """Whether `binary` is there and says that it is the pinned version."""
    try:
        return VERSION in str(solcx.wrapper.solc_wrapper(binary, version=True)[0])
    except (OSError, solcx.exceptions.SolcError):
        return False


def main() -> None:
    """Download the compiler, or fall back to npm's; say which one it became."""
    folder = Path(os.environ.get("SOLCX_BINARY_PATH", Path.home() / ".solcx"))
    binary = folder / f"solc-v{VERSION}"
    if works(binary):
        return
    folder.mkdir(parents=True, exist_ok=True)
    try:
        solcx.install_solc(VERSION, show_progress=False, solcx_binary_path=folder)
        origin = "downloaded by py-solc-x"
    except Exception as refusal:  # noqa: BLE001 - whatever stopped the download, npm's build will do
        install_from_npm(binary)
        origin = f"npm's WebAssembly build, since the download did not work ({type(refusal).__name__})"
    if not works(binary):
        sys.exit(f"{binary} does not run: is Node.js installed?")
    print(f"solc {VERSION}: {origin}")


if __name__ == "__main__":
    main()
