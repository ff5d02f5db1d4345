"""The command `provider-agent`: parse, call, print."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from assay.errors import AssayError, InputError

# The rest is imported where it is used: every worker process imports this file first, and needs none of it.
# ruff: noqa: PLC0415


class _Roles(click.ParamType):  # type: ignore[type-arg]  # generic in the newest releases only
    """`provider`, `verifier`, or both, separated by a comma."""

    name = "roles"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> list[str]:
        roles = list(dict.fromkeys(value.split(",")))
        if unknown := [role for role in roles if role not in ("provider", "verifier")]:
            self.fail(f"{unknown[0]!r} is no role: use provider, verifier, or provider,verifier", param, ctx)
        return roles


_config = click.option(
    "--config", type=click.Path(path_type=Path), required=True, help="The settings file (docs/agent.md)."
)
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """The daemon that earns with an idle machine."""


@cli.command()
@_config
@click.option(
    "--roles", type=_Roles(), help="provider, verifier, or provider,verifier; by default what the settings say."
)
@click.option("--log-format", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--verbose", is_flag=True, help="Log more.")
@click.option("--dry-run", is_flag=True, help="Say what would be sent, and send nothing: no key is needed.")
def run(config: Path, roles: list[str] | None, log_format: str, verbose: bool, dry_run: bool) -> None:
    """Take jobs, run and claim them; recompute the claims of others. Until SIGTERM or Ctrl-C."""
    from provider_agent.agent import run_agent
    from provider_agent.logs import configure
    from provider_agent.settings import load_settings
    from provider_agent.stop import Stop

    settings = load_settings(config)
    chosen = roles or settings.roles
    if not chosen:
        raise InputError(
            "say what the agent is to do: --roles provider, --roles verifier or --roles provider,verifier, or `roles` "
            f"in {config}"
        )
    configure(log_format, "DEBUG" if verbose else "INFO")
    stop = Stop()
    stop.on_signals()
    run_agent(settings, chosen, stop, dry=dry_run)


@cli.command()
@_config
@click.option("--count", default=20, show_default=True, help="How many jobs to show.")
@_json
def status(config: Path, count: int, as_json: bool) -> None:
    """Show what the agent earns, spends, risks and does: read from its journal, whether it runs or not."""
    from provider_agent.settings import load_settings
    from provider_agent.status import read_status, render_status

    found = read_status(load_settings(config), count)
    click.echo(json.dumps(found, indent=2) if as_json else render_status(found))


@cli.command()
@_config
def drain(config: Path) -> None:
    """Have the running agent take nothing new, and end when nothing is at risk any more."""
    from provider_agent.agent import drain_agent
    from provider_agent.settings import load_settings

    process = drain_agent(load_settings(config))
    click.echo(f"process {process} takes nothing new, and ends when no bond is at risk any more; its log says so")


@cli.command()
@_config
@_json
def check(config: Path, as_json: bool) -> None:
    """Check what the agent needs, and say what to do about what is missing."""
    from provider_agent.check import Level, check_all
    from provider_agent.settings import load_settings

    findings = list(check_all(load_settings(config)))
    if as_json:
        click.echo(json.dumps([finding.__dict__ for finding in findings], indent=2))
    else:
        for finding in findings:
            click.echo(f"{finding.level:4}  {finding.what}: {finding.detail}")
    if any(finding.level is Level.FAIL for finding in findings):
        sys.exit(1)


@cli.command()
@click.argument("job")
@_config
@click.option("--role", type=click.Choice(["provider", "verifier"]), default="provider", show_default=True)
@_json
def explain(job: str, config: Path, role: str, as_json: bool) -> None:
    """Say why a provider would take JOB, or a verifier recompute its claim, or not: then the exit status is 1."""
    from provider_agent.explain import explain as explain_job
    from provider_agent.settings import load_settings

    job_id, considerations = explain_job(load_settings(config), job, role)
    takes = all(each.speaks_for for each in considerations)
    if as_json:
        found = {"job": str(job_id), "takes": takes, "considerations": [each.__dict__ for each in considerations]}
        click.echo(json.dumps(found, indent=2))
    else:
        for each in considerations:
            click.echo(f"{'+' if each.speaks_for else '-'}  {each.what}: {each.detail}")
        what = f"job {job_id}" if role == "provider" else f"the claim of job {job_id}"
        click.echo(f"{what} would {'' if takes else 'not '}be {'taken' if role == 'provider' else 'recomputed'}")
    if not takes:
        sys.exit(1)


@cli.command()
def settings() -> None:
    """List every setting, with its default."""
    from provider_agent.settings import describe_settings

    for setting in describe_settings():
        click.echo(f"{setting.name:36} {setting.default or '-':24} {setting.description}")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command; an error is one line, and exit status 1."""
    try:
        cli.main(args=arguments, prog_name="provider-agent", standalone_mode=False)
    except click.exceptions.Exit as done:
        sys.exit(done.exit_code)
    except click.Abort:
        sys.exit(130)
    except click.ClickException as misuse:
        misuse.show()
        sys.exit(misuse.exit_code)
    except AssayError as fault:
        click.echo(f"Error: {fault}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
