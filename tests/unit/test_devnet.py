"""Where a network of one's own is not set up, because another market would be lost."""

from pathlib import Path

import pytest

from assay.chain.deployments import Deployment, save_deployment
from assay.devnet import CHAIN_ID, check_checkout, check_home, run_devnet, start_detached
from assay.errors import InputError
from assay.settings import Settings, load_settings, write_config

CONTRACT = "0x" + 40 * "1"


def home(folder: Path, chain_id: int | None = None, **config: str) -> Settings:
    """The settings of a home folder with a deployment on this chain, and this config file."""
    if chain_id is not None:
        save_deployment(Deployment(chain_id, 0, *[CONTRACT] * 6, {}, {}), folder / "deployment.json")
    if config:
        write_config(folder, config)
    return load_settings({"home": str(folder)}, {})


@pytest.mark.parametrize("key", ["rpc_url", "store"])
def test_a_config_for_another_market_is_not_overwritten(tmp_path: Path, key: str) -> None:
    settings = home(tmp_path, **{key: "https://key@node.example/key"})
    with pytest.raises(InputError, match=rf"sets {key} to https://node\.example: choose another folder"):
        check_home(settings)


def test_a_deployment_on_another_chain_is_not_overwritten(tmp_path: Path) -> None:
    settings = home(tmp_path, chain_id=1)
    before = settings.deployment.read_bytes()
    for start in (
        lambda: run_devnet(settings, port=0, store_port=0, fund=[], told=print, ready=print),
        lambda: start_detached(settings, [], print),
    ):
        with pytest.raises(InputError, match="on chain 1: choose another folder"):
            start()
    assert settings.deployment.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["deployment.json"]


def test_a_checkout_that_brownie_cannot_import_from_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="works in a checkout"):
        check_checkout(tmp_path)
    for name in ("v1.2", "plain"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "brownie-config.yaml").touch()
    with pytest.raises(InputError, match=r"a dot in 'v1\.2', .* move the checkout"):
        check_checkout(tmp_path / "v1.2")
    check_checkout(tmp_path / "plain")


def test_what_an_earlier_network_left_is_taken_over(tmp_path: Path) -> None:
    check_home(home(tmp_path))
    own = {"rpc_url": "http://127.0.0.1:8545", "store": "http://127.0.0.1:8600", "wallet": "alice"}
    check_home(home(tmp_path, chain_id=CHAIN_ID, **own))
