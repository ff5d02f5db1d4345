"""A settings file is taken whole, or refused with the name of the setting that is wrong."""

from fractions import Fraction
from pathlib import Path

import pytest

from assay.errors import InputError
from provider_agent.cli import main
from provider_agent.settings import load_settings

GOOD = """
journal = "journal.db"
[chain]
rpc = "http://127.0.0.1:8545"
deployment = "deployment.json"
[wallet]
keystore = "wallets/bob.json"
[store]
location = "blobs"
"""


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "agent.toml"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[[[", "cannot be read"),
        (GOOD.replace('journal = "journal.db"', ""), "journal"),
        (GOOD.replace('rpc = "http://127.0.0.1:8545"', ""), "chain.rpc"),
        (GOOD + "[provider]\nminimum_prize = '1'\n", "no setting provider.minimum_prize: did you mean .*_price"),
        (GOOD + "[provider]\nminimum_price = 1\n", "provider.minimum_price.*in quotes"),
        (GOOD + "[provider]\nminimum_price = '1e3'\n", "provider.minimum_price"),
        (GOOD + "[provider]\nmaximum_rounds = 16\n", "provider.maximum_rounds"),
        (GOOD + "[loop]\npoll = 0\n", "loop.poll"),
        (GOOD.replace("[wallet]", "confirmations = -1\n[wallet]"), "chain.confirmations"),
        (GOOD + "[surprise]\n", "no setting surprise: .provider-agent settings. lists them"),
        (GOOD.replace('rpc = "http://127.0.0.1:8545"', "rpc = []"), "chain.rpc"),
        (GOOD.replace('keystore = "wallets/bob.json"', ""), "wallet.*keystore, environment and signer"),
        (GOOD.replace("[store]", 'environment = "KEY"\n[store]'), "wallet.*keystore and environment are both set"),
        (GOOD.replace('keystore = "wallets/bob.json"', 'signer = "http://s"'), "wallet.*account has to be set"),
        (GOOD.replace("[store]", 'account = "0x12"\n[store]'), "wallet.account.*no address"),
        (GOOD + "[fees]\ntoken_price = 0.5\n", "fees.token_price.*in quotes"),
        (GOOD + "[fees]\ntoken_price = '0'\n", "fees.token_price"),
        (GOOD + "[fees]\nlimit = 0\n", "fees.limit"),
        ("roles = ['cook']" + GOOD, "roles"),
    ],
)
def test_a_wrong_file_is_refused_by_the_settings_name(tmp_path: Path, text: str, named: str) -> None:
    with pytest.raises(InputError, match=named):
        load_settings(write(tmp_path, text))


def test_an_agent_without_a_role_says_which_there_are(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["run", "--config", str(write(tmp_path, GOOD))])

    assert "--roles provider,verifier, or `roles` in /" in capsys.readouterr().err
    assert not (tmp_path / "journal.db").exists()


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no settings file"):
        load_settings(tmp_path / "agent.toml")


def test_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    settings = load_settings(write(tmp_path, GOOD))

    assert settings.journal == str(tmp_path / "journal.db")
    assert settings.wallet.keystore == tmp_path / "wallets" / "bob.json"
    assert settings.store.location == str(tmp_path / "blobs")
    assert settings.cache == tmp_path / "journal.db-cache"


def test_a_url_of_a_store_stays_as_it_is(tmp_path: Path) -> None:
    settings = load_settings(write(tmp_path, GOOD.replace('"blobs"', '"http://127.0.0.1:1/x"')))

    assert settings.store.location == "http://127.0.0.1:1/x"


def test_a_journal_at_a_url_needs_a_folder_for_the_cache(tmp_path: Path) -> None:
    far = GOOD.replace('"journal.db"', '"postgresql://me:s3cret@host/db"')
    with pytest.raises(InputError, match=r"store\.cache has to be set") as raised:
        load_settings(write(tmp_path, far))
    assert "s3cret" not in str(raised.value)

    settings = load_settings(write(tmp_path, far + 'cache = "kept"'))
    assert settings.journal == "postgresql://me:s3cret@host/db"
    assert settings.cache == tmp_path / "kept"


def test_several_nodes_are_a_list_and_a_tokens_price_is_exact(tmp_path: Path) -> None:
    several = GOOD.replace('"http://127.0.0.1:8545"', '["ws://a", "https://b"]') + "[fees]\ntoken_price = '0.0005'\n"
    settings = load_settings(write(tmp_path, several))

    assert settings.chain.rpc == ("ws://a", "https://b")
    assert load_settings(write(tmp_path, GOOD)).chain.rpc == ("http://127.0.0.1:8545",)
    assert settings.fees.token_price == Fraction(1, 2000)


def test_amounts_are_tokens(tmp_path: Path) -> None:
    settings = load_settings(write(tmp_path, GOOD + "[provider]\nminimum_price = '2.5'\n"))

    assert settings.provider.minimum_price == 25 * 10**17
