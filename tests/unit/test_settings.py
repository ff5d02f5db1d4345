"""Settings: which of several wins, and what cannot be one."""

from pathlib import Path

import pytest

from assay.errors import InputError
from assay.machines.registry import Execution
from assay.settings import CONFIG_KEYS, load_settings, read_config, write_config


def configure(home: Path, text: str) -> None:
    home.mkdir(exist_ok=True)
    (home / "config.toml").write_text(text)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("rpc_url = ", "cannot be read"),
        ('rcp_url = "x"', "'rcp_url', which is no setting"),
        ("rpc_url = 8545", "write it as text"),
        ('wallet = ""', "write it as text"),
        ("[rpc_url]", "write it as text"),
    ],
)
def test_a_config_file_that_cannot_be_meant_is_refused(tmp_path: Path, text: str, told: str) -> None:
    configure(tmp_path, text)
    with pytest.raises(InputError, match=told):
        load_settings({"home": str(tmp_path)}, {})


@pytest.mark.parametrize("key", CONFIG_KEYS)
def test_flags_go_before_the_environment_before_the_config_file_before_defaults(tmp_path: Path, key: str) -> None:
    flags, environ = {"home": str(tmp_path), key: "/flag"}, {f"ASSAY_{key.upper()}": "/environment"}
    default = getattr(load_settings({"home": str(tmp_path)}, {}), key)
    configure(tmp_path, f'{key} = "/config"')
    assert str(getattr(load_settings(flags, environ), key)) == "/flag"
    assert str(getattr(load_settings({**flags, key: None}, environ), key)) == "/environment"
    assert str(getattr(load_settings({**flags, key: None}, {}), key)) == "/config"
    assert str(default) not in ("/flag", "/environment", "/config")


def test_home_comes_from_the_flag_the_environment_or_the_users_folder(tmp_path: Path) -> None:
    assert load_settings({"home": str(tmp_path)}, {"ASSAY_HOME": "/elsewhere"}).home == tmp_path
    assert load_settings({}, {"ASSAY_HOME": str(tmp_path)}).home == tmp_path
    assert load_settings({}, {}).home == Path.home() / ".assay"


def test_relative_paths_start_where_they_were_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home, here = tmp_path / "home", tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    configure(home, 'deployment = "d.json"\nstore = "blobs"\npassword_file = "pw"')
    configured = load_settings({"home": str(home)}, {})
    assert (configured.deployment, configured.store, configured.password_file) == (
        *(home / "d.json", str(home / "blobs"), home / "pw"),
    )
    given = load_settings({"home": str(home), "deployment": "d.json"}, {"ASSAY_STORE": "blobs"})
    assert (given.deployment, given.store) == (here / "d.json", str(here / "blobs"))


@pytest.mark.parametrize("store", ["http://127.0.0.1:8600", "file:///srv/blobs"])
def test_a_stores_url_is_kept_as_it_is(tmp_path: Path, store: str) -> None:
    assert load_settings({"home": str(tmp_path), "store": store}, {}).store == store


def test_a_config_file_is_read_as_it_was_written(tmp_path: Path) -> None:
    values = {"rpc_url": "http://127.0.0.1:1", "wallet": 'a "quoted" \\ name', "store": "/ein Ordner/ä"}
    write_config(tmp_path, values)
    assert read_config(tmp_path) == values


def test_an_engine_that_there_is_none_of_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="'fast', which ASSAY_ENGINE names, does not exist"):
        load_settings({"home": str(tmp_path)}, {"ASSAY_ENGINE": "fast"})


def test_programs_are_run_by_the_engine_unless_the_environment_says_otherwise(tmp_path: Path) -> None:
    flags, caches = {"home": str(tmp_path)}, {"XDG_CACHE_HOME": str(tmp_path)}
    assert load_settings(flags, caches).execution == Execution(cache=tmp_path / "assay" / "native")
    assert load_settings(flags, caches | {"ASSAY_ENGINE": "reference"}).execution.reference
