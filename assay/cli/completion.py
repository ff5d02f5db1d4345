"""`assay completion`: what makes a shell complete commands, options and wallets."""

import click
from click.shell_completion import get_completion_class


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print what makes a shell complete `assay`: commands, options, files, and the names of wallets.

    \b
    Examples:
        eval "$(assay completion bash)"                                        in ~/.bashrc
        eval "$(assay completion zsh)"                                         in ~/.zshrc
        assay completion fish > ~/.config/fish/completions/assay.fish
    """
    made = get_completion_class(shell)
    assert made is not None
    click.echo(made(ctx.find_root().command, {}, "assay", "_ASSAY_COMPLETE").source())
