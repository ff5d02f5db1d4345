"""What a user can set, gathered in one place and handed down.

Flags go before the environment, that before the config file, that before the defaults:

| flag             | environment         | config.toml     | default                      |
|------------------|---------------------|-----------------|------------------------------|
| `--home`         | ASSAY_HOME          |                 | `~/.assay`                   |
| `--rpc-url`      | ASSAY_RPC_URL       | `rpc_url`       | `http://127.0.0.1:8545`      |
| `--deployment`   | ASSAY_DEPLOYMENT    | `deployment`    | `HOME/deployment.json`       |
| `--store`        | ASSAY_STORE         | `store`         | `HOME/blobs`                 |
| `--wallet`       | ASSAY_WALLET        | `wallet`        | the only one, if there is one |
| `--password-file`| ASSAY_PASSWORD_FILE | `password_file` | asked for                    |
| `--reference`    | ASSAY_ENGINE=reference |              | the engine runs programs     |

The config file is `HOME/config.toml`. Relative paths in it start from its folder, others from the working directory.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assay.errors import InputError
from assay.machines.registry import Execution
from assay.native.cache import default_folder

DEFAULT_HOME = "~/.assay"
DEFAULT_RPC_URL = "http://127.0.0.1:8545"
CONFIG_KEYS = ("rpc_url", "deployment", "store", "wallet", "password_file")


@dataclass(frozen=True)
class Settings:
    """All settings, with every path absolute."""

    home: Path
    rpc_url: str
    deployment: Path
    store: str
    """URL or path (`assay.store.location`)."""
    wallet: str | None
    """Name or address."""
    password_file: Path | None
    execution: Execution
    """How programs are run here. Native code is kept where the user's caches are."""

    @property
    def wallets(self) -> Path:
        """The folder of the keystores."""
        return self.home / "wallets"

    @property
    def cache(self) -> Path:
        """The folder of blobs that came over a network."""
        return self.home / "cache"

    @property
    def programs(self) -> Path:
        """The folder of programs that were built to be run at once."""
        return self.home / "programs"


def load_settings(flags: Mapping[str, str | None], environ: Mapping[str, str]) -> Settings:
    """Gather the settings. `flags` are by their name without dashes (`rpc_url`), None or missing where not given.

    Raises `InputError` for a config file that cannot be used.
    """
    home = Path(flags.get("home") or environ.get("ASSAY_HOME") or DEFAULT_HOME).expanduser().absolute()
    config = read_config(home)

    def choose(key: str, default: str | None) -> tuple[str | None, Path]:
        """The value of a setting, and the folder that a relative path in it starts from."""
        given = flags.get(key) or environ.get(f"ASSAY_{key.upper()}")
        if given:
            return given, Path.cwd()
        return config.get(key, default), home

    def choose_path(key: str, default: str | None) -> Path | None:
        value, start = choose(key, default)
        return start / Path(value).expanduser() if value else None

    store, start = choose("store", "blobs")
    return Settings(
        home=home,
        rpc_url=choose("rpc_url", DEFAULT_RPC_URL)[0] or DEFAULT_RPC_URL,
        deployment=choose_path("deployment", None) or home / "deployment.json",
        store=store if store and "://" in store else str(start / Path(store or "blobs").expanduser()),
        wallet=choose("wallet", None)[0],
        password_file=choose_path("password_file", None),
        execution=Execution(reference=_engine(environ) == "reference", cache=default_folder(environ)),
    )


def _engine(environ: Mapping[str, str]) -> str:
    engine = environ.get("ASSAY_ENGINE") or "native"
    if engine not in ("native", "reference"):
        raise InputError(f"the engine {engine!r}, which ASSAY_ENGINE names, does not exist: it is native or reference")
    return engine


def read_config(home: Path) -> dict[str, str]:
    """What `HOME/config.toml` sets; nothing if there is none. Raises `InputError` if it cannot be used."""
    path = home / "config.toml"
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as fault:
        raise InputError(f"the config file {path} cannot be read: {fault}") from fault
    import tomllib  # noqa: PLC0415 - most have no such file

    try:
        found: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as fault:
        raise InputError(f"the config file {path} cannot be read: {fault}") from fault
    for key, value in found.items():
        if key not in CONFIG_KEYS:
            raise InputError(f"the config file {path} sets {key!r}, which is no setting: {', '.join(CONFIG_KEYS)} are")
        if not isinstance(value, str) or not value:
            raise InputError(f"the config file {path} sets {key} to {value!r}: write it as text in quotes")
    return found


def write_config(home: Path, values: Mapping[str, str]) -> None:
    """Write `HOME/config.toml` with these settings."""
    # A JSON string is a TOML string too, but for characters that no setting has any use for.
    lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}\n" for key, value in values.items()]
    home.mkdir(parents=True, exist_ok=True)
    (home / "config.toml").write_text("".join(lines), encoding="utf-8")
